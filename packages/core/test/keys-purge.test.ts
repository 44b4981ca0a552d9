import { createTestClock, createTestKey, type TokenOptions } from '@claviger/testing'
import { afterEach, describe, expect, it } from '@jest/globals'
import type { AuthenticatorOptions } from '../src/index.ts'
import { type OidcOptions, oidc } from '../src/providers/oidc.ts'
import { createCleanup, createGate, keysOf, letRefresh, outcomeOf, tally, until } from './support/faults.ts'

const cleanup = createCleanup()
afterEach(cleanup.close)

const unknown = '401 ERR_TOKEN_KEY'

async function set(provider: Partial<OidcOptions> = {}, more: Partial<AuthenticatorOptions> = {}) {
  const clock = createTestClock()
  const gate = createGate()
  const issuer = await cleanup.issuer({ clock })
  const auth = cleanup.authenticator({
    providers: [oidc({ issuer: issuer.issuer, audience: issuer.audience, ...provider })],
    clock,
    fetch: gate.fetch,
    ...more,
  })
  const ask = (options?: TokenOptions) => outcomeOf(auth.verify(issuer.tokenFor(options)))
  const refresh = () => letRefresh(auth, clock)
  return { clock, gate, issuer, auth, ask, refresh }
}

describe('a purged key', () => {
  it('is refused at once, with the tokens that were remembered, and nothing is asked for it', async () => {
    const { issuer, auth, ask } = await set()
    const [leaked, known] = [issuer.current, issuer.tokenFor()]
    await issuer.rotate()
    expect([await ask(), await outcomeOf(auth.verify(known))]).toEqual(['alice', 'alice'])
    auth.purge(issuer.issuer, leaked.kid)
    expect(await outcomeOf(auth.verify(known))).toBe(unknown)
    expect(await ask()).toBe('alice')
    expect(keysOf(auth).keys).toBe(1)
  })

  it('stays dead for good, although its issuer goes on publishing it', async () => {
    const { issuer, auth, ask, refresh } = await set()
    const leaked = issuer.current
    await issuer.rotate()
    await ask()
    auth.purge(issuer.issuer, leaked.kid)
    for (let count = 0; count < 3; count += 1) {
      await refresh()
      expect([await ask({ key: leaked }), await ask()]).toEqual([unknown, 'alice'])
    }
    expect(keysOf(auth)).toMatchObject({ keys: 1, ignored: [{ kid: leaked.kid, reason: 'purged, or burned earlier' }] })
  })

  it.each(['the same name', 'another name', 'no name'])('stays dead under %s', async (name) => {
    const { issuer, auth, ask, refresh } = await set()
    const leaked = issuer.current
    await ask()
    auth.purge(issuer.issuer, leaked.kid)
    const kid = { 'the same name': leaked.kid, 'another name': 'new', 'no name': undefined }[name]
    await issuer.rotate({ keepPrevious: false })
    issuer.publish(JSON.parse(JSON.stringify({ ...leaked.publicJwk, kid })))
    await refresh()
    expect(await ask({ key: leaked, header: { kid } })).toMatch(/^401 /)
    expect(await ask()).toBe('alice')
  })

  it('may be replaced by another of its name', async () => {
    const { issuer, auth, ask, refresh } = await set()
    const leaked = issuer.current
    await ask()
    auth.purge(issuer.issuer, leaked.kid)
    await issuer.rotate({ kid: leaked.kid, keepPrevious: false })
    await refresh()
    expect([await ask(), await ask({ key: leaked })]).toEqual(['alice', '401 ERR_TOKEN_SIGNATURE'])
  })

  it('may be purged before it was ever seen, and then dies on sight', async () => {
    const { issuer, auth, ask, refresh } = await set()
    const leaked = issuer.current
    await issuer.rotate()
    issuer.publish({ ...(await createTestKey('ES256')).publicJwk, kid: leaked.kid })
    auth.purge(issuer.issuer, leaked.kid)
    expect([await ask({ key: leaked }), await ask()]).toEqual([unknown, 'alice'])
    expect(keysOf(auth).keys).toBe(1)
    await refresh()
    expect([await ask({ key: leaked }), await ask()]).toEqual([unknown, 'alice'])
  })

  it('is none yet where nothing is held: keys that come later are good, named or not', async () => {
    const { issuer, auth, ask } = await set()
    issuer.jwksText = JSON.stringify({ keys: issuer.jwks().keys.map(({ kid: _, ...jwk }) => jwk) })
    auth.purge(issuer.issuer)
    expect(await ask()).toBe('alice')
  })

  it('that died on sight may be replaced by another of its name, too', async () => {
    const { issuer, auth, ask, refresh } = await set()
    const leaked = issuer.current
    auth.purge(issuer.issuer, leaked.kid)
    expect(await ask()).toBe(unknown)
    await issuer.rotate({ kid: leaked.kid, keepPrevious: false })
    await refresh()
    expect([await ask(), await ask({ key: leaked })]).toEqual(['alice', '401 ERR_TOKEN_SIGNATURE'])
  })

  it('is refused with all others where no name is given, until there is a new one', async () => {
    const { issuer, auth, ask, refresh } = await set()
    const known = issuer.tokenFor()
    const old = issuer.current
    await issuer.rotate()
    await ask()
    await auth.verify(known)
    auth.purge(issuer.issuer)
    expect([await ask(), await outcomeOf(auth.verify(known))]).toEqual([unknown, unknown])
    expect(auth.health().ok).toBe(false)
    await refresh()
    expect(await ask()).toBe(unknown)
    await issuer.rotate()
    await refresh()
    expect([await ask(), await ask({ key: old })]).toEqual(['alice', unknown])
    expect(auth.health().ok).toBe(true)
  })

  it('stays dead when the answer of a refresh under way says that nothing has changed', async () => {
    const { issuer, auth, ask, gate, clock } = await set()
    const leaked = issuer.current
    await issuer.rotate()
    await ask()
    gate.shut()
    await clock.advance(280)
    await until(() => gate.waiting() === 1)
    expect(issuer.notModified('jwks')).toBe(1)
    auth.purge(issuer.issuer, leaked.kid)
    gate.open()
    await until(() => issuer.requests('jwks') === 3 && Number(keysOf(auth).age) < 280)
    expect(issuer.notModified('jwks')).toBe(1)
    expect([await ask({ key: leaked }), await ask()]).toEqual([unknown, 'alice'])
  })

  it('stays dead when it is all that a 304 could speak of', async () => {
    const { issuer, auth, ask, gate, clock } = await set()
    await ask()
    gate.shut()
    await clock.advance(280)
    await until(() => gate.waiting() === 1)
    auth.purge(issuer.issuer)
    gate.open()
    await until(() => issuer.requests('jwks') === 3 && Number(keysOf(auth).age) < 280)
    expect(await ask()).toBe(unknown)
    await issuer.rotate()
    await clock.advance(10)
    expect(await ask()).toBe('alice')
  })

  it('may be pinned', async () => {
    const issuer = await cleanup.issuer()
    const old = issuer.current
    await issuer.rotate()
    const { auth, ask } = await set({
      issuer: issuer.issuer,
      audience: issuer.audience,
      jwksUri: null,
      jwks: issuer.jwks(),
    })
    const known = issuer.tokenFor({ key: old })
    expect(await outcomeOf(auth.verify(known))).toBe('alice')
    auth.purge(issuer.issuer, old.kid)
    expect(await outcomeOf(auth.verify(known))).toBe(unknown)
    expect(await outcomeOf(auth.verify(issuer.tokenFor()))).toBe('alice')
    expect(auth.health()).toMatchObject({ ok: true, providers: [{ keys: { state: 'fresh', keys: 1 } }] })
    auth.purge(issuer.issuer)
    expect(await outcomeOf(auth.verify(issuer.tokenFor()))).toBe(unknown)
    expect(auth.health()).toMatchObject({ ok: false, providers: [{ keys: { state: 'dead', keys: 0 } }] })
    expect(await ask()).toBe('401 ERR_TOKEN_ISSUER')
  })

  it('may be a secret', async () => {
    const { issuer } = await set()
    const auth = cleanup.authenticator({
      providers: [oidc({ issuer: issuer.issuer, audience: issuer.audience, secret: issuer.secret })],
    })
    const token = issuer.tokenFor({ alg: 'HS256' })
    expect(await outcomeOf(auth.verify(token))).toBe('alice')
    expect(keysOf(auth)).toMatchObject({ state: 'fresh', keys: 1, ignored: [] })
    auth.purge(issuer.issuer)
    expect(await outcomeOf(auth.verify(token))).toBe(unknown)
  })

  it('is named with its issuer, by any of its names', async () => {
    const { issuer, auth, ask } = await set({ issuerAliases: ['https://alias.example.com'] })
    await ask()
    auth.purge('https://alias.example.com', issuer.current.kid)
    expect(await ask()).toBe(unknown)
    expect(() => auth.purge('https://other.example.com')).toThrow(
      'there is no provider with the issuer "https://other.example.com"',
    )
  })
})

describe('a key whose private half is published', () => {
  it('dies at the next refresh, with the tokens that were remembered; the others live', async () => {
    const { issuer, auth, ask, refresh } = await set()
    const [burned, known] = [issuer.current, issuer.tokenFor()]
    await issuer.rotate()
    await auth.verify(known)
    issuer.publish({ ...burned.privateJwk, kid: 'backup' })
    await refresh()
    expect([await outcomeOf(auth.verify(known)), await ask()]).toEqual([unknown, 'alice'])
    expect(keysOf(auth).ignored).toEqual([
      { kid: 'backup', reason: 'a private key', burned: expect.stringMatching(/^[\w-]{43}$/) },
    ])
  })

  it('is never used if it was like that from the beginning', async () => {
    const { issuer, ask } = await set()
    const burned = issuer.current
    await issuer.rotate()
    issuer.publish(burned.privateJwk)
    expect([await ask({ key: burned }), await ask()]).toEqual([unknown, 'alice'])
  })

  it('stays dead when the private half is taken away again', async () => {
    const { issuer, auth, ask, refresh } = await set()
    const burned = issuer.current
    await issuer.rotate()
    await ask()
    issuer.publish({ ...burned.privateJwk, kid: 'backup' })
    await refresh()
    issuer.removeKey('backup')
    await refresh()
    expect([await ask({ key: burned }), await ask()]).toEqual([unknown, 'alice'])
    expect(keysOf(auth).ignored).toEqual([{ kid: burned.kid, reason: 'purged, or burned earlier' }])
  })

  it('dies although the rest of the set is of no use, which is an outage for everybody else', async () => {
    const { issuer, auth, ask, clock } = await set()
    const [burned, known] = [issuer.current, issuer.tokenFor()]
    await issuer.rotate()
    await auth.verify(known)
    issuer.jwksText = JSON.stringify({ keys: [burned.privateJwk] })
    await clock.advance(280)
    await until(() => keysOf(auth).lastError !== undefined)
    expect(keysOf(auth).lastError).toBe(`the key set of ${issuer.issuer} has no usable key (a private key)`)
    expect([await outcomeOf(auth.verify(known)), await ask()]).toEqual(['503', 'alice'])
  })

  it('is not used when it is pinned', async () => {
    const issuer = await cleanup.issuer()
    const burned = issuer.current
    await issuer.rotate()
    const jwks = { keys: [...issuer.jwks().keys, burned.privateJwk] }
    const auth = cleanup.authenticator({
      providers: [oidc({ issuer: issuer.issuer, audience: issuer.audience, jwksUri: null, jwks })],
    })
    expect(await tally([auth.verify(issuer.tokenFor({ key: burned })), auth.verify(issuer.tokenFor())])).toEqual({
      [unknown]: 1,
      alice: 1,
    })
  })
})
