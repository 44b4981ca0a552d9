import { createTestClock, createTestIssuer, type TestClock, type TestIssuer } from '@claviger/testing'
import { afterAll, afterEach } from '@jest/globals'
import {
  type Authenticator,
  type AuthenticatorOptions,
  type BackchannelLogoutOptions,
  createAuthenticator,
  createBackchannelLogout,
} from '../../src/index.ts'
import { oidc } from '../../src/providers/oidc.ts'
import { form } from './logout-request.ts'

/** The member of `events` in a logout token. */
export const event = 'http://schemas.openid.net/event/backchannel-logout'
/** The app whose users sign in at the issuer of the stage. */
export const clientId = 'web-app'

/** Two issuers, the first with an app, for the tests of a file: `begin` starts them, once. */
export function stageLogout() {
  const closing: (() => Promise<unknown>)[] = []
  let clock: TestClock
  let issuer: TestIssuer
  let other: TestIssuer
  let count = 0
  afterEach(async () => {
    for (const close of closing.splice(0)) await close()
  })
  afterAll(() => Promise.all([issuer.close(), other.close()]))

  async function begin() {
    // At a whole second, so that a time can be at the edge.
    clock = createTestClock(Math.floor(Date.now() / 1000))
    issuer = await createTestIssuer({ clock })
    other = await createTestIssuer({ clock })
    return { clock, issuer, other }
  }

  function authenticator(options: Partial<AuthenticatorOptions> = {}): Authenticator {
    const providers = [oidc({ issuer: issuer.issuer, audience: issuer.audience, client: { clientId } })]
    const made = createAuthenticator({ providers, clock, ...options })
    closing.push(() => made.close())
    return made
  }

  const now = () => Math.floor(clock.now() / 1000)

  /** A good logout token, but for what is said. `undefined` takes a claim away. */
  function logoutToken(claims: Record<string, unknown> = {}, header: Record<string, unknown> = {}): string {
    count += 1
    const good = {
      iss: issuer.issuer,
      aud: clientId,
      iat: now(),
      exp: now() + 120,
      jti: `id-${count}`,
      sub: 'alice',
      events: { [event]: {} },
    }
    const { alg, kid } = issuer.current
    return issuer.sign({ alg, kid, typ: 'logout+jwt', ...header }, { ...good, ...claims })
  }

  return { begin, authenticator, now, logoutToken }
}

/** Sends a logout token. */
export const send = (token: string, by: Authenticator, options: BackchannelLogoutOptions = {}) =>
  createBackchannelLogout(by, options)(form(`logout_token=${token}`))

/** Whether a token is taken, or the code of its refusal. */
export const isGood = (token: string, by: Authenticator) =>
  by.verify(token).then(
    () => true,
    ({ code }) => code,
  )
