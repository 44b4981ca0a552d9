import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { createTestClock, createTestIssuer, type TestClock, type TestIssuer } from '@claviger/testing'
import { afterAll, afterEach, beforeAll, expect } from '@jest/globals'
import {
  type Authenticator,
  type AuthenticatorOptions,
  type Claims,
  createAuthenticator,
  type Provider,
} from '../../src/index.ts'
import { oidc } from '../../src/providers/oidc.ts'

/** What the tests of the cache work with: an issuer, one authenticator at a time, and what its cache tells. */
export interface CacheStage {
  readonly clock: TestClock
  readonly issuer: TestIssuer
  readonly auth: Authenticator
  /** What the cache knew of each token since the authenticator was made, or since `outcomeOf`. */
  readonly outcomes: string[]
  /** Makes the authenticator anew. */
  authenticator(options?: Partial<AuthenticatorOptions>): Authenticator
  /** Verifies a token and tells what the cache knew of it: `hit`, `miss` or `refused`; nothing without a cache. */
  outcomeOf(token: string): Promise<string | undefined>
}

/** Sets the stage for the tests of one file. */
export function createCacheStage(): CacheStage {
  const clock = createTestClock()
  const outcomes: string[] = []
  const listen = (message: unknown) => outcomes.push((message as { outcome: string }).outcome)
  let issuer: TestIssuer
  let auth: Authenticator

  beforeAll(async () => {
    issuer = await createTestIssuer({ clock })
    subscribe('claviger:cache', listen)
  })
  afterEach(async () => {
    await auth.close()
    issuer.heal()
    issuer.jwksText = undefined
  })
  afterAll(async () => {
    unsubscribe('claviger:cache', listen)
    await issuer.close()
  })

  return {
    clock,
    outcomes,
    get issuer() {
      return issuer
    },
    get auth() {
      return auth
    },
    authenticator(options = {}) {
      const provider = oidc({
        issuer: issuer.issuer,
        audience: issuer.audience,
        rolesFrom: 'roles',
        permissionsFrom: 'permissions',
      })
      auth = createAuthenticator({ providers: [provider], clock, ...options })
      outcomes.length = 0
      return auth
    },
    async outcomeOf(token) {
      outcomes.length = 0
      await auth.verify(token).catch(() => {})
      expect(outcomes.length).toBeLessThanOrEqual(1)
      return outcomes[0]
    },
  }
}

/** A provider that knows every opaque token: it names its user, who has these claims. */
export function opaque(claims: Claims = {}): Provider {
  return {
    name: 'opaque',
    issuer: 'https://id.example.com',
    opaque: { verify: async (token) => ({ active: true, claims, user: { id: token.slice(0, 9) } }) },
  }
}
