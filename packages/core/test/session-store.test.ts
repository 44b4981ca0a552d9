import { setTimeout as pause } from 'node:timers/promises'
import { beforeEach, describe, expect, it } from '@jest/globals'
import { AuthError, type SessionStore, type StoredSession } from '../src/index.ts'
import type { Browser } from './support/browser.ts'
import { until } from './support/faults.ts'
import { buildPlain } from './support/plain-app.ts'
import { createSessionStage } from './support/session-stage.ts'

const stage = createSessionStage(buildPlain)
const { clock, use, signIn, me } = stage

/** A store of an app's own, which a test can let fail. */
class Memory implements SessionStore {
  readonly held = new Map<string, StoredSession>()
  readonly lives: object[] = []
  writes = 0
  readsNothing = false
  takesNothing = false
  onRead = async () => {}

  async read(name: string): Promise<StoredSession | undefined> {
    await this.onRead()
    if (this.readsNothing) throw new Error('down')
    return this.held.get(name)
  }

  async write(name: string, session: StoredSession, lives: object): Promise<boolean> {
    this.writes += 1
    if (this.takesNothing) throw new Error('down')
    if ((this.held.get(name)?.version ?? 0) !== session.version - 1) return false
    this.lives.push(lives)
    return this.held.set(name, session).size > 0
  }

  async end(name: string): Promise<void> {
    this.held.delete(name)
  }

  versions(): number[] {
    return [...this.held.values()].map(({ version }) => version)
  }
}

let store: Memory
/** Another process of the app, or the same once more. */
const start = () => use({ store, absolute: 86_400 })
const asked = () => stage.at.logto.requests('token')

beforeEach(() => {
  store = new Memory()
  start()
})

/** How often the store is asked to take something from now on. */
async function furtherAttempts(): Promise<number> {
  const { writes } = store
  for (let i = 0; i < 3; i += 1) {
    await clock.advance(0.5)
    await pause(20)
  }
  return store.writes - writes
}

describe('a session in a store', () => {
  it('is not known while the store fails in whatever way, and is not lost by that', async () => {
    const browser = await signIn('logto', 'alice')
    expect(browser.names(stage.origin)).toEqual(['claviger'])
    store.readsNothing = true
    const { status, visited } = await me(browser)
    expect([status, visited.headers.get('retry-after'), visited.setCookies]).toEqual([503, '5', []])
    store.readsNothing = false
    store.onRead = () => Promise.reject(new AuthError('ERR_STORE_UNAVAILABLE', { retryAfter: 7 }))
    expect((await me(browser)).visited.headers.get('retry-after')).toBe('7')
    store.onRead = async () => {}
    expect(await me(browser)).toMatchObject({ status: 200, id: 'alice' })
  })

  it('is good under its own name alone', async () => {
    const [alice, bob] = [await signIn('logto', 'alice'), await signIn('logto', 'bob')]
    const [[one, ofAlice], [other, ofBob]] = [...store.held] as [[string, StoredSession], [string, StoredSession]]
    store.held.set(one, ofBob).set(other, ofAlice)
    expect([(await me(alice)).status, (await me(bob)).status]).toEqual([401, 401])
    store.held.set(one, { ...ofAlice, sealed: 'x' })
    expect((await me(alice)).status).toBe(401)
    store.held.set(one, ofAlice)
    expect((await me(alice)).id).toBe('alice')
    // An id that is sealed for something else is none.
    alice.set(stage.origin, 'claviger', ofAlice.sealed)
    expect((await me(alice)).status).toBe(401)
  })

  it('is over after its time, whatever the store has, and the cookie of its id too', async () => {
    const began = clock.now() / 1000
    const browser = await signIn('logto', 'alice')
    expect(store.lives).toEqual([{ rolling: 86_400, until: Math.floor(began) + 86_400 }])
    await clock.advance(86_390)
    expect((await me(browser)).status).toBe(200)
    await clock.advance(11)
    expect([(await me(browser)).status, store.versions()]).toEqual([401, [2]])
  })

  it('is not begun where the store does not take it', async () => {
    const refusals = async () => {
      const { browser, callback } = await stage.onTheWay('alice')
      const done = await browser.open(callback)
      return [done.status, browser.names(stage.origin)]
    }
    store.takesNothing = true
    expect(await refusals()).toEqual([503, []])
    store.takesNothing = false
    expect([await furtherAttempts(), store.versions()]).toEqual([0, []])
    store.write = async () => false
    expect(await refusals()).toEqual([503, []])
  })

  it('goes on with what another process has got, where its own refresh comes too late', async () => {
    const browser = await signIn('logto', 'alice')
    await clock.advance(3700)
    const headers = { 'content-type': 'application/json' }
    stage.at.logto.fail('token', { status: 400, headers, body: '{"error":"invalid_grant"}' }, { times: 1 })
    let reads = 0
    store.onRead = async () => {
      reads += 1
      if (reads !== 2) return
      start()
      expect((await me(browser)).id).toBe('alice')
    }
    expect([(await me(browser)).id, store.versions()]).toEqual(['alice', [2]])
    // And ends where nobody has got anything.
    await clock.advance(3700)
    stage.at.logto.fail('token', { status: 400, headers, body: '{"error":"invalid_grant"}' }, { times: 1 })
    expect([(await me(browser)).status, store.versions(), browser.names(stage.origin)]).toEqual([401, [], []])
  })

  it('that has ended while it was refreshed is over', async () => {
    const browser = await signIn('logto', 'alice')
    await clock.advance(3700)
    const { write } = store
    store.write = async (...args) => {
      store.held.clear()
      return write.apply(store, args)
    }
    expect([(await me(browser)).status, store.versions(), browser.names(stage.origin)]).toEqual([401, [], []])
  })
})

describe('a new pair that a store does not take', () => {
  async function unsaved(user = 'alice'): Promise<Browser> {
    const browser = await signIn('logto', user)
    await clock.advance(3700)
    store.takesNothing = true
    expect((await me(browser)).status).toBe(503)
    return browser
  }

  /** Waits for the next attempt, half a second later; to seal takes a moment of its own. */
  async function nextAttempt(): Promise<void> {
    const { writes } = store
    await clock.advance(0.5)
    await until(() => store.writes > writes)
  }

  it('is stored within half a second after it does, and any process goes on with it', async () => {
    const before = asked()
    const browser = await unsaved()
    // One attempt at a time, however many ask.
    for (let i = 0; i < 3; i += 1) expect((await me(browser)).status).toBe(503)
    const { writes } = store
    await nextAttempt()
    await nextAttempt()
    expect(store.writes - writes).toBe(2)
    store.takesNothing = false
    await nextAttempt()
    expect(store.versions()).toEqual([2])
    start()
    expect([(await me(browser)).id, asked() - before]).toEqual(['alice', 2])
    expect(await furtherAttempts()).toBe(0)
  })

  it('is stored by the process that has it when it is asked for, at once', async () => {
    const browser = await unsaved()
    store.takesNothing = false
    expect([(await me(browser)).id, store.versions()]).toEqual(['alice', [2]])
    await clock.advance(3700)
    const { id, visited } = await me(browser)
    // The id does not change.
    expect([id, visited.setCookies, store.versions()]).toEqual(['alice', [], [3]])
  })

  it('is one of many that are tried one after the other, and nothing goes on when all are stored', async () => {
    const browsers = [await signIn('logto', 'alice'), await signIn('logto', 'bob')]
    await clock.advance(3700)
    store.takesNothing = true
    for (const browser of browsers) expect((await me(browser)).status).toBe(503)
    const { writes } = store
    await nextAttempt()
    await pause(20)
    expect(store.writes - writes).toBe(1)
    store.takesNothing = false
    await nextAttempt()
    await until(() => store.versions().every((version) => version === 2))
    const { after } = clock
    let timers = 0
    Object.assign(clock, {
      after: (...args: Parameters<typeof after>) => {
        if (args[0] === 500) timers += 1
        return after(...args)
      },
    })
    await furtherAttempts()
    Object.assign(clock, { after })
    expect(timers).toBe(0)
  })

  it('gives way to what another process has stored meanwhile', async () => {
    const browser = await unsaved()
    const [[name, { version, sealed }]] = [...store.held] as [[string, StoredSession]]
    store.held.set(name, { version: version + 2, sealed })
    store.takesNothing = false
    await nextAttempt()
    expect(store.versions()).toEqual([3])
    expect([await furtherAttempts(), browser.names(stage.origin)]).toEqual([0, ['claviger']])
  })

  it('is not stored any more when its session has ended', async () => {
    const browser = await unsaved()
    await browser.open(`${stage.origin}/auth/logout`, { form: {} })
    store.takesNothing = false
    expect([await furtherAttempts(), store.versions()]).toEqual([0, []])
  })

  it('is given up after an hour', async () => {
    await unsaved()
    await clock.advance(3590)
    await nextAttempt()
    await clock.advance(20)
    await furtherAttempts()
    expect(await furtherAttempts()).toBe(0)
  })
})
