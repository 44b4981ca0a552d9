import { createTestClock } from '@claviger/testing'
import { describe, expect, it } from '@jest/globals'
import type { OpaqueProfile, VerifiedToken } from '../src/index.ts'
import { oidc } from '../src/providers/oidc.ts'
import { createCacheStage, opaque } from './support/cache-stage.ts'
import { letRefresh } from './support/faults.ts'
import { refusalOf } from './support/tokens.ts'

const stage = createCacheStage()
const { clock, outcomes, authenticator, outcomeOf } = stage

function forgery(token = stage.issuer.tokenFor()): string {
  return `${token.slice(0, token.lastIndexOf('.'))}.${'A'.repeat(86)}`
}

describe('a known token', () => {
  it('is not verified again', async () => {
    const { verify } = authenticator()
    const token = stage.issuer.tokenFor()
    expect(await outcomeOf(token)).toBe('miss')
    expect(await outcomeOf(token)).toBe('hit')
    expect(await verify(token)).toBe(await verify(token))
  })

  it('is known by the whole of it: another text is another token', async () => {
    authenticator()
    const token = stage.issuer.tokenFor()
    await stage.auth.verify(token)
    const parts = [64, 33, 32, 31, 16, 1].map((length) => token.slice(-length))
    for (const other of [
      forgery(token),
      `${token}A`,
      token.slice(0, -1),
      ` ${token}`,
      stage.issuer.tokenFor(),
      ...parts,
    ]) {
      expect(await outcomeOf(other)).toBe('miss')
    }
    expect(await outcomeOf(token)).toBe('hit')
  })

  it('is another than one of like letters', async () => {
    const { verify } = authenticator({ providers: [opaque()] })
    const tokens = ['g0', '\u01670', '\u02670']
    for (const token of [...tokens, ...tokens]) expect((await verify(token)).user.id).toBe(token)
    expect(outcomes).toEqual(['miss', 'miss', 'miss', 'hit', 'hit', 'hit'])
  })

  it('is known beside another that ends alike', async () => {
    const asked: string[] = []
    const opaque: OpaqueProfile = {
      async verify(token) {
        asked.push(token)
        return { active: true, claims: {}, user: { id: token.slice(0, 1) } }
      },
    }
    authenticator({ providers: [{ name: 'toy', issuer: 'https://toy.example', opaque }] })
    const tokens = ['a', 'b', 'c'].map((start) => start + '-the-same-end'.repeat(3))
    for (const _ of [1, 2, 3])
      for (const token of tokens) expect((await stage.auth.verify(token)).user.id).toBe(token.slice(0, 1))
    expect(asked).toEqual(tokens)
    await clock.advance(31)
    for (const token of tokens) expect((await stage.auth.verify(token)).user.id).toBe(token.slice(0, 1))
    expect(asked).toEqual([...tokens, ...tokens])
    for (const token of tokens) expect(await outcomeOf(token)).toBe('hit')
  })

  it('is asked about once at a time, and anew when its answer is old, beside another that ends alike', async () => {
    const asked: string[] = []
    const opaque: OpaqueProfile = {
      async verify(token) {
        asked.push(token)
        return { active: true, claims: {}, user: { id: `${token.slice(0, 1)}${asked.length}` } }
      },
    }
    authenticator({ providers: [{ name: 'toy', issuer: 'https://toy.example', opaque }] })
    const [first, second] = ['a', 'b'].map((start) => `${start}-the-same-end`) as [string, string]
    const askBoth = () =>
      Promise.all([first, second, first, second].map(async (token) => (await stage.auth.verify(token)).user.id))
    expect(await askBoth()).toEqual(['a1', 'b2', 'a1', 'b2'])
    await clock.advance(31)
    expect(await askBoth()).toEqual(['a3', 'b4', 'a3', 'b4'])
    await clock.advance(31)
    expect((await stage.auth.verify(second)).user.id).toBe('b5')
  })

  it('lends its signature to no other claims', async () => {
    authenticator()
    const token = stage.issuer.tokenFor({ subject: 'alice' })
    await stage.auth.verify(token)
    const [header, , signature] = token.split('.')
    const [, claims] = stage.issuer.tokenFor({ subject: 'admin' }).split('.')
    const forged = [header, claims, signature].join('.')
    expect(await refusalOf(stage.auth, forged)).toMatchObject({ code: 'ERR_TOKEN_SIGNATURE' })
    expect([await outcomeOf(forged), await outcomeOf(token)]).toEqual(['refused', 'hit'])
  })

  it('is verified once for a hundred that ask at the same time', async () => {
    const { verify } = authenticator()
    const token = stage.issuer.tokenFor()
    const all = await Promise.all(Array.from({ length: 100 }, () => verify(token)))
    expect([new Set(all).size, outcomes]).toEqual([1, ['miss']])
  })

  it('is another than one that ends alike', async () => {
    const { verify } = authenticator({ providers: [opaque()] })
    const end = 'x'.repeat(64)
    for (const token of [`a${end}`, `b${end}`, `a${end}`, `b${end}`]) {
      expect((await verify(token)).user.id).toBe(token.slice(0, 9))
    }
    expect(outcomes).toEqual(['miss', 'miss', 'hit', 'hit'])
  })

  it('is known also to whoever revokes it', async () => {
    const { verify, revoke } = authenticator({ providers: [opaque()] })
    await verify('opaque')
    await revoke({ token: 'opaque' })
    expect(outcomes).toEqual(['miss', 'hit'])
  })

  it('cannot be changed by whoever gets it', async () => {
    const { verify } = authenticator()
    const claims = { realm_access: { roles: ['user'] }, list: [{ deep: [1] }] }
    const token = stage.issuer.tokenFor({ roles: ['user'], permissions: ['a:b'], scopes: ['read'], claims })
    const before = JSON.stringify(await verify(token))
    const attempts: ((verified: VerifiedToken) => unknown)[] = [
      (verified) => Object.assign(verified, { provider: 'other' }),
      (verified) => Object.assign(verified.user, { id: 'root' }),
      (verified) => Object.assign(verified.claims, { sub: 'root' }),
      (verified) => (verified.user.roles as unknown[]).push({ name: 'admin' }),
      (verified) => Object.assign(verified.user.roles[0] ?? {}, { name: 'admin' }),
      (verified) => Object.assign(verified.user.roles[0]?.permissions ?? {}, [{}]),
      (verified) => (verified.user.permissions as string[]).push('*'),
      (verified) => (verified.user.scopes as string[]).splice(0),
      (verified) => (verified.claims.realm_access as typeof claims.realm_access).roles.push('admin'),
      (verified) => (verified.claims.list as typeof claims.list)[0]?.deep.push(2),
      (verified) => Object.setPrototypeOf(verified.claims, { admin: true }),
    ]
    for (const attempt of attempts) {
      const verified = await verify(token)
      expect(() => attempt(verified)).toThrow(TypeError)
    }
    expect(JSON.stringify(await verify(token))).toBe(before)
    expect(outcomes.at(-1)).toBe('hit')
  })

  it('is forgotten when it ends', async () => {
    authenticator()
    const token = stage.issuer.tokenFor({ expiresIn: 60 })
    const { expiresAt } = await stage.auth.verify(token)
    clock.set(expiresAt + 4.999)
    expect(await outcomeOf(token)).toBe('hit')
    clock.set(expiresAt + 5)
    expect(await outcomeOf(token)).toBe('miss')
    expect(await refusalOf(stage.auth, token)).toMatchObject({ code: 'ERR_TOKEN_EXPIRED' })
  })

  it.each([
    [undefined, 3600],
    [{ maxAge: 60 }, 60],
  ])('is verified again after its time: %j, %d s', async (cache, seconds) => {
    authenticator(cache && { cache })
    const token = stage.issuer.tokenFor({ expiresIn: 7200 })
    await stage.auth.verify(token)
    await clock.advance(seconds - 1)
    expect(await outcomeOf(token)).toBe('hit')
    await clock.advance(1.1)
    expect(await outcomeOf(token)).toBe('miss')
  })

  it('is forgotten when its issuer removes the key', async () => {
    authenticator()
    const token = stage.issuer.tokenFor()
    await stage.auth.verify(token)
    await stage.issuer.rotate({ keepPrevious: false })
    await stage.auth.verify(stage.issuer.tokenFor())
    expect(await refusalOf(stage.auth, token)).toMatchObject({ code: 'ERR_TOKEN_KEY' })
  })

  it('stays known when its issuer adds a key', async () => {
    authenticator()
    const token = stage.issuer.tokenFor()
    await stage.auth.verify(token)
    await stage.issuer.rotate()
    await stage.auth.verify(stage.issuer.tokenFor())
    expect(await outcomeOf(token)).toBe('hit')
  })

  it('is refused from the moment its key is purged', async () => {
    authenticator()
    const token = stage.issuer.tokenFor()
    const { kid } = stage.issuer.current
    await stage.auth.verify(token)
    stage.auth.purge(stage.issuer.issuer, kid)
    expect((await refusalOf(stage.auth, token)).code).toMatch(/ERR_TOKEN_KEY|ERR_PROVIDER_UNAVAILABLE/)
    await stage.issuer.rotate()
  })

  it('stays known while its issuer is down', async () => {
    authenticator()
    const token = stage.issuer.tokenFor({ expiresIn: 7200 })
    await stage.auth.verify(token)
    stage.issuer.fail('all', 'reset')
    await clock.advance(3500)
    expect(await outcomeOf(token)).toBe('hit')
    await clock.advance(200)
    expect(await outcomeOf(token)).toBe('miss')
    await stage.auth.verify(token)
  })

  it('is refused once it is revoked, though the cache knows it', async () => {
    authenticator()
    const token = stage.issuer.tokenFor()
    await stage.auth.verify(token)
    await stage.auth.revoke({ token })
    expect(await outcomeOf(token)).toBe('hit')
    expect(await refusalOf(stage.auth, token)).toMatchObject({ code: 'ERR_TOKEN_REVOKED' })
  })
})

describe('a forged signature', () => {
  it('is known as such, and each time refused with an error of its own', async () => {
    authenticator()
    const token = forgery()
    expect(await outcomeOf(token)).toBe('miss')
    expect(await outcomeOf(token)).toBe('refused')
    const [first, second] = [await refusalOf(stage.auth, token), await refusalOf(stage.auth, token)]
    expect(first).not.toBe(second)
    expect(first).toMatchObject({ code: 'ERR_TOKEN_SIGNATURE', explanation: 'the signature does not fit' })
  })

  it('is tried again when the key set has changed', async () => {
    authenticator()
    const token = forgery()
    await outcomeOf(token)
    await stage.issuer.rotate()
    await clock.advance(10)
    await stage.auth.verify(stage.issuer.tokenFor())
    expect(await outcomeOf(token)).toBe('miss')
  })

  it('stays known when the same key set comes in other words', async () => {
    const ownClock = createTestClock(Math.floor(clock.now() / 1000))
    authenticator({ clock: ownClock })
    const token = forgery()
    await outcomeOf(token)
    stage.issuer.jwksText = JSON.stringify(stage.issuer.jwks(), undefined, 2)
    await letRefresh(stage.auth, ownClock)
    expect(await outcomeOf(token)).toBe('refused')
  })

  it('is known as such where the keys are pinned, too', async () => {
    const jwks = stage.issuer.jwks()
    authenticator({
      providers: [oidc({ issuer: stage.issuer.issuer, audience: stage.issuer.audience, jwks, jwksUri: null })],
    })
    const token = forgery()
    expect([await outcomeOf(token), await outcomeOf(token)]).toEqual(['miss', 'refused'])
  })

  it('does not crowd out known tokens', async () => {
    authenticator({ cache: { maxTokens: 1 } })
    const token = stage.issuer.tokenFor()
    await stage.auth.verify(token)
    for (let i = 0; i < 20; i += 1) await outcomeOf(forgery())
    expect(await outcomeOf(token)).toBe('hit')
  })

  it('is remembered within 4 MiB for all of them', async () => {
    authenticator()
    const long = () => forgery(stage.issuer.tokenFor({ claims: { note: 'x'.repeat(11_000) } }))
    const [first, second] = [long(), long()]
    // Each takes 256 bytes beside itself.
    const most = Math.floor((4 * 1024 * 1024) / (first.length + 256))
    for (const token of [first, second]) await outcomeOf(token)
    for (let count = 2; count < most; count += 1) await outcomeOf(long())
    expect(await outcomeOf(first)).toBe('refused')
    await outcomeOf(long())
    expect([await outcomeOf(first), await outcomeOf(second)]).toEqual(['refused', 'miss'])
  })
})
