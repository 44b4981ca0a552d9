import { createTestClock, type TestIssuer } from '@claviger/testing'
import { afterEach } from '@jest/globals'
import type { AuthenticatorOptions, Provider } from '../../src/index.ts'
import { type OidcOptions, oidc } from '../../src/providers/oidc.ts'
import { createCleanup } from './faults.ts'

type Asking = Partial<NonNullable<OidcOptions['introspection']>>

/** A provider that asks this issuer about opaque tokens. */
export function providerOf(
  { issuer, audience, clientId, clientSecret }: TestIssuer,
  asking: Asking = {},
  more = {},
): Provider {
  return oidc({ issuer, audience, introspection: { clientId, clientSecret, ...asking }, ...more })
}

/** For the tests of a file: `set` makes an issuer and who asks it; what `cleanup` opened is closed after each test. */
export function stageIntrospection() {
  const cleanup = createCleanup()
  afterEach(cleanup.close)

  async function set(asking: Asking = {}, more: Partial<AuthenticatorOptions> = {}) {
    const clock = createTestClock()
    const issuer = await cleanup.issuer({ clock })
    const auth = cleanup.authenticator({ providers: [providerOf(issuer, asking)], clock, ...more })
    return { clock, issuer, auth }
  }

  return { cleanup, set }
}
