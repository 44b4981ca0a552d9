import { describe, expect, it } from '@jest/globals'
import { stageItsYouOnline } from './support/itsyouonline.ts'

const stage = stageItsYouOnline()

describe('the API', () => {
  it('is called with another JWT when the one that is held is refused, once', async () => {
    await stage.client.api.GetUser({ username: 'ann' })
    await stage.provider.rotate()
    await expect(stage.client.api.GetUser({ username: 'ann' })).resolves.toMatchObject({ username: 'ann' })
    expect(stage.provider.requests('token')).toBe(2)
    stage.provider.fail('api', { status: 401, body: 'Unauthorized\n' })
    await expect(stage.client.api.GetUser({ username: 'ann' })).rejects.toMatchObject({
      code: 'ERR_UPSTREAM_UNAUTHORIZED',
    })
    expect(stage.provider.requests('token')).toBe(3)
  })

  it('refuses empty parts of a path, and dots', async () => {
    for (const username of ['', '.', '..']) {
      await expect(stage.client.api.GetUser({ username })).rejects.toMatchObject({ code: 'ERR_OPTIONS_INVALID' })
    }
  })

  it.each([
    [
      'the words of the status',
      { status: 409, body: 'Conflict\n' },
      'ERR_UPSTREAM_CONFLICT',
      { status: 409, message: 'Conflict' },
    ],
    [
      'JSON that is called text',
      { status: 409, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: '{"error":"duplicate_label"}\n' },
      'ERR_UPSTREAM_CONFLICT',
      { code: 'duplicate_label' },
    ],
    ['nothing', { status: 403 }, 'ERR_UPSTREAM_FORBIDDEN', { status: 403 }],
    ['nothing, as after a panic', { status: 500 }, 'ERR_PROVIDER_UNAVAILABLE', { status: 500 }],
    [
      'a code without JSON',
      { status: 412, body: 'cannot_modify_validated_phone\n' },
      'ERR_UPSTREAM_INVALID',
      { code: 'cannot_modify_validated_phone' },
    ],
    [
      'a limit',
      { status: 429, body: 'You have reached the maximum request limit.\n' },
      'ERR_PROVIDER_UNAVAILABLE',
      { status: 429, message: 'You have reached the maximum request limit.' },
    ],
    ['a redirect', 'redirect' as const, 'ERR_PROVIDER_UNAVAILABLE', { status: 302 }],
    ['a page', 'html' as const, 'ERR_PROVIDER_UNAVAILABLE', { status: 200 }],
    ['wrong types', 'wrong-types' as const, 'ERR_PROVIDER_UNAVAILABLE', { status: 200 }],
    ['half a body', 'truncate' as const, 'ERR_PROVIDER_UNAVAILABLE', {}],
    ['too much', 'huge' as const, 'ERR_PROVIDER_UNAVAILABLE', {}],
  ])('fails with our error for %s', async (_, fault, code, upstream) => {
    stage.provider.fail('api', fault)
    await expect(stage.client.api.GetUser({ username: 'ann' })).rejects.toMatchObject({
      code,
      upstream: { provider: 'itsyouonline', operation: 'GetUser', ...upstream },
    })
    expect(stage.provider.followedRedirects()).toBe(0)
  })

  it('does not know whether a write was done when its answer is lost', async () => {
    await stage.client.getJwt({ useCache: true })
    stage.provider.fail('api', 'truncate')
    const write = stage.client.api.AddApiKey({ username: 'ann' }, { label: 'lost' })
    await expect(write).rejects.toMatchObject({ code: 'ERR_UPSTREAM_UNKNOWN' })
  })

  it('is one server error for an organization that asks for users', async () => {
    const { api } = stage.clientOf(stage.provider.organization)
    await expect(api.GetUser({ username: 'ann' })).rejects.toMatchObject({ upstream: { status: 500 } })
    const { accessToken } = await stage.clientOf(stage.provider.organization).getAccessToken()
    await expect(stage.clientOf({ accessToken }).api.GetUser({ username: 'ann' })).rejects.toMatchObject({
      upstream: { status: 401 },
    })
  })

  it('carries bytes of an image unchanged', async () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, at) => at)
    const direct = stage.clientOf(
      { jwt: await stage.client.getJwt() },
      { fetch: async () => new Response(bytes, { headers: { 'content-type': 'image/png' } }) },
    )
    const image = await direct.api.GetAvatarImage({ hash: 'x' })
    expect([image.type, new Uint8Array(await image.arrayBuffer())]).toEqual(['image/png', bytes])
    let sent: unknown
    const upload = stage.clientOf(
      { jwt: await stage.client.getJwt() },
      {
        fetch: async (_, init) => {
          sent = init.body
          return Response.json({ label: 'main', source: 'x' }, { status: 201 })
        },
      },
    )
    await upload.api.CreateAvatarFromImage({ username: 'ann', label: 'main' }, { file: new Blob([bytes]) })
    expect(Buffer.from(sent as Uint8Array).includes(Buffer.from(bytes))).toBe(true)
  })
})

describe('the version of the host', () => {
  it('is asked for without credentials, and read in both spellings', async () => {
    const sent: [string, unknown][] = []
    const client = stage.clientOf(stage.provider.user, {
      fetch: (url, init) => {
        sent.push([url, init.headers])
        return fetch(url, init)
      },
    })
    expect(await client.version()).toBe('emulated')
    stage.provider.fail('about', { status: 200, body: '{"version":"1.2"}' })
    expect(await client.version()).toBe('1.2')
    expect(sent).toEqual(Array(2).fill([`${stage.provider.url}/version`, { accept: 'application/json' }]))
  })

  it.each([
    { status: 200, body: '{}' },
    { status: 200, body: '<html>parked</html>' },
    { status: 404, body: '<html>gone</html>' },
  ])('is an outage where the host is another: %j', async (fault) => {
    stage.provider.fail('about', fault)
    const { version } = stage.clientOf(stage.provider.user, { retries: 0 })
    await expect(version()).rejects.toMatchObject({ code: 'ERR_PROVIDER_UNAVAILABLE' })
  })

  it('is not found where another API is', async () => {
    stage.provider.fail('about', { status: 404, body: '{"error":"not_found"}' })
    const { version } = stage.clientOf(stage.provider.user)
    await expect(version()).rejects.toMatchObject({ code: 'ERR_UPSTREAM_NOT_FOUND' })
  })
})
