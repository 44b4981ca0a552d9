import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { createStage, type Stage, verdictOf } from './support/trustauthx.ts'

let stage: Stage
beforeAll(async () => {
  stage = await createStage()
})
afterAll(() => stage.emulator.close())
beforeEach(() => {
  stage.emulator.heal()
  stage.emulator.resetCounts()
})

describe('an access token', () => {
  it('makes a user with roles and all they allow', async () => {
    const auth = stage.authenticator()
    const { accessToken } = stage.emulator.signIn('alice')
    const { user, claims, ...verified } = await auth.verify(accessToken)
    const { editor } = stage.emulator.roles()
    const { orgId, url } = stage.emulator
    expect(user).toEqual({
      id: 'alice',
      provider: 'trustauthx',
      issuer: `${url}/orgs/${orgId}`,
      email: 'alice@example.com',
      name: 'Alice',
      organization: orgId,
      roles: [
        {
          id: editor?.id,
          name: 'editor',
          organization: orgId,
          permissions: [
            { resource: 'machine', action: 'delete' },
            { resource: 'machine', action: 'start' },
          ],
        },
      ],
      permissions: ['machine:delete', 'machine:start'],
      scopes: [],
    })
    expect(verified.expiresAt).toBe(stage.seconds() + 900)
    expect(Object.keys(claims)).not.toEqual(expect.arrayContaining(['iat']))
    expect(Object.keys(claims)).not.toEqual(expect.arrayContaining(['jti']))
    await auth.close()
  })

  it('of a user without roles asks for no roles', async () => {
    const auth = stage.authenticator()
    const { user } = await auth.verify(stage.emulator.signIn('bob').accessToken)
    expect(user).toMatchObject({ id: 'bob', roles: [], permissions: [] })
    expect(stage.emulator.requests('listRoles')).toBe(0)
    await auth.close()
  })

  it('may be a JWT, without iss or with one that is known', async () => {
    const auth = stage.authenticator()
    stage.emulator.configure({ tokenFormat: 'jwt' })
    const { accessToken } = stage.emulator.signIn('alice')
    stage.emulator.configure({ tokenFormat: 'opaque' })
    expect(accessToken.split('.')).toHaveLength(3)
    await expect(auth.verify(accessToken)).resolves.toMatchObject({ user: { id: 'alice' } })
    await auth.close()
  })

  it('is asked about once by many, and not again for five seconds', async () => {
    const auth = stage.authenticator()
    const { accessToken } = stage.emulator.signIn('alice')
    await Promise.all(Array.from({ length: 50 }, () => auth.verify(accessToken)))
    expect(stage.emulator.requests('validate')).toBe(1)
    await stage.clock.advance(4)
    await auth.verify(accessToken)
    expect(stage.emulator.requests('validate')).toBe(1)
    stage.emulator.revoke(accessToken)
    await stage.clock.advance(2)
    expect(await verdictOf(auth.verify(accessToken))).toBe('401 ERR_TOKEN_INACTIVE')
    await auth.close()
  })

  it('is asked about every time with cacheFor: 0', async () => {
    const auth = stage.authenticator({ cacheFor: 0 })
    const { accessToken } = stage.emulator.signIn('bob')
    await auth.verify(accessToken)
    stage.emulator.revoke(accessToken)
    expect(await verdictOf(auth.verify(accessToken))).toBe('401 ERR_TOKEN_INACTIVE')
    await auth.close()
  })

  it.each([401, 203])('that is dead is refused when the provider says %i', async (invalidTokenStatus) => {
    const auth = stage.authenticator()
    const { accessToken } = stage.emulator.signIn('alice')
    stage.emulator.expire(accessToken)
    stage.emulator.configure({ invalidTokenStatus })
    expect(await verdictOf(auth.verify(accessToken))).toBe('401 ERR_TOKEN_INACTIVE')
    stage.emulator.configure({ invalidTokenStatus: 401 })
    await auth.close()
  })

  it('of a banned user is refused', async () => {
    const auth = stage.authenticator()
    const { accessToken } = stage.emulator.signIn('bob')
    stage.emulator.ban('bob')
    expect(await verdictOf(auth.verify(accessToken))).toBe('401 ERR_TOKEN_INACTIVE')
    stage.emulator.ban('bob', false)
    await auth.close()
  })

  it('of another organization is refused', async () => {
    const auth = stage.authenticator()
    const other = stage.emulator.addOrganization()
    stage.emulator.addUser({ uid: 'mallory', email: 'mallory@example.com' }, other)
    expect(await verdictOf(auth.verify(stage.emulator.signIn('mallory').accessToken))).toBe('401 ERR_TOKEN_INACTIVE')
    await auth.close()
  })

  it('with one character changed is refused', async () => {
    const auth = stage.authenticator()
    const { accessToken } = stage.emulator.signIn('alice')
    const tampered = (accessToken.startsWith('A') ? 'B' : 'A') + accessToken.slice(1)
    expect(await verdictOf(auth.verify(tampered))).toBe('401 ERR_TOKEN_INACTIVE')
    await auth.close()
  })

  it('that dies between the two questions is refused', async () => {
    const auth = stage.authenticator()
    stage.emulator.fail('getUserData', { status: 401, body: '{"detail":"gone"}' })
    expect(await verdictOf(auth.verify(stage.emulator.signIn('alice').accessToken))).toBe('401 ERR_TOKEN_INACTIVE')
    await auth.close()
  })

  it('that the provider answers false about is refused', async () => {
    const auth = stage.authenticator()
    stage.emulator.fail('validate', { status: 200, headers: { 'content-type': 'application/json' }, body: 'false' })
    expect(await verdictOf(auth.verify(stage.emulator.signIn('alice').accessToken))).toBe('401 ERR_TOKEN_INACTIVE')
    await auth.close()
  })

  it.each<[string, string]>([
    ['true', 'accepted'],
    ['null', '503 ERR_PROVIDER_UNAVAILABLE'],
    ['{}', '503 ERR_PROVIDER_UNAVAILABLE'],
    ['{"uid":"alice"}', '503 ERR_PROVIDER_UNAVAILABLE'],
    ['{"status":"ok"}', '503 ERR_PROVIDER_UNAVAILABLE'],
    ['<html>true</html>', '503 ERR_PROVIDER_UNAVAILABLE'],
    ['{"detail":"Token Expired"}', '503 ERR_PROVIDER_UNAVAILABLE'],
    ['"no"', '503 ERR_PROVIDER_UNAVAILABLE'],
    ['[]', '503 ERR_PROVIDER_UNAVAILABLE'],
    ['0', '503 ERR_PROVIDER_UNAVAILABLE'],
  ])('that the provider answers 200 and %s about is judged: %s', async (body, verdict) => {
    const auth = stage.authenticator()
    stage.emulator.fail('validate', { status: 200, body })
    const { accessToken, refreshToken } = stage.emulator.signIn('alice')
    expect(await verdictOf(auth.verify(accessToken))).toBe(verdict)
    await auth.close()
    stage.emulator.fail('validate', { status: 200, body })
    expect(await verdictOf(stage.client().validateAccessToken(accessToken))).toBe(verdict)
    stage.emulator.fail('validate', { status: 200, body })
    const { outcome } = await stage.client().validateTokenSet({ accessToken, refreshToken })
    expect(outcome).toBe(verdict === 'accepted' ? 'valid' : 'unavailable')
  })

  it('ends when it says so, also while it is remembered', async () => {
    const auth = stage.authenticator({ cacheFor: 300 })
    stage.emulator.configure({ accessTokenLifetime: 60 })
    const { accessToken } = stage.emulator.signIn('bob')
    stage.emulator.configure({ accessTokenLifetime: 900 })
    await auth.verify(accessToken)
    await stage.clock.advance(59)
    await auth.verify(accessToken)
    await stage.clock.advance(7)
    expect(await verdictOf(auth.verify(accessToken))).toBe('401 ERR_TOKEN_INACTIVE')
    await auth.close()
  })
})

describe('what is not an access token is refused without asking', () => {
  it.each<[string, () => string | Promise<string>]>([
    ['the signed_key', () => stage.sign({ api_key: stage.emulator.apiKey })],
    ['a UserToken', () => stage.emulator.mintUserToken('alice')],
    ['a short code', () => stage.emulator.mintUserToken('alice', { short: true })],
    [
      'the envelope of a user',
      () => stage.sign({ access_token: 'a', refresh_token: 'r', sub: '{}', exp: 9e9, iat: 1 }),
    ],
    ['the envelope of user data', () => stage.sign({ uid: 'alice', email: 'alice@example.com', exp: 9e9, iat: 1 })],
    [
      'a JWT of another issuer',
      () => stage.sign({ iss: 'https://elsewhere.example', sub: 'alice', exp: 9e9 }, 'other'),
    ],
    ['the API key', () => stage.emulator.apiKey],
    ['the secret key', () => stage.emulator.secretKey],
    ['more than 8 KiB', () => 'x'.repeat(8193)],
  ])('%s', async (_, make) => {
    const auth = stage.authenticator()
    expect(await verdictOf(auth.verify(await make()))).toMatch(/^401 ERR_TOKEN_(ISSUER|MALFORMED)$/)
    expect(stage.emulator.requests()).toBe(0)
    await auth.close()
  })

  it('what the app says is not one', async () => {
    const auth = stage.authenticator({ accepts: (token) => token.startsWith('tax-') })
    expect(await verdictOf(auth.verify(stage.emulator.signIn('alice').accessToken))).toBe('401 ERR_TOKEN_MALFORMED')
    expect(stage.emulator.requests()).toBe(0)
    await auth.close()
  })

  it('a refresh token is sent, and refused', async () => {
    const auth = stage.authenticator()
    expect(await verdictOf(auth.verify(stage.emulator.signIn('alice').refreshToken))).toBe('401 ERR_TOKEN_INACTIVE')
    await auth.close()
  })
})
