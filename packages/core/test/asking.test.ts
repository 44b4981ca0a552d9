import type { TestClock, TestIssuer } from '@claviger/testing'
import { beforeEach, describe, expect, it } from '@jest/globals'
import type { AuthError, Authenticator, HttpRequest, RefreshExchange } from '../src/index.ts'
import { type AnyFault, breakDown } from './support/faults.ts'
import { stageTokenSets } from './support/token-sets.ts'
import { refusalOf } from './support/tokens.ts'

const { begin, startIssuer, providerOf, authenticator, sessionOf, asked } = stageTokenSets()
// Of a call that hangs; whoever answers needs less, however busy the machine is.
const timeout = 1
let clock: TestClock
let issuer: TestIssuer
let auth: Authenticator

beforeEach(async () => {
  ;({ clock, issuer } = await begin())
  auth = authenticator({ timeout })
  await auth.refresh(sessionOf('known'))
})

const paused = (retryAfter: number) => ({
  outcome: 'unavailable',
  error: {
    code: 'ERR_PROVIDER_UNAVAILABLE',
    headers: { 'Retry-After': String(retryAfter) },
    explanation: expect.stringContaining('has left a call without an answer'),
  },
})
const outcomeOf = async (subject: string, by = auth) => (await by.refresh(sessionOf(subject))).outcome

describe('a token endpoint that does not answer', () => {
  it('is waited for by those who ask at once, and by nobody for 2 seconds after that', async () => {
    issuer.fail('token', 'hang')
    const alice = sessionOf('alice')
    expect((await auth.refresh(alice)).outcome).toBe('unavailable')
    const before = asked()
    await clock.advance(1)
    expect(await auth.refresh(alice)).toMatchObject(paused(1))
    expect(await auth.refresh(sessionOf('bob'))).toMatchObject(paused(1))
    expect(await auth.validateTokenSet(sessionOf('carol'))).toMatchObject(paused(1))
    expect(asked()).toBe(before)
    issuer.heal()
  })

  it.each<AnyFault>(['hang', 'hang-body', 'reset', 'refuse'])(
    'is asked again by one at a time: it fails by %j',
    async (fault) => {
      await breakDown(issuer, 'token', fault)
      expect(await outcomeOf('alice')).toBe('unavailable')
      if (fault === 'refuse') await issuer.start()
      issuer.fail('token', { delay: 0.1 })
      await clock.advance(2)
      const before = asked()
      const all = await Promise.all(Array.from({ length: 20 }, (_, i) => outcomeOf(`user-${i}`)))
      expect(all.sort()).toEqual(['refreshed', ...Array(19).fill('unavailable')])
      expect(asked()).toBe(before + 1)
      expect(await Promise.all(['bob', 'carol', 'alice'].map((user) => outcomeOf(user)))).toEqual(
        Array(3).fill('refreshed'),
      )
      issuer.heal()
    },
  )

  it('is free for all again when the one who got no answer gets one', async () => {
    issuer.fail('token', 'hang')
    expect(await outcomeOf('alice')).toBe('unavailable')
    issuer.heal()
    await clock.advance(2)
    expect(await outcomeOf('alice')).toBe('refreshed')
    const all = await Promise.all(['bob', 'carol', 'dave'].map((user) => outcomeOf(user)))
    expect(all).toEqual(Array(3).fill('refreshed'))
  })

  it('pauses again when that one gets no answer either', async () => {
    issuer.fail('token', 'hang')
    for (const user of ['alice', 'bob']) {
      expect(await auth.refresh(sessionOf(user))).toMatchObject({
        error: { explanation: expect.stringContaining('timed out') },
      })
      await clock.advance(1.9)
      expect(await auth.refresh(sessionOf('carol'))).toMatchObject(paused(1))
      await clock.advance(0.1)
    }
    issuer.heal()
    expect(await outcomeOf('dave')).toBe('refreshed')
  })

  it('pauses from the first failure on, of many calls that were under way', async () => {
    const fails: ((error: Error) => void)[] = []
    const by = authenticator({
      fetch: (url, init) =>
        init.body?.includes('hangs') ? new Promise((_, reject) => fails.push(reject)) : fetch(url, init),
    })
    const { accessToken } = sessionOf('alice')
    const waiting = [1, 2].map((one) => by.refresh({ accessToken, refreshToken: `hangs-${one}` }))
    while (fails.length < 2) await new Promise(setImmediate)
    for (const [at, fail] of fails.entries()) {
      fail(new Error('cut off'))
      expect((await Promise.race(waiting.slice(at))).outcome).toBe('unavailable')
      expect(await by.refresh(sessionOf('bob'))).toMatchObject(paused(2 - at))
      await clock.advance(1)
    }
    expect(await outcomeOf('bob', by)).toBe('refreshed')
  })

  it('is asked by another when one who was to try did not need to', async () => {
    issuer.fail('token', 'hang')
    expect(await outcomeOf('alice')).toBe('unavailable')
    issuer.heal()
    await clock.advance(2)
    const { accessToken } = sessionOf('bob')
    expect(await auth.refresh({ accessToken })).toMatchObject({
      outcome: 'rejected',
      error: { code: 'ERR_TOKEN_MISSING' },
    })
    // And by one still: nothing was learned.
    issuer.fail('token', { delay: 0.1 })
    const all = await Promise.all(['carol', 'dave', 'erin'].map((user) => outcomeOf(user)))
    expect(all.sort()).toEqual(['refreshed', 'unavailable', 'unavailable'])
    issuer.heal()
  })

  it('is not waited for by way of the exchange either', async () => {
    const taken: string[] = []
    const refreshes: RefreshExchange = {
      once(key, ask) {
        taken.push(key)
        return ask()
      },
      async close() {},
    }
    const by = authenticator({ timeout, refreshes })
    issuer.fail('token', 'hang')
    expect(await outcomeOf('alice', by)).toBe('unavailable')
    expect(await by.refresh(sessionOf('bob'))).toMatchObject(paused(2))
    expect(taken).toHaveLength(1)
    issuer.heal()
  })

  it('makes nobody wait for another provider', async () => {
    const other = await startIssuer()
    const providers = [providerOf(issuer), providerOf(other, { name: 'other' })]
    const by = authenticator({ providers, timeout })
    issuer.fail('token', 'hang')
    expect((await by.refresh({ ...sessionOf('alice'), provider: issuer.issuer })).outcome).toBe('unavailable')
    const tokens = { accessToken: 'opaque', refreshToken: other.refreshTokenFor({ subject: 'bob' }), provider: 'other' }
    expect((await by.refresh(tokens)).outcome).toBe('refreshed')
    issuer.heal()
  })
})

describe('nobody else waits for a user', () => {
  it.each([400, 401, 403, 429, 500, 503])('whose refresh is answered with %i', async (status) => {
    for (const user of ['alice', 'alice', 'eve', 'eve']) {
      issuer.fail('token', { status }, { times: 1 })
      expect(await outcomeOf(user)).toBe('unavailable')
    }
    expect(await outcomeOf('bob')).toBe('refreshed')
  })

  it('whose refresh is answered with too much', async () => {
    issuer.fail('token', 'huge', { times: 1 })
    expect(await outcomeOf('alice')).toBe('unavailable')
    expect(await outcomeOf('bob')).toBe('refreshed')
  })

  it('whose refresh token is worth nothing', async () => {
    const tokens = { ...sessionOf('eve'), refreshToken: 'rubbish' }
    expect((await auth.refresh(tokens)).outcome).toBe('rejected')
    expect(await outcomeOf('bob')).toBe('refreshed')
  })

  describe('whose refresh alone gets no answer', () => {
    let by: Authenticator
    let hangs = () => {}
    const eve = () => ({ accessToken: sessionOf('eve').accessToken, refreshToken: 'hangs' })

    beforeEach(async () => {
      by = authenticator({
        timeout,
        fetch(url, init) {
          if (init.body?.includes('hangs') !== true) return fetch(url, init)
          hangs()
          return new Promise(() => {})
        },
      })
      expect(await outcomeOf('known', by)).toBe('refreshed')
    })

    it('while others get theirs', async () => {
      const begun = new Promise<void>((resolve) => {
        hangs = resolve
      })
      const waiting = by.refresh(eve())
      await begun
      expect(await outcomeOf('alice', by)).toBe('refreshed')
      expect((await waiting).outcome).toBe('unavailable')
      expect(await outcomeOf('bob', by)).toBe('refreshed')
    })

    it('more than once, however often they try', async () => {
      expect((await by.refresh(eve())).outcome).toBe('unavailable')
      expect(await by.refresh(sessionOf('alice'))).toMatchObject(paused(2))
      for (const user of ['alice', 'bob', 'carol']) {
        await clock.advance(2)
        // One request of hers at a time waits, too.
        const waiting = Promise.all([by.refresh(eve()), by.refresh(eve())])
        expect(await outcomeOf(user, by)).toBe('refreshed')
        expect(await waiting).toContainEqual(
          expect.objectContaining({ error: expect.objectContaining({ retryAfter: 2 }) }),
        )
        expect(await outcomeOf(`${user}-too`, by)).toBe('refreshed')
      }
    })

    it('nor do they themselves, but for one request in 2 seconds', async () => {
      for (const _ of [1, 2, 3]) {
        expect(await by.refresh(eve())).toMatchObject({
          error: { explanation: expect.stringContaining('timed out') },
        })
        expect(await by.refresh(eve())).toMatchObject(paused(2))
        await clock.advance(2)
      }
    })
  })
})

describe('an introspection endpoint that does not answer', () => {
  const from = (remoteAddress: string): HttpRequest => ({ headers: {}, socket: { remoteAddress } })
  let by: Authenticator
  const told = (token: string, address = '192.0.2.1') =>
    by.verify(token, from(address)).then(
      ({ user }) => user.id,
      ({ code, explanation }: AuthError) => `${code} ${/timed out|pause/.exec(explanation ?? '')?.[0] ?? ''}`.trim(),
    )
  const outage = 'ERR_PROVIDER_UNAVAILABLE'

  beforeEach(async () => {
    const { clientId, clientSecret } = issuer
    by = authenticator({ providers: [providerOf(issuer, { introspection: { clientId, clientSecret } })], timeout })
    expect(await told(issuer.opaqueTokenFor({ subject: 'known' }))).toBe('known')
  })

  it('is waited for by one, and by another after 2 seconds', async () => {
    const [alice, bob] = ['alice', 'bob'].map((subject) => issuer.opaqueTokenFor({ subject })) as [string, string]
    issuer.fail('introspection', 'hang')
    expect(await told(alice)).toBe(`${outage} timed out`)
    expect([await told(alice), await told(bob, '192.0.2.2')]).toEqual(Array(2).fill(`${outage} pause`))
    expect(issuer.requests('introspection')).toBe(2)
    issuer.heal()
    await clock.advance(2)
    expect([await told(bob, '192.0.2.2'), await told(alice)]).toEqual(['bob', 'alice'])
    const more = ['carol', 'dave', 'erin']
    const all = more.map((subject) => told(issuer.opaqueTokenFor({ subject })))
    expect(await Promise.all(all)).toEqual(more)
  })

  it('is not paused by answers about rubbish, or of any status', async () => {
    expect(await told('rubbish')).toBe('ERR_TOKEN_INACTIVE')
    issuer.fail('introspection', { status: 500 }, { times: 1 })
    expect(await told('more')).toBe(outage)
    expect(await told(issuer.opaqueTokenFor({ subject: 'bob' }))).toBe('bob')
  })

  it('is paused for others once, and no more, by the tokens of one source', async () => {
    issuer.fail('introspection', 'hang', { times: 1 })
    expect(await told('rubbish-1', '192.0.2.6')).toBe(`${outage} timed out`)
    await clock.advance(2)
    expect(await told(issuer.opaqueTokenFor({ subject: 'alice' }))).toBe('alice')
    issuer.fail('introspection', 'hang', { times: 1 })
    expect(await told('rubbish-2', '192.0.2.6')).toBe(`${outage} timed out`)
    expect(await told('rubbish-3', '192.0.2.6')).toBe(`${outage} pause`)
    expect(await told(issuer.opaqueTokenFor({ subject: 'bob' }))).toBe('bob')
  })

  it('is paused by one token alone where no request tells a source', async () => {
    issuer.fail('introspection', 'hang', { times: 2 })
    await expect(by.verify('rubbish')).rejects.toMatchObject({ status: 503 })
    await clock.advance(2)
    const waiting = refusalOf(by, 'rubbish')
    expect(await told('rubbish')).toBe(`${outage} timed out`)
    expect((await by.verify(issuer.opaqueTokenFor({ subject: 'bob' }))).user.id).toBe('bob')
    expect(await waiting).toMatchObject({ status: 503 })
  })
})
