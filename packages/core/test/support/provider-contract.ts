import type { Fault } from '@claviger/testing'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createAuthenticator, type Provider } from '../../src/index.ts'

/** One provider on loopback, and tokens that it has, or has not, issued. */
export interface ProviderUnderTest {
  readonly provider: Provider
  /** Whom the good token belongs to. */
  readonly id: string
  /** A new good token at each call. */
  good(): string | Promise<string>
  /** Tokens that must be refused, by what is wrong with them. */
  readonly bad: Readonly<Record<BadToken, () => string | Promise<string>>>
  /** Breaks what verification asks the provider for; absent where it asks for nothing, as with pinned keys. */
  fail?(fault: Fault): void
  heal?(): void
  close(): Promise<void>
}

const badTokens = ['expired', 'tampered', 'foreignIssuer', 'foreignAudience', 'wrongKind'] as const
type BadToken = (typeof badTokens)[number]

// Down, slow, and lying in three ways.
const faults: readonly Fault[] = [
  'reset',
  'hang',
  'hang-body',
  { status: 500 },
  { status: 503 },
  'html',
  'truncate',
  'wrong-types',
  'broken-json',
]

/** What every provider has to do, whatever its tokens are: the right verdict, and the right one to blame. */
export function describeProvider(name: string, start: () => Promise<ProviderUnderTest>): void {
  describe(`the provider contract: ${name}`, () => {
    let under: ProviderUnderTest

    beforeAll(async () => {
      under = await start()
    })
    afterAll(async () => {
      await under?.close()
    })

    const authenticator = () =>
      createAuthenticator({ providers: [under.provider], timeout: 3, keys: { retry: 0.1, maxRetry: 1 } })

    it('makes a user of a good token', async () => {
      const auth = authenticator()
      const { user, expiresAt } = await auth.verify(await under.good())
      expect(user).toMatchObject({ id: under.id, provider: under.provider.name, issuer: under.provider.issuer })
      expect(Array.isArray(user.roles) && Array.isArray(user.permissions) && Array.isArray(user.scopes)).toBe(true)
      expect(expiresAt).toBeGreaterThan(Date.now() / 1000)
      await auth.close()
    })

    it.each(badTokens)('refuses one that is %s, and blames the caller', async (kind) => {
      const auth = authenticator()
      await expect(auth.verify(await under.bad[kind]())).rejects.toMatchObject({ name: 'AuthError', status: 401 })
      await auth.close()
    })

    it('refuses a good token once it has been revoked here', async () => {
      const auth = authenticator()
      const token = await under.good()
      await auth.verify(token)
      await auth.revoke({ token })
      await expect(auth.verify(token)).rejects.toMatchObject({ code: 'ERR_TOKEN_REVOKED', status: 401 })
      await auth.close()
    })

    it.each(faults)('blames the provider, never the caller, for %j', async (fault) => {
      const auth = authenticator()
      const token = await under.good()
      under.fail?.(fault)
      try {
        const started = performance.now()
        const outcome = await auth.verify(token).catch((error: unknown) => error)
        expect(performance.now() - started).toBeLessThan(5000)
        if (under.fail === undefined) expect(outcome).toMatchObject({ user: { id: under.id } })
        else expect(outcome).toMatchObject({ code: 'ERR_PROVIDER_UNAVAILABLE', status: 503 })
      } finally {
        under.heal?.()
        await auth.close()
      }
    })

    it.each(faults)('keeps a user that it knows through %j', async (fault) => {
      const auth = authenticator()
      const token = await under.good()
      await auth.verify(token)
      under.fail?.(fault)
      try {
        await expect(auth.verify(token)).resolves.toMatchObject({ user: { id: under.id } })
      } finally {
        under.heal?.()
        await auth.close()
      }
    })
  })
}

/** A token with one character of its signature changed, where every bit counts; an opaque one likewise. */
export function tampered(token: string): string {
  const at = token.length - 10
  return token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1)
}
