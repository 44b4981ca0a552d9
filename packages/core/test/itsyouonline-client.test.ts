import { describe, expect, it } from '@jest/globals'
import type { ItsYouOnlineCredentials } from '../src/providers/itsyouonline/index.ts'
import { documented } from './support/documented.ts'
import { stageItsYouOnline } from './support/itsyouonline.ts'

const stage = stageItsYouOnline({
  organizations: [{ globalid: 'petshop.admins' }, { globalid: 'testorg', owners: ['ann'] }],
})
const rsa = 'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQDJ ann@example'
const callbackURL = 'https://shop.example/callback'

describe('operations of the JumpScale client of ItsYou.online', () => {
  const jwtOf = async (given: ItsYouOnlineCredentials = stage.provider.user) => stage.clientOf(given).getJwt()
  const userOf = (given: ItsYouOnlineCredentials = stage.provider.user) => stage.clientOf(given).user()
  const labels = async () => (await (await userOf()).publicKeys.list()).map(({ label }) => label)
  const organization = () => stage.clientOf(stage.provider.organization).organization()

  // In the order of the document, which uses what was made before.
  const rows: readonly (readonly [theirs: string, ours: string, call: () => Promise<unknown>, answer: unknown])[] = [
    [
      'jwt_get(refreshable=True, use_cache=True)',
      'getJwt',
      () => stage.client.getJwt({ refreshable: true, useCache: true }),
      expect.any(String),
    ],
    [
      'raml_spec',
      'ramlSpecUrl',
      async () => stage.client.ramlSpecUrl,
      expect.stringMatching(/\/apidocumentation\/raml\/itsyouonline\.raml$/),
    ],
    ['get_user(application_id, secret)', 'user', async () => (await userOf()).username, 'ann'],
    ['get_jwt(client_id, secret)', 'getJwt', () => jwtOf(), expect.any(String)],
    ['get_user_with_jwt(jwt)', 'user', async () => (await userOf({ jwt: await jwtOf() })).username, 'ann'],
    ['iyo_user.public_keys.list()', 'user.publicKeys.list', labels, []],
    [
      'iyo_user.public_keys.add("test_label", key)',
      'user.publicKeys.add',
      async () => (await (await userOf()).publicKeys.add('test_label', rsa)).model,
      { label: 'test_label', publickey: rsa },
    ],
    [
      'iyo_user.public_keys.delete("test_label")',
      'user.publicKeys.delete',
      async () => (await userOf()).publicKeys.delete('test_label'),
      undefined,
    ],
    [
      'iyo_user.public_keys.add("test_label2", key)',
      'user.publicKeys.add',
      async () => (await (await userOf()).publicKeys.add('test_label2', rsa)).label,
      'test_label2',
    ],
    [
      'key = iyo_user.public_keys.get("test_label2"); key.model',
      'user.publicKeys.get',
      async () => (await (await userOf()).publicKeys.get('test_label2')).model,
      { label: 'test_label2', publickey: rsa },
    ],
    [
      'iyo_user.public_keys.add("test_label3", key)',
      'user.publicKeys.add',
      async () => {
        const { publicKeys } = await userOf()
        return (await publicKeys.add('test_label3', await publicKeys.get('test_label2'))).publickey
      },
      rsa,
    ],
    [
      'key.delete()',
      'publicKey.delete',
      async () => (await (await userOf()).publicKeys.get('test_label2')).delete(),
      undefined,
    ],
    [
      'key.update("test_label4")',
      'publicKey.update',
      async () => (await (await (await userOf()).publicKeys.get('test_label3')).update('test_label4')).label,
      'test_label4',
    ],
    ['iyo_user.public_keys.list() after that', 'user.publicKeys.list', labels, ['test_label4']],
    [
      'iyo_user.organizations.list()',
      'user.organizations.list',
      async () => (await userOf()).organizations.list(),
      { member: [], owner: ['petshop', 'testorg'] },
    ],
    [
      'org = iyo_user.organizations.get("testorg"); org.model',
      'user.organizations.get',
      async () => (await (await userOf()).organizations.get('testorg')).model,
      expect.objectContaining({ globalid: 'testorg' }),
    ],
    ['get_organization(global_id, secret)', 'organization', async () => (await organization()).globalid, 'petshop'],
    [
      'get_organization_with_jwt(jwt)',
      'organization',
      async () => (await stage.clientOf({ jwt: await jwtOf(stage.provider.organization) }).organization()).globalid,
      'petshop',
    ],
    ['org.api_keys.list()', 'organization.apiKeys.list', async () => (await organization()).apiKeys.list(), ['main']],
    [
      'key = org.api_keys.get("testing3"); key.model',
      'organization.apiKeys.get',
      async () => (await organization()).apiKeys.get('main'),
      expect.objectContaining({ label: 'main' }),
    ],
    ['get_client(client_id, secret)', 'api', async () => typeof stage.client.api.GetUser, 'function'],
    [
      'get_client_with_jwt(jwt)',
      'api',
      async () => (await stage.clientOf({ jwt: await jwtOf() }).api.GetUser({ username: 'ann' })).username,
      'ann',
    ],
    [
      "users.GetUserPhonenumberByLabel('Home', 'John')",
      'api.GetUserPhonenumberByLabel',
      () => stage.client.api.GetUserPhonenumberByLabel({ label: 'main', username: 'ann' }),
      { label: 'main', phonenumber: '+3212345678' },
    ],
    [
      'organizations.GetOrganization("testorg")',
      'api.GetOrganization',
      async () => (await stage.client.api.GetOrganization({ globalid: 'testorg' })).globalid,
      'testorg',
    ],
    [
      "session.headers['Authorization'] = 'token …'",
      '{ accessToken }',
      async () => {
        const { accessToken } = await stage.client.getAccessToken()
        return (await stage.clientOf({ accessToken }).api.GetUser({ username: 'ann' })).username
      },
      'ann',
    ],
    [
      "session.headers['Authorization'] = 'bearer …'",
      '{ jwt }',
      async () => (await stage.clientOf({ jwt: await jwtOf() }).api.GetUser({ username: 'ann' })).username,
      'ann',
    ],
  ]

  it.each(rows)('%s is %s', async (_theirs, _ours, call, answer) => {
    expect(await call()).toEqual(answer)
  })

  it('are 26', () => {
    expect(rows.map(([theirs]) => theirs)).toEqual(documented['the JumpScale client of ItsYou.online'])
    expect(rows).toHaveLength(26)
  })
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
