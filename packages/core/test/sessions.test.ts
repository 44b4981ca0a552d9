import { afterEach, describe, expect, it } from '@jest/globals'
import {
  AuthError,
  type Authenticator,
  type BrowserSignIn,
  createAuthenticator,
  createRequestAuthenticator,
  type ProviderContext,
  type SessionOptions,
} from '../src/index.ts'
import { justAuthenticateMe } from '../src/providers/justauthenticateme/index.ts'
import { trustAuthX } from '../src/providers/trustauthx/index.ts'
import { createSessionSeal } from '../src/session/seal.ts'

const key = 'a secret of the session cookies, long enough'
const credentials = { apiKey: 'the-api-key-of-acme', secretKey: 'the-secret-of-acme', orgId: 'acme' }

const made: Authenticator[] = []
afterEach(() => Promise.all(made.splice(0).map((auth) => auth.close())))

function create(session: Partial<SessionOptions>, providers = [trustAuthX({ ...credentials, login: true })]) {
  const auth = createAuthenticator({ providers })
  made.push(auth)
  return createRequestAuthenticator(auth, { session: { baseUrl: 'https://shop.example', keys: key, ...session } })
}

it('a form that breaks off is refused, and no error of the app', async () => {
  const answer = await create({}).createAuthRoutes()({
    method: 'POST',
    url: '/auth/login',
    headers: { 'sec-fetch-site': 'same-origin' },
    [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error('aborted')) }),
  })
  expect(answer?.status).toBe(400)
})

it('what a provider of the app throws that is none of ours is left to the app', async () => {
  const provider = trustAuthX({ ...credentials, login: true })
  const start = () => Promise.reject(new TypeError('a bug'))
  const broken = { ...provider, signIn: { ...(provider.signIn as BrowserSignIn), start } }
  const sent = { method: 'POST', url: '/auth/login', headers: { 'sec-fetch-site': 'same-origin' }, body: {} }
  await expect(create({}, [broken]).createAuthRoutes()(sent)).rejects.toThrow('a bug')
})

it('what is wrong with the set-up is told to nobody who signs in', async () => {
  const provider = trustAuthX({ ...credentials, login: true })
  const start = () => Promise.reject(new AuthError('ERR_OPTIONS_INVALID', { explanation: 'the key is abc' }))
  const broken = { ...provider, signIn: { ...(provider.signIn as BrowserSignIn), start } }
  const answer = await create({}, [broken]).createAuthRoutes()({
    method: 'POST',
    url: '/auth/login',
    headers: { 'sec-fetch-site': 'same-origin' },
    body: {},
  })
  expect([answer?.status, answer?.body]).toEqual([500, expect.not.stringContaining('abc')])
  expect(answer?.body).toContain('Authentication is not set up correctly.')
})

it.each<[unknown, string | undefined, string]>([
  ['eve@example.test', 'eve@example.test', 'taken'],
  ['eve@example.test', 'Eve@Example.test', 'taken'],
  ['eve@example.test', 'alice@example.test', 'ERR_SIGN_IN_REFUSED'],
  ['eve@example.test', undefined, 'ERR_SIGN_IN_REFUSED'],
  [['eve@example.test'], 'eve@example.test', 'ERR_SIGN_IN_REFUSED'],
  [{ toString: 1 }, 'eve@example.test', 'ERR_SIGN_IN_REFUSED'],
])('a link of a mail to %j, where the browser asked for %s: %s', async (email, answer, outcome) => {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const idToken = `${encode({ alg: 'ES512' })}.${encode({ email })}.AA`
  const { signIn } = justAuthenticateMe({ appId: 'app', login: true })
  const url = new URL(`https://shop.example/auth/callback/justauthenticateme?${new URLSearchParams({ idToken })}`)
  const came = { url, state: '', kept: {}, ...(answer !== undefined && { answer }) }
  const finished = signIn?.finish(came, {} as ProviderContext).then(
    () => 'taken',
    ({ code }) => code,
  )
  expect(await finished).toBe(outcome)
})

describe('the options of a session', () => {
  it.each<[Partial<SessionOptions>, string]>([
    [{ keys: 'short' }, 'must have at least 32 bytes'],
    [{ keys: 'x'.repeat(31) }, 'must have at least 32 bytes'],
    [{ keys: [] }, 'must have at least one'],
    [{ keys: [key, ''] }, 'must not be empty'],
    [{ keys: 'your-session-secret-goes-here-please-now' }, 'is a placeholder'],
    [{ keys: undefined as never }, 'option keys: is missing'],
    [{ baseUrl: 'http://shop.example' }, 'must be an https URL (http on loopback only)'],
    [{ baseUrl: 'https://shop.example/app' }, 'must be without a path'],
    [{ baseUrl: 'shop.example' }, 'must be an https URL'],
    [{ path: 'auth' }, 'must be a path such as /auth'],
    [{ path: '/auth/../x' }, 'must be a path such as /auth'],
    [{ cookieName: 'a b' }, 'must be at most 40 letters'],
    [{ rolling: 1 }, 'must be at least 60 s'],
    [{ rolling: 7200, absolute: 3600 }, 'must not be more than absolute'],
    [{ absolute: 40 * 86_400 }, 'must not be more than maxTokenLifetime'],
    [{ maxCookieBytes: 100 }, 'must be at least 1024'],
    [{ store: {} as never }, 'must be a SessionStore'],
    [{ store: { read() {}, write() {} } as never }, 'must be a SessionStore'],
    [{ keyss: key } as never, 'did you mean keys?'],
  ])('are refused when it is built: %j', (session, message) => {
    expect(() => create(session)).toThrow(message)
  })

  it('need the authenticator itself, and providers to sign in at that are told apart', () => {
    const auth = createAuthenticator({ providers: [justAuthenticateMe({ appId: 'app' })] })
    made.push(auth)
    const session = { baseUrl: 'https://shop.example', keys: key }
    expect(() => createRequestAuthenticator({ ...auth }, { session })).toThrow('not a copy of it')
    expect(() => createRequestAuthenticator(auth, { session }).createAuthRoutes()).toThrow('no provider is set up')
    expect(() => createRequestAuthenticator(auth).createAuthRoutes()).toThrow('the option session')
    const twins = ['a', 'b'].map((orgId) => trustAuthX({ ...credentials, orgId, login: true }))
    expect(() => create({}, twins).createAuthRoutes()).toThrow('have the name "trustauthx"')
  })

  it('make cookies for https that no subdomain can set, and plain ones on loopback', async () => {
    const cookiesAt = async (baseUrl: string) => {
      const answer = await create({ baseUrl }).createAuthRoutes()({
        method: 'POST',
        url: '/auth/login',
        headers: { 'sec-fetch-site': 'same-origin' },
        body: {},
      })
      expect(answer?.status).toBe(303)
      return [answer?.headers['Set-Cookie']].flat()
    }
    const value = '[\\w.-]+; Max-Age=900; Path=/; HttpOnly; '
    expect(await cookiesAt('https://shop.example')).toEqual([
      expect.stringMatching(`^__Host-claviger-flow-[\\w-]+=${value}Secure; SameSite=Lax$`),
    ])
    expect(await cookiesAt('http://localhost:3000')).toEqual([
      expect.stringMatching(`^claviger-flow-[\\w-]+=${value}SameSite=Lax$`),
    ])
  })
})

describe('the seal', () => {
  const [old, fresh] = ['an older secret of the session cookies', 'a newer secret of the session cookies']

  it('opens what it has sealed, for the same purpose, with any of its keys', async () => {
    const seal = createSessionSeal([fresh, old])
    const { text } = await createSessionSeal([old]).seal('session', { a: 1 })
    expect(await seal.open('session', text)).toEqual({ a: 1 })
    expect(await createSessionSeal([fresh]).open('session', text)).toBeUndefined()
    for (const purpose of ['use', 'sign-in', 'stored session'] as const) {
      expect(await seal.open(purpose, text)).toBeUndefined()
    }
    expect((await seal.seal('session', { a: 1 })).text).not.toBe((await seal.seal('session', { a: 1 })).text)
  })

  it('opens nothing in which a character has changed', async () => {
    const seal = createSessionSeal([fresh])
    const { text } = await seal.seal('session', { a: 1 })
    for (let at = 0; at < text.length; at += 1) {
      const other = text[at] === 'A' ? 'Q' : 'A'
      const changed = text.slice(0, at) + other + text.slice(at + 1)
      // The last character of a segment may hold bits that stand for nothing.
      const opened = await seal.open('session', changed)
      if (opened !== undefined) expect(['.', undefined]).toContain(text[at + 1])
    }
  })
})
