import { describe, expect, it } from '@jest/globals'
import type { ItsYouOnlineCredentials } from '../src/providers/itsyouonline/index.ts'
import { stageItsYouOnline } from './support/itsyouonline.ts'

const stage = stageItsYouOnline({
  organizations: [{ globalid: 'petshop.admins' }, { globalid: 'testorg', owners: ['ann'] }],
})
const rsa = 'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQDJ ann@example'
const callbackURL = 'https://shop.example/callback'

describe('the calls of the JumpScale client', () => {
  const jwtOf = async (given: ItsYouOnlineCredentials = stage.provider.user) => stage.clientOf(given).getJwt()
  const userOf = (given: ItsYouOnlineCredentials = stage.provider.user) => stage.clientOf(given).user()
  const labels = async () => (await (await userOf()).publicKeys.list()).map(({ label }) => label)
  const organization = () => stage.clientOf(stage.provider.organization).organization()

  // In the order of the document, which uses what was made before.
  const rows: readonly (readonly [theirs: string, ours: () => Promise<unknown>, answer: unknown])[] = [
    [
      'jwt_get(refreshable=True, use_cache=True)',
      () => stage.client.getJwt({ refreshable: true, useCache: true }),
      expect.any(String),
    ],
    [
      'raml_spec',
      async () => stage.client.ramlSpecUrl,
      expect.stringMatching(/\/apidocumentation\/raml\/itsyouonline\.raml$/),
    ],
    ['get_user(application_id, secret)', async () => (await userOf()).username, 'ann'],
    ['get_jwt(client_id, secret)', () => jwtOf(), expect.any(String)],
    ['get_user_with_jwt(jwt)', async () => (await userOf({ jwt: await jwtOf() })).username, 'ann'],
    ['iyo_user.public_keys.list()', labels, []],
    [
      'iyo_user.public_keys.add("test_label", key)',
      async () => (await (await userOf()).publicKeys.add('test_label', rsa)).model,
      { label: 'test_label', publickey: rsa },
    ],
    [
      'iyo_user.public_keys.delete("test_label")',
      async () => (await userOf()).publicKeys.delete('test_label'),
      undefined,
    ],
    [
      'iyo_user.public_keys.add("test_label2", key)',
      async () => (await (await userOf()).publicKeys.add('test_label2', rsa)).label,
      'test_label2',
    ],
    [
      'key = iyo_user.public_keys.get("test_label2"); key.model',
      async () => (await (await userOf()).publicKeys.get('test_label2')).model,
      { label: 'test_label2', publickey: rsa },
    ],
    [
      'iyo_user.public_keys.add("test_label3", key)',
      async () => {
        const { publicKeys } = await userOf()
        return (await publicKeys.add('test_label3', await publicKeys.get('test_label2'))).publickey
      },
      rsa,
    ],
    ['key.delete()', async () => (await (await userOf()).publicKeys.get('test_label2')).delete(), undefined],
    [
      'key.update("test_label4")',
      async () => (await (await (await userOf()).publicKeys.get('test_label3')).update('test_label4')).label,
      'test_label4',
    ],
    ['iyo_user.public_keys.list() after that', labels, ['test_label4']],
    [
      'iyo_user.organizations.list()',
      async () => (await userOf()).organizations.list(),
      { member: [], owner: ['petshop', 'testorg'] },
    ],
    [
      'org = iyo_user.organizations.get("testorg"); org.model',
      async () => (await (await userOf()).organizations.get('testorg')).model,
      expect.objectContaining({ globalid: 'testorg' }),
    ],
    ['get_organization(global_id, secret)', async () => (await organization()).globalid, 'petshop'],
    [
      'get_organization_with_jwt(jwt)',
      async () => (await stage.clientOf({ jwt: await jwtOf(stage.provider.organization) }).organization()).globalid,
      'petshop',
    ],
    ['org.api_keys.list()', async () => (await organization()).apiKeys.list(), ['main']],
    [
      'key = org.api_keys.get("testing3"); key.model',
      async () => (await organization()).apiKeys.get('main'),
      expect.objectContaining({ label: 'main' }),
    ],
    ['get_client(client_id, secret)', async () => typeof stage.client.api.GetUser, 'function'],
    [
      'get_client_with_jwt(jwt)',
      async () => (await stage.clientOf({ jwt: await jwtOf() }).api.GetUser({ username: 'ann' })).username,
      'ann',
    ],
    [
      "users.GetUserPhonenumberByLabel('Home', 'John')",
      () => stage.client.api.GetUserPhonenumberByLabel({ label: 'main', username: 'ann' }),
      { label: 'main', phonenumber: '+3212345678' },
    ],
    [
      'organizations.GetOrganization("testorg")',
      async () => (await stage.client.api.GetOrganization({ globalid: 'testorg' })).globalid,
      'testorg',
    ],
    [
      "session.headers['Authorization'] = 'token …'",
      async () => {
        const { accessToken } = await stage.client.getAccessToken()
        return (await stage.clientOf({ accessToken }).api.GetUser({ username: 'ann' })).username
      },
      'ann',
    ],
    [
      "session.headers['Authorization'] = 'bearer …'",
      async () => (await stage.clientOf({ jwt: await jwtOf() }).api.GetUser({ username: 'ann' })).username,
      'ann',
    ],
  ]

  it.each(rows.map(([theirs, ours, answer]) => ({ theirs, ours, answer })))('$theirs', async ({ ours, answer }) => {
    expect(await ours()).toEqual(answer)
  })

  it('are 26', () => expect(rows).toHaveLength(26))
})

describe('the objects', () => {
  it('change a label by the old one, and tell of a key that is not there', async () => {
    const { apiKeys, publicKeys } = await stage.client.user()
    const { apikey } = await apiKeys.add('one')
    await apiKeys.update('one', 'two')
    expect(await apiKeys.get('two')).toMatchObject({ label: 'two', apikey })
    await expect(apiKeys.get('one')).rejects.toMatchObject({ code: 'ERR_UPSTREAM_NOT_FOUND' })
    await expect(apiKeys.update('one', 'three')).rejects.toMatchObject({ code: 'ERR_UPSTREAM_INVALID' })
    await apiKeys.delete('two')
    expect((await apiKeys.list()).map(({ label }) => label)).toEqual(['main'])
    await publicKeys.add('old', rsa)
    await publicKeys.update('old', { publickey: `${rsa}2` })
    expect(await publicKeys.get('old')).toMatchObject({ publickey: `${rsa}2` })
    await expect(publicKeys.add('old', rsa)).rejects.toMatchObject({ code: 'ERR_UPSTREAM_CONFLICT' })
    await expect(publicKeys.get('none')).rejects.toMatchObject({ code: 'ERR_UPSTREAM_NOT_FOUND' })
  })

  it('change one thing of an organization key and keep the others', async () => {
    const { apiKeys } = await stage.client.organization('testorg')
    const { secret } = await apiKeys.add({ label: 'web', callbackURL, clientCredentialsGrantType: true })
    await apiKeys.update('web', { label: 'site' })
    const expected = { label: 'site', callbackURL, clientCredentialsGrantType: true, secret }
    expect(await apiKeys.get('site')).toEqual(expected)
    await apiKeys.delete('site')
    expect(await apiKeys.list()).toEqual([])
  })

  it('found, show and end organizations', async () => {
    const { organizations, get } = await stage.client.user()
    expect((await organizations.create('newshop')).model.owners).toEqual(['ann'])
    const child = await organizations.create('newshop.sub')
    await child.delete()
    await organizations.delete('newshop')
    await expect(organizations.get('newshop')).rejects.toMatchObject({ code: 'ERR_UPSTREAM_FORBIDDEN' })
    expect((await get()).username).toBe('ann')
  })

  it('are not mixed up between users and organizations', async () => {
    await expect(stage.clientOf(stage.provider.organization).user()).rejects.toMatchObject({
      code: 'ERR_OPTIONS_INVALID',
    })
    await expect(stage.client.organization()).rejects.toMatchObject({ code: 'ERR_OPTIONS_INVALID' })
    const { accessToken } = await stage.client.getAccessToken()
    expect((await stage.clientOf({ accessToken }).user()).username).toBe('ann')
  })
})
