import { createTestClock, createTestIssuer, type TestClock, type TestIssuer } from '@claviger/testing'
import { afterEach } from '@jest/globals'
import { type Authenticator, type AuthenticatorOptions, createAuthenticator, type TokenSet } from '../../src/index.ts'
import { type OidcOptions, oidc } from '../../src/providers/oidc.ts'

/** An issuer, and an authenticator that refreshes there; another of both for each test, which begins with `begin`. */
export function stageTokenSets() {
  const closing: (() => Promise<unknown>)[] = []
  let clock: TestClock
  let issuer: TestIssuer
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close()
  })

  async function begin(): Promise<{ clock: TestClock; issuer: TestIssuer; auth: Authenticator }> {
    clock = createTestClock()
    issuer = await startIssuer()
    return { clock, issuer, auth: authenticator() }
  }

  async function startIssuer(): Promise<TestIssuer> {
    const started = await createTestIssuer({ clock })
    closing.push(() => started.close())
    return started
  }

  function providerOf(of: TestIssuer, more: Partial<OidcOptions> = {}) {
    const { clientId, clientSecret } = of
    return oidc({ issuer: of.issuer, audience: of.audience, client: { clientId, clientSecret }, ...more })
  }

  function authenticator(options: Partial<AuthenticatorOptions> = {}): Authenticator {
    const made = createAuthenticator({ providers: [providerOf(issuer)], clock, timeout: 3, ...options })
    closing.push(() => made.close())
    return made
  }

  const now = () => Math.floor(clock.now() / 1000)

  /** What an app holds of a session: an access token that has ended, as most have that are refreshed, or one that has not. */
  function sessionOf(subject = 'alice', { alive = false, sid }: { alive?: boolean; sid?: string } = {}) {
    const claims = sid === undefined ? {} : { claims: { sid } }
    const age = alive ? 60 : 7200
    const accessToken = issuer.tokenFor({ subject, issuedAt: now() - age, ...claims })
    return { accessToken, refreshToken: issuer.refreshTokenFor({ subject, ...claims }) } satisfies TokenSet
  }

  const asked = () => issuer.requests('token')

  return { begin, startIssuer, providerOf, authenticator, now, sessionOf, asked }
}

/** The new tokens. */
export async function refreshed(tokens: TokenSet, by: Authenticator): Promise<TokenSet> {
  const outcome = await by.refresh(tokens)
  if (outcome.outcome !== 'refreshed') throw outcome.error
  return outcome.tokens
}
