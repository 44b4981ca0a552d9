import type { RequestListener } from 'node:http'
import { createTestIssuer, type TestIssuer } from '@claviger/testing'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { createAuthenticator, type Fetch } from '../src/index.ts'
import type { JwtProfile, Provider } from '../src/provider.ts'
import { oidc } from '../src/providers/oidc.ts'
import type { BrowserSignIn, SignedIn } from '../src/sign-in.ts'
import { type RunningApp, serve } from './support/adapter-app.ts'
import { Browser } from './support/browser.ts'
import { buildPlain } from './support/plain-app.ts'

let app: RunningApp
let issuer: TestIssuer
let listener: RequestListener

beforeAll(async () => {
  app = await serve((request, response) => listener(request, response))
  issuer = await createTestIssuer({
    redirectUris: [`${app.origin}/auth/callback/oidc`],
    users: [
      { subject: 'alice', name: 'Alice', email: 'alice@example.test' },
      { subject: 'eve', name: 'Eve', email: 'alice@example.test' },
    ],
  })
})
afterAll(async () => {
  await app.close()
  await issuer.close()
})

/** A provider whose access tokens say of a user no more than this. */
function provider(says: { name?: string } = {}, change = (signedIn: SignedIn) => signedIn): Provider {
  const { clientId, clientSecret, audience } = issuer
  const made = oidc({ issuer: issuer.issuer, audience, client: { clientId, clientSecret } })
  const jwt = made.jwt as JwtProfile
  const signIn = made.signIn as BrowserSignIn
  return {
    ...made,
    jwt: { ...jwt, user: ({ sub }) => ({ id: String(sub), ...says }) },
    signIn: { ...signIn, finish: async (...came) => change(await signIn.finish(...came)) },
  }
}

/** Who somebody is who has signed in with a browser. */
async function signedIn(subject: string, of = provider(), send: Fetch = fetch): Promise<unknown> {
  const auth = createAuthenticator({ providers: [of], fetch: send })
  const session = { baseUrl: app.origin, keys: 'a secret of the session cookies, long enough' }
  listener = buildPlain({ auth, http: { session }, routes: [{ path: '/me', handle: ({ user }) => user }] })
  const browser = new Browser()
  const page = await browser.open(`${app.origin}/me`)
  const done = await browser.submit(page, { user: subject })
  await auth.close()
  return done.json()
}

it('a session knows the name and the address that the ID token tells', async () => {
  expect(await signedIn('alice')).toMatchObject({ id: 'alice', name: 'Alice', email: 'alice@example.test' })
})

it('but no address that nobody has confirmed', async () => {
  const unconfirmed: Fetch = async (url, init) => {
    const response = await fetch(url, init)
    if (url !== issuer.tokenEndpoint) return response
    const body = (await response.json()) as { id_token: string }
    const { nonce } = JSON.parse(Buffer.from(body.id_token.split('.')[1] ?? '', 'base64url').toString())
    const claims = { nonce, email_verified: false }
    const idToken = issuer.idTokenFor({ subject: 'eve', name: 'Eve', email: 'alice@example.test', claims })
    return Response.json({ ...body, id_token: idToken })
  }
  expect(await signedIn('eve')).toHaveProperty('email')
  const eve = await signedIn('eve', provider(), unconfirmed)
  expect(eve).toMatchObject({ id: 'eve', name: 'Eve' })
  expect(eve).not.toHaveProperty('email')
})

it('nor what is told of another user than the access token is of', async () => {
  const swapped = (of: SignedIn) => ({ ...of, profile: { id: 'bob', name: 'Bob' } })
  expect(await signedIn('alice', provider({}, swapped))).not.toHaveProperty('name')
})

it.each([
  ['name', 320, true],
  ['name', 321, false],
  ['email', 320, true],
  ['email', 321, false],
])('%s of %i characters is kept: %s', async (member, length, isKept) => {
  const change = (of: SignedIn) => ({ ...of, profile: { id: 'alice', [member]: 'x'.repeat(length) } })
  const alice = (await signedIn('alice', provider({}, change))) as object
  expect(Object.hasOwn(alice, member)).toBe(isKept)
})

it('the access token has the last word', async () => {
  expect(await signedIn('alice', provider({ name: 'Al' }))).toMatchObject({ name: 'Al', email: 'alice@example.test' })
})
