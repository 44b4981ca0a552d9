import { afterEach, describe, expect, it } from '@jest/globals'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { createTestClock } from '../../src/index.ts'
import { asSpa, get, introspect, logto, me, orders, refresh, revoke, start, verify } from '../support/logto-tenant.ts'

afterEach(() => logto.close())

describe('refresh tokens', () => {
  it('of public clients rotate; the old one works for 3 seconds more, then takes the grant along', async () => {
    const clock = createTestClock()
    await start({ clock })
    const { refreshToken } = await logto.signIn('alice', { app: 'spa' })
    const second = (await asSpa(refreshToken)).body.refresh_token
    expect(second).not.toBe(refreshToken)
    await clock.advance(3)
    expect((await asSpa(refreshToken)).status).toBe(200)
    expect((await introspect(refreshToken)).body).toEqual({ active: false })
    await clock.advance(1)
    expect((await asSpa(refreshToken)).body.error).toBe('invalid_grant')
    expect((await asSpa(second)).body.error).toBe('invalid_grant')
  })

  it('of confidential clients rotate late in their life', async () => {
    const clock = createTestClock()
    await start({ clock })
    const { refreshToken } = await logto.signIn('alice')
    await clock.advance(9 * 86_400)
    expect((await refresh(refreshToken)).body.refresh_token).toBe(refreshToken)
    await clock.advance(86_400)
    const { body } = await refresh(refreshToken)
    expect(body.refresh_token).not.toBe(refreshToken)
    await clock.advance(13 * 86_400)
    expect((await refresh(body.refresh_token)).status).toBe(200)
    expect((await refresh(refreshToken)).body.error).toBe('invalid_grant')
  })

  it('of single-page apps do not live longer by rotation, and can be told not to rotate', async () => {
    const clock = createTestClock()
    await start({ clock })
    logto.addApp({ id: 'still', type: 'Native', rotateRefreshToken: false })
    const { refreshToken } = await logto.signIn('alice', { app: 'spa' })
    await clock.advance(10 * 86_400)
    const second = (await asSpa(refreshToken)).body.refresh_token
    await clock.advance(5 * 86_400)
    expect((await asSpa(second)).body.error).toBe('invalid_grant')
    const native = (await logto.signIn('alice', { app: 'still' })).refreshToken
    expect((await refresh(native, { client_id: 'still' }, {})).body.refresh_token).toBe(native)
  })

  it('need offline_access, or an app that always gets them', async () => {
    await start()
    logto.addApp({ id: 'always', type: 'Traditional', alwaysIssueRefreshToken: true })
    expect(await logto.signIn('alice', { scopes: ['openid'] })).not.toHaveProperty('refreshToken')
    expect(await logto.signIn('alice', { scopes: ['openid'], app: 'always' })).toHaveProperty('refreshToken')
    expect(await logto.signIn('alice', { scopes: ['profile'] })).not.toHaveProperty('idToken')
  })

  it.each<[string, () => void]>([
    ['suspended', () => logto.suspend('alice')],
    [
      'suspended for a while',
      () => {
        logto.suspend('alice')
        logto.suspend('alice', false)
      },
    ],
    ['deleted', () => logto.deleteUser('alice')],
  ])('end with opaque tokens when the user is %s', async (_, end) => {
    await start()
    const { refreshToken, accessToken } = await logto.signIn('alice')
    end()
    expect((await refresh(refreshToken)).body.error).toBe('invalid_grant')
    expect((await me(accessToken)).status).toBe(401)
    expect((await introspect(accessToken)).body).toEqual({ active: false })
  })
})

describe('versions', () => {
  it.each([
    ['1.41', 200, { active: false }, 200, 200],
    ['1.42', 400, expect.objectContaining({ error: 'unsupported_token_type' }), 400, 400],
  ] as const)(
    '%s treats signed tokens, and a grant whose opaque token was revoked, its own way',
    async (version, status, body, revoked, after) => {
      await start({ version })
      const jwt = await logto.tokenFor('alice', { resource: orders })
      expect(await introspect(jwt)).toMatchObject({ status, body })
      expect((await revoke(jwt)).status).toBe(revoked)
      const { accessToken, refreshToken } = await logto.signIn('alice')
      const gone = await revoke(accessToken)
      expect([gone.status, gone.headers.get('content-type'), gone.body]).toEqual([200, 'text/plain; charset=utf-8', ''])
      expect((await me(accessToken)).status).toBe(401)
      expect((await refresh(refreshToken)).status).toBe(after)
    },
  )

  it('1.41 has no OAuth metadata, shorter identifiers, and a typ and at_hash in ID tokens', async () => {
    await start({ version: '1.41' })
    expect((await get('/.well-known/oauth-authorization-server')).status).toBe(404)
    expect(decodeJwt(await logto.tokenFor('alice', { resource: orders })).jti).toMatch(/^[\w-]{21}$/)
    const { idToken = '' } = await logto.signIn('alice')
    expect(decodeProtectedHeader(idToken).typ).toBe('JWT')
    expect(decodeJwt(idToken)).toMatchObject({ aud: 'web', at_hash: expect.stringMatching(/^[\w-]{32}$/) })
    expect((await get('/me')).body.error).toBe('invalid_request')
  })

  it('1.42 has OAuth metadata, and ID tokens without both', async () => {
    await start()
    logto.addApp({ id: 'sid', type: 'Traditional', backchannelLogoutSessionRequired: true })
    expect((await get('/.well-known/oauth-authorization-server')).body).toEqual(
      (await get('/.well-known/openid-configuration')).body,
    )
    const { idToken = '' } = await logto.signIn('alice', { app: 'sid' })
    expect(decodeProtectedHeader(idToken)).not.toHaveProperty('typ')
    expect(decodeJwt(idToken)).toMatchObject({
      aud: 'sid',
      sid: expect.stringMatching(/^[\w-]{43}$/),
      roles: ['order-viewer'],
    })
    expect(decodeJwt(idToken)).not.toHaveProperty('at_hash')
    expect(decodeJwt(idToken)).not.toHaveProperty('organization_data')
  })

  it('revoke a refresh token with the opaque tokens of its grant', async () => {
    await start()
    const { accessToken, refreshToken } = await logto.signIn('alice')
    expect((await revoke(refreshToken)).status).toBe(200)
    expect((await revoke('unknown')).status).toBe(200)
    expect([(await refresh(refreshToken)).status, (await me(accessToken)).status]).toEqual([400, 401])
  })
})

describe('keys', () => {
  it('rotate at once, and only one previous key stays', async () => {
    await start()
    const token = await logto.tokenFor('alice', { resource: orders })
    await logto.rotate('RSA')
    const { body } = await get('/jwks')
    expect(body.keys.map((key: object) => Object.keys(key).join())).toEqual([
      'kty,use,kid,e,n',
      'kty,use,kid,alg,crv,x,y',
    ])
    expect((await get('/.well-known/openid-configuration')).body.id_token_signing_alg_values_supported).toEqual([
      'PS256',
      'RS256',
      'ES384',
    ])
    expect((await verify(token, orders)).protectedHeader.alg).toBe('ES384')
    expect((await verify(await logto.tokenFor('alice', { resource: orders }), orders)).protectedHeader.alg).toBe(
      'RS256',
    )
    await logto.rotate()
    await expect(verify(token, orders)).rejects.toMatchObject({ code: 'ERR_JWKS_NO_MATCHING_KEY' })
  })

  it('are not to be cached, and answer 304', async () => {
    await start()
    const { headers } = await get('/jwks')
    expect(headers.get('content-type')).toBe('application/jwk-set+json; charset=utf-8')
    expect(headers.get('cache-control')).toBe('no-cache, max-age=0, must-revalidate')
    expect((await get('/jwks', { 'if-none-match': headers.get('etag') ?? '' })).status).toBe(304)
  })
})
