import { createTestClock, createTestKey, type TestIssuerOptions, type TokenOptions } from '@claviger/testing'
import { afterEach, describe, expect, it } from '@jest/globals'
import type { AuthenticatorOptions } from '../src/index.ts'
import { createRemoteKeySet } from '../src/keys.ts'
import { oidc } from '../src/providers/oidc.ts'
import { createCleanup, createGate, keysOf, letRefresh, outcomeOf, tally, until } from './support/faults.ts'
import { freshness } from './support/refreshed.ts'

const cleanup = createCleanup()
afterEach(cleanup.close)

async function set({
  issuer: issuerOptions,
  ...options
}: { issuer?: TestIssuerOptions } & Partial<AuthenticatorOptions> = {}) {
  const clock = createTestClock()
  const gate = createGate()
  const issuer = await cleanup.issuer({ clock, ...issuerOptions })
  const auth = cleanup.authenticator({
    providers: [oidc({ issuer: issuer.issuer, audience: issuer.audience })],
    clock,
    fetch: gate.fetch,
    ...options,
  })
  const ask = (options?: TokenOptions) => auth.verify(issuer.tokenFor(options))
  const asks = (count: number, options?: TokenOptions) => Array.from({ length: count }, () => ask(options))
  return { clock, gate, issuer, auth, ask, asks }
}

const limits = {
  ...freshness,
  cooldown: 10,
  timeout: 5,
  maxBytes: 1_048_576,
  maxKeys: 100,
}

/** A token of a key that nobody has. */
const forged = (kid: string): TokenOptions => ({ header: { kid } })

describe('a rotation refuses nobody', () => {
  it.each([
    ['the old key is kept', true],
    ['the old key is taken away', false],
  ])('when the issuer signs with the new key at once, right after our last fetch, and %s', async (_, keepPrevious) => {
    const { issuer, ask, asks } = await set()
    await ask()
    await issuer.rotate({ keepPrevious })
    expect(await tally(asks(100))).toEqual({ alice: 100 })
    expect(issuer.requests('jwks')).toBe(2)
  })

  it('but who has a token of a key that was taken away while we slept: within a minute', async () => {
    const { issuer, auth, ask, clock } = await set()
    const token = issuer.tokenFor({ expiresIn: 12 * 3600 })
    await auth.verify(token)
    await issuer.rotate({ keepPrevious: false })
    clock.set(clock.now() / 1000 + 1800)
    expect(await outcomeOf(auth.verify(token))).toBe('alice')
    await letRefresh(auth, clock, 60)
    expect(await outcomeOf(auth.verify(token))).toBe('401 ERR_TOKEN_KEY')
    expect(await outcomeOf(ask())).toBe('alice')
  })

  it('of those who still have tokens of the old key', async () => {
    const { issuer, ask, asks } = await set()
    const key = issuer.current
    await ask()
    await issuer.rotate()
    expect(await tally([...asks(50, { key }), ...asks(50), ...asks(50, { key })])).toEqual({ alice: 150 })
    expect(issuer.requests('jwks')).toBe(2)
  })

  it('while a refresh in the background has been answered, but not yet with the new key', async () => {
    const { issuer, ask, asks, gate, clock } = await set()
    await ask()
    gate.shut()
    await clock.advance(280)
    await until(() => gate.waiting() === 1)
    await issuer.rotate()
    const asking = tally(asks(100))
    gate.open()
    expect(await asking).toEqual({ alice: 100 })
    expect(issuer.requests('jwks')).toBe(3)
  })

  it('on a cold start, when the first answer was given before the rotation', async () => {
    const { issuer, ask, asks, gate } = await set()
    gate.shut()
    const first = outcomeOf(ask())
    await until(() => gate.waiting() === 1)
    await issuer.rotate()
    const asking = tally(asks(100))
    gate.open()
    expect([await first, await asking]).toEqual(['alice', { alice: 100 }])
    expect(issuer.requests('jwks')).toBe(2)
  })

  it('that follows upon another in the same moment', async () => {
    const { issuer, ask, asks } = await set()
    await ask()
    for (let rotation = 1; rotation <= 4; rotation += 1) {
      await issuer.rotate()
      expect(await tally(asks(100))).toEqual({ alice: 100 })
      expect(issuer.requests('jwks')).toBe(1 + rotation)
    }
  })

  it('that follows while the look for the key before is under way', async () => {
    const { issuer, ask, asks, gate } = await set()
    await ask()
    await issuer.rotate()
    gate.shut()
    const first = tally(asks(100))
    await until(() => gate.waiting() === 1)
    await issuer.rotate()
    const second = tally(asks(100))
    gate.open()
    expect([await first, await second]).toEqual([{ alice: 100 }, { alice: 100 }])
    expect(issuer.requests('jwks')).toBe(3)
  })

  it('after traffic as there is every day: forged, expired and foreign tokens of known keys', async () => {
    const { issuer, ask, asks } = await set()
    await ask()
    const forger = await createTestKey('ES256', { kid: issuer.current.kid })
    const refused = [ask({ expiresIn: -100 }), ask({ audience: 'other' }), ask({ key: forger })]
    expect(await tally(refused)).toEqual({
      '401 ERR_TOKEN_EXPIRED': 1,
      '401 ERR_TOKEN_AUDIENCE': 1,
      '401 ERR_TOKEN_SIGNATURE': 1,
    })
    await issuer.rotate()
    await issuer.rotate()
    expect(await tally(asks(10))).toEqual({ alice: 10 })
  })

  it('after an outage, during which nobody could look', async () => {
    const { issuer, ask, asks, clock, auth } = await set()
    await ask()
    issuer.fail('jwks', 'reset')
    expect(await outcomeOf(ask(forged('nobody')))).toBe('503')
    issuer.heal()
    await clock.advance(2)
    await until(() => keysOf(auth).lastError === undefined)
    await issuer.rotate()
    expect(await tally(asks(100))).toEqual({ alice: 100 })
  })
})

describe('a look in vain', () => {
  it('costs a new key the rest of the cool-down, and no more', async () => {
    const { issuer, ask, clock } = await set({ keys: { cooldown: 10 } })
    await ask()
    expect(await outcomeOf(ask(forged('nobody')))).toBe('401 ERR_TOKEN_KEY')
    await issuer.rotate()
    expect(await outcomeOf(ask())).toBe('401 ERR_TOKEN_KEY')
    await clock.advance(9.9)
    expect(await outcomeOf(ask())).toBe('401 ERR_TOKEN_KEY')
    await clock.advance(0.1)
    expect(await outcomeOf(ask())).toBe('alice')
    expect(issuer.requests('jwks')).toBe(3)
  })

  it('is as good on a cold start', async () => {
    const { issuer, ask } = await set()
    expect(await outcomeOf(ask(forged('nobody')))).toBe('401 ERR_TOKEN_KEY')
    expect(await outcomeOf(ask(forged('nobody else')))).toBe('401 ERR_TOKEN_KEY')
    expect(await outcomeOf(ask())).toBe('alice')
    expect(issuer.requests('jwks')).toBe(1)
  })
})

describe('a key that its issuer has taken away', () => {
  it('is refused at the next refresh, with the tokens that were remembered', async () => {
    const { issuer, auth, clock } = await set()
    const [known, other] = [issuer.tokenFor(), issuer.tokenFor({ subject: 'bob' })]
    await auth.verify(known)
    await issuer.rotate({ keepPrevious: false })
    // Nobody has told us yet.
    expect(await outcomeOf(auth.verify(known))).toBe('alice')
    await letRefresh(auth, clock)
    expect(issuer.requests('jwks')).toBe(2)
    expect(await tally([auth.verify(known), auth.verify(other)])).toEqual({ '401 ERR_TOKEN_KEY': 2 })
    expect(await outcomeOf(auth.verify(issuer.tokenFor()))).toBe('alice')
  })

  it('is refused although all else stays as it was', async () => {
    const { issuer, auth, ask, clock } = await set()
    const [old, known] = [issuer.current, issuer.tokenFor()]
    await issuer.rotate()
    await Promise.all([auth.verify(known), ask()])
    issuer.removeKey(old.kid)
    await letRefresh(auth, clock)
    expect([await outcomeOf(auth.verify(known)), await outcomeOf(ask())]).toEqual(['401 ERR_TOKEN_KEY', 'alice'])
  })

  it('is refused although another has come in its place, and all else stays as it was', async () => {
    const { issuer, auth, ask, clock } = await set()
    const [old, known] = [issuer.current, issuer.tokenFor()]
    await issuer.rotate()
    const remaining = issuer.tokenFor()
    await Promise.all([auth.verify(known), auth.verify(remaining)])
    issuer.removeKey(old.kid)
    await issuer.rotate()
    await letRefresh(auth, clock)
    expect(await tally([auth.verify(known), auth.verify(remaining), ask()])).toEqual({
      '401 ERR_TOKEN_KEY': 1,
      alice: 2,
    })
  })

  it('is refused as soon as a look for another key has told us', async () => {
    const { issuer, auth, ask } = await set()
    const known = issuer.tokenFor()
    await auth.verify(known)
    await issuer.rotate({ keepPrevious: false })
    expect(await outcomeOf(ask())).toBe('alice')
    expect(await outcomeOf(auth.verify(known))).toBe('401 ERR_TOKEN_KEY')
  })

  it('is not mistaken for another of its name', async () => {
    const { issuer, auth, clock, ask } = await set()
    const [old, known] = [issuer.current, issuer.tokenFor()]
    await auth.verify(known)
    await issuer.rotate({ kid: old.kid, keepPrevious: false })
    await letRefresh(auth, clock)
    expect([await outcomeOf(ask()), await outcomeOf(auth.verify(known))]).toEqual(['alice', '401 ERR_TOKEN_SIGNATURE'])
  })

  it('is a stranger when it comes back', async () => {
    const { issuer, auth, ask, clock } = await set()
    const known = issuer.tokenFor()
    const key = issuer.current
    await auth.verify(known)
    await issuer.rotate({ keepPrevious: false })
    await ask()
    expect(await outcomeOf(auth.verify(known))).toBe('401 ERR_TOKEN_KEY')
    issuer.publish(key.publicJwk)
    await clock.advance(11)
    expect(await outcomeOf(auth.verify(known))).toBe('alice')
  })
})

describe('keys without names', () => {
  const nameless = { header: { kid: undefined } }
  async function setNameless() {
    const made = await set()
    const { issuer } = made
    const publish = () => {
      issuer.jwksText = JSON.stringify({ keys: issuer.jwks().keys.map(({ kid: _, ...jwk }) => jwk) })
    }
    publish()
    return {
      ...made,
      async rotate(keepPrevious: boolean) {
        await issuer.rotate({ keepPrevious })
        publish()
      },
    }
  }

  it.each([
    ['the token names none', nameless],
    ['the token names one', {}],
  ])('are renewed without refusing anybody, and %s', async (_, options) => {
    const { issuer, ask, asks, rotate } = await setNameless()
    await ask(options)
    await rotate(false)
    expect(await tally(asks(100, options))).toEqual({ alice: 100 })
    expect(issuer.requests('jwks')).toBe(2)
  })

  it('are renewed once in a cool-down, whatever came of it', async () => {
    const { issuer, ask, asks, rotate, clock } = await setNameless()
    await ask(nameless)
    await rotate(false)
    await ask(nameless)
    await rotate(false)
    expect(await tally(asks(100, nameless))).toEqual({ '401 ERR_TOKEN_SIGNATURE': 100 })
    expect(issuer.requests('jwks')).toBe(2)
    await clock.advance(10)
    expect(await tally(asks(100, nameless))).toEqual({ alice: 100 })
    expect(issuer.requests('jwks')).toBe(3)
  })

  it('that come later are tried for a token that was refused before', async () => {
    const { issuer, auth, ask, clock, rotate } = await setNameless()
    await ask(nameless)
    const early = await createTestKey('ES256')
    const token = issuer.tokenFor({ ...nameless, key: early })
    for (let count = 0; count < 2; count += 1)
      expect(await outcomeOf(auth.verify(token))).toBe('401 ERR_TOKEN_SIGNATURE')
    issuer.publish(early.publicJwk)
    await rotate(true)
    await letRefresh(auth, clock)
    expect(await outcomeOf(auth.verify(token))).toBe('alice')
  })

  it('are tried beside named ones for a token that names none', async () => {
    const { issuer, ask, asks } = await set()
    const key = issuer.current
    await issuer.rotate()
    expect(await tally([...asks(10, { ...nameless, key }), ...asks(10, nameless)])).toEqual({ alice: 20 })
    await ask(nameless)
    expect(issuer.requests('jwks')).toBe(1)
  })

  it('are renewed for a token that came before the renewal and is looked at after it', async () => {
    const { issuer, clock } = await set()
    let asked = 0
    const keys = createRemoteKeySet({
      issuer: issuer.issuer,
      clock,
      limits,
      addresses: async () => ['https://id.example.com/jwks'],
      async request() {
        asked += 1
        return { status: 200, headers: new Headers(), body: issuer.jwks(), json: true, text: '' }
      },
    })
    await keys.ready()
    const { generation } = keys
    await issuer.rotate({ keepPrevious: false })
    expect([await keys.renew(generation), await keys.renew(generation), asked]).toEqual([true, true, 2])
    expect([await keys.renew(keys.generation), asked]).toEqual([false, 2])
    await clock.advance(11)
    expect([await keys.renew(generation), asked]).toEqual([true, 2])
    keys.close()
  })

  it('end the questions also when the issuer shows another set each time', async () => {
    const issuer = await cleanup.issuer()
    const sets = await Promise.all([0, 1, 2].map(() => cleanup.issuer()))
    let turn = 0
    const stub = await cleanup.stub((_, response) => {
      turn += 1
      response.end(JSON.stringify(sets[turn % sets.length]?.jwks()))
    })
    const auth = cleanup.authenticator({
      providers: [oidc({ issuer: issuer.issuer, audience: issuer.audience, jwksUri: `${stub.origin}/jwks` })],
    })
    expect(await outcomeOf(auth.verify(issuer.tokenFor(nameless)))).toBe('401 ERR_TOKEN_SIGNATURE')
    expect(stub.asked.length).toBe(2)
  })
})
