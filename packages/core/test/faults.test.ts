import { createTestClock, type TestClock, type TestIssuer } from '@claviger/testing'
import { describe, expect, it } from '@jest/globals'
import type { Authenticator, Provider } from '../src/index.ts'
import { oidc } from '../src/providers/oidc.ts'
import { userinfo } from '../src/userinfo.ts'
import { type AnyFault, breakDown, createCleanup, faults, outcomeOf } from './support/faults.ts'

/** An authenticator, who it asks, and how that fails. */
interface Scene {
  readonly auth: Authenticator
  readonly clock: TestClock
  readonly fail: (fault: AnyFault) => Promise<void>
  /** A token of a user who has been here, or could have been. */
  readonly known: () => string
  /** A token that cannot be verified without asking. */
  readonly stranger: () => Promise<string>
}

type Cleanup = ReturnType<typeof createCleanup>

// The deadline of an outgoing call; a verification makes three at the most. Where nothing hangs it is long, so that a busy machine does
// not run into it.
const hanging: readonly AnyFault[] = ['hang', 'hang-body', 'drip']
const deadline = (fault: AnyFault) =>
  hanging.includes(fault) || (typeof fault === 'object' && 'delay' in fault) ? 1 : 10
const patience = 8000

function oidcOf({ issuer, audience, clientId, clientSecret }: TestIssuer, more = {}): Provider {
  return oidc({ issuer, audience, introspection: { clientId, clientSecret }, ...more })
}

async function rotate(...issuers: TestIssuer[]): Promise<string> {
  const [first, ...mirrors] = issuers as [TestIssuer, ...TestIssuer[]]
  await first.rotate()
  for (const mirror of mirrors) mirror.jwksText = JSON.stringify(first.jwks())
  return first.tokenFor()
}

/** One issuer; the fault is at one of its endpoints. */
const single = (endpoint: 'discovery' | 'jwks') => async (cleanup: Cleanup, timeout: number) => {
  const clock = createTestClock()
  const issuer = await cleanup.issuer({ clock })
  const key = issuer.current
  return {
    auth: cleanup.authenticator({ providers: [oidcOf(issuer)], clock, timeout }),
    clock,
    fail: (fault: AnyFault) => breakDown(issuer, endpoint, fault),
    known: () => issuer.tokenFor({ key }),
    stranger: () => rotate(issuer),
  }
}

/** The issuer has RFC 8414 metadata alone; that is what fails. */
async function rfc8414(cleanup: Cleanup, timeout: number): Promise<Scene> {
  const clock = createTestClock()
  const issuer = await cleanup.issuer({ clock, path: '/tenant' })
  const key = issuer.current
  issuer.fail('discovery', { status: 404 }, { times: 1 })
  issuer.fail('jwks', { delay: 0 })
  return {
    auth: cleanup.authenticator({ providers: [oidcOf(issuer)], clock, timeout }),
    clock,
    async fail(fault) {
      issuer.fail('discovery', { status: 404 }, { times: 1 })
      await breakDown(issuer, 'all', fault)
    },
    known: () => issuer.tokenFor({ key }),
    stranger: () => rotate(issuer),
  }
}

/** Two addresses of the key set; one of them fails, or both do. */
const twoAddresses = (failing: readonly [boolean, boolean]) => async (cleanup: Cleanup, timeout: number) => {
  const clock = createTestClock()
  const issuer = await cleanup.issuer({ clock })
  const key = issuer.current
  const mirror = await cleanup.issuer()
  mirror.jwksText = JSON.stringify(issuer.jwks())
  return {
    auth: cleanup.authenticator({
      providers: [oidcOf(issuer, { jwksUri: [issuer.jwksUri, mirror.jwksUri] })],
      clock,
      timeout: timeout * 2,
    }),
    clock,
    async fail(fault: AnyFault) {
      if (failing[0]) await breakDown(issuer, 'jwks', fault)
      if (failing[1]) await breakDown(mirror, 'jwks', fault)
    },
    known: () => issuer.tokenFor({ key }),
    stranger: () => rotate(issuer, mirror),
  }
}

/** Opaque tokens, checked at an endpoint that fails. */
const opaque = (endpoint: 'introspection' | 'userinfo') => async (cleanup: Cleanup, timeout: number) => {
  const clock = createTestClock()
  const issuer = await cleanup.issuer({ clock })
  const byUserinfo: Provider = {
    name: 'userinfo',
    issuer: issuer.issuer,
    opaque: { verify: userinfo({ user: ({ sub }) => ({ id: String(sub) }) }), cacheFor: 300 },
  }
  const { clientId, clientSecret } = issuer
  const byIntrospection = oidcOf(issuer, { introspection: { clientId, clientSecret, cacheFor: 300 } })
  const token = issuer.opaqueTokenFor()
  return {
    auth: cleanup.authenticator({
      providers: [endpoint === 'userinfo' ? byUserinfo : byIntrospection],
      clock,
      timeout,
    }),
    clock,
    fail: (fault: AnyFault) => breakDown(issuer, endpoint, fault),
    known: () => token,
    stranger: async () => issuer.opaqueTokenFor(),
  }
}

interface Call {
  readonly call: string
  readonly scene: (cleanup: Cleanup, timeout: number) => Promise<Scene>
  /** What a user is answered when nothing was held yet, and a stranger when something was. */
  readonly cold: string
  readonly stranger: string
  /** For opaque tokens each user is a stranger until asked about. */
  readonly opaque?: true
  /** The faults that are an answer to the question asked. */
  readonly verdicts?: Readonly<Record<string, string>>
}

const calls: readonly Call[] = [
  { call: 'OpenID Connect Discovery', scene: single('discovery'), cold: '503', stranger: 'alice' },
  { call: 'RFC 8414 discovery', scene: rfc8414, cold: '503', stranger: 'alice' },
  { call: 'a key set', scene: single('jwks'), cold: '503', stranger: '503' },
  { call: 'the first of two key sets', scene: twoAddresses([true, false]), cold: 'alice', stranger: 'alice' },
  { call: 'the second of two key sets', scene: twoAddresses([false, true]), cold: 'alice', stranger: 'alice' },
  { call: 'each of two key sets', scene: twoAddresses([true, true]), cold: '503', stranger: '503' },
  { call: 'introspection', scene: opaque('introspection'), cold: '503', stranger: '503', opaque: true },
  {
    call: 'userinfo',
    scene: opaque('userinfo'),
    cold: '503',
    stranger: '503',
    opaque: true,
    // RFC 6750: this is how the endpoint says that the token is not good.
    verdicts: { 'answers 401': '401 ERR_TOKEN_INACTIVE' },
  },
]

async function timed(promise: Promise<{ user: { id: string } }>): Promise<string> {
  const started = performance.now()
  const outcome = await outcomeOf(promise)
  const took = performance.now() - started
  return took < patience ? outcome : `${outcome}, after ${took} ms`
}

describe.each(calls)('$call', ({ scene, cold, stranger, verdicts = {}, ...call }) => {
  it.concurrent.each(faults)('that %s makes nobody a stranger, and no stranger a forger', async (name, fault) => {
    const cleanup = createCleanup()
    try {
      const timeout = deadline(fault)
      const [before, between] = await Promise.all([scene(cleanup, timeout), scene(cleanup, timeout)])
      const known = between.known()
      expect(await timed(between.auth.verify(known))).toBe('alice')

      await Promise.all([before.fail(fault), between.fail(fault)])
      const [asked, remembered, visitor, asker] = await Promise.all([
        timed(before.auth.verify(before.known())),
        timed(between.auth.verify(known)),
        timed(between.auth.verify(between.known())),
        between.stranger().then((token) => timed(between.auth.verify(token))),
      ])
      const isDown = fault === 'refuse' && cold === '503'
      expect({ asked, remembered, visitor, asker }).toEqual({
        asked: verdicts[name] ?? cold,
        remembered: 'alice',
        visitor: 'alice',
        asker: verdicts[name] ?? (isDown ? '503' : stranger),
      })

      // The key set should have been fetched again by now.
      await between.clock.advance(290)
      const later = call.opaque ? known : between.known()
      await between.clock.advance(20)
      expect(await timed(between.auth.verify(later))).toBe(call.opaque ? (verdicts[name] ?? '503') : 'alice')
      expect(cleanup.followedRedirects()).toBe(0)
    } finally {
      await cleanup.close()
    }
  })
})

it('an issuer that is slow, but in time, is no fault at all', async () => {
  const cleanup = createCleanup()
  try {
    const issuer = await cleanup.issuer()
    issuer.fail('all', { delay: 0.05 })
    const auth = cleanup.authenticator({ providers: [oidcOf(issuer)] })
    const tokens = [issuer.tokenFor(), issuer.opaqueTokenFor()]
    expect(await Promise.all(tokens.map((token) => timed(auth.verify(token))))).toEqual(['alice', 'alice'])
  } finally {
    await cleanup.close()
  }
})
