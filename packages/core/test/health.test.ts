import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { createTestClock, createTestKey, type TestIssuer } from '@claviger/testing'
import { afterEach, describe, expect, it } from '@jest/globals'
import { createAuthenticator, createRevocationList, createRoleDirectory, type Provider } from '../src/index.ts'
import { oidc } from '../src/providers/oidc.ts'
import { createCleanup, keysOf, outcomeOf, sendJson, until } from './support/faults.ts'

const cleanup = createCleanup()
afterEach(cleanup.close)

const providerOf = ({ issuer, audience }: TestIssuer, name = 'oidc'): Provider => oidc({ issuer, audience, name })

describe('health()', () => {
  it('tells the state of the keys, how old they are, what went wrong and when it is tried again', async () => {
    const clock = createTestClock()
    const issuer = await cleanup.issuer({ clock })
    const auth = cleanup.authenticator({ providers: [providerOf(issuer)], clock, keys: { staleIfError: 3600 } })
    const none = { lastError: undefined, nextRetry: undefined }
    expect(keysOf(auth)).toEqual({ state: 'empty', age: undefined, keys: 0, ignored: [], ...none })

    await auth.ready()
    await clock.advance(100)
    expect(keysOf(auth)).toEqual({ state: 'fresh', age: 100, keys: 1, ignored: [], ...none })

    issuer.fail('jwks', { status: 502 })
    await clock.advance(200)
    await until(() => keysOf(auth).nextRetry !== undefined)
    const failed = {
      lastError: `the key set at ${issuer.issuer} answered with status 502`,
      nextRetry: expect.any(Number),
    }
    expect(keysOf(auth)).toEqual({ state: 'stale', age: 300, keys: 1, ignored: [], ...failed })

    await clock.advance(3600)
    await until(() => keysOf(auth).nextRetry !== undefined)
    expect(keysOf(auth)).toEqual({ state: 'dead', age: 3900, keys: 0, ignored: [], ...failed })

    issuer.heal()
    await clock.advance(30)
    await until(() => keysOf(auth).state === 'fresh')
    expect(keysOf(auth)).toMatchObject({ keys: 1, ...none })
  })

  it('tells how wrong the clock of a provider is, or ours, once it has answered', async () => {
    const clock = createTestClock(1_800_000_000.2)
    const { publicJwk } = await createTestKey('ES256')
    const answering = (ahead: number, body: object) =>
      cleanup.stub((_, response) =>
        sendJson(response, body, { date: new Date(clock.now() + ahead * 1000).toUTCString() }),
      )
    const fast = await answering(300, { keys: [publicJwk] })
    const slow = await answering(-300, { active: false })
    const client = { clientId: 'api', clientSecret: 'a secret of the api' }
    const providers = [
      oidc({ issuer: 'https://a.example', audience: 'api', jwksUri: fast.origin }),
      oidc({
        name: 'b',
        issuer: 'https://b.example',
        audience: 'api',
        jwksUri: null,
        jwks: { keys: [publicJwk] },
        introspection: { ...client, endpoint: slow.origin },
      }),
    ]
    const auth = cleanup.authenticator({ providers, clock })
    const skews = () => auth.health().providers.map(({ clockSkew }) => clockSkew)
    expect(skews()).toEqual([undefined, undefined])
    await auth.ready()
    expect(skews()).toEqual([300, undefined])
    expect(await outcomeOf(auth.verify('opaque'))).toBe('401 ERR_TOKEN_INACTIVE')
    expect(skews()).toEqual([300, -300])
  })

  it.each([-10, 10])('is not moved by a wall clock that jumps by %i years', async (years) => {
    const clock = createTestClock()
    const issuer = await cleanup.issuer()
    const auth = cleanup.authenticator({ providers: [providerOf(issuer)], clock })
    await auth.ready()
    const now = clock.now() / 1000
    clock.set(now + years * 365 * 86_400)
    expect(keysOf(auth)).toMatchObject({ state: 'fresh', age: 0 })
    clock.set(now)
    await clock.advance(30)
    expect(keysOf(auth)).toMatchObject({ state: 'fresh', age: 30 })
    expect([await outcomeOf(auth.verify(issuer.tokenFor())), issuer.requests('jwks')]).toEqual(['alice', 1])
  })

  it('is good until something is known to be wrong, so that an app gets its first token', async () => {
    const [up, down] = [await cleanup.issuer(), await cleanup.issuer()]
    await down.stop()
    const auth = cleanup.authenticator({ providers: [providerOf(up, 'up'), providerOf(down, 'down')] })
    const oks = () => {
      const { ok, providers } = auth.health()
      return [ok, ...providers.map((one) => [one.provider, one.issuer, one.ok])]
    }
    expect(oks()).toEqual([true, ['up', up.issuer, true], ['down', down.issuer, true]])
    await Promise.all([outcomeOf(auth.verify(up.tokenFor())), outcomeOf(auth.verify(down.tokenFor()))])
    expect(oks()).toEqual([false, ['up', up.issuer, true], ['down', down.issuer, false]])
  })

  it('knows nothing of keys where a provider has none, and counts what is revoked', async () => {
    const opaque: Provider = {
      name: 'opaque',
      issuer: 'https://id.example.com',
      opaque: { verify: async () => ({ active: true, claims: {}, user: { id: 'alice' } }) },
    }
    const auth = cleanup.authenticator({ providers: [opaque] })
    await auth.revoke({ token: 'opaque' })
    expect(auth.health()).toEqual({
      ok: true,
      providers: [{ provider: 'opaque', issuer: 'https://id.example.com', ok: true }],
      revocations: 1,
      admission: { running: 0, waiting: 0, refused: 0, suspects: 0 },
    })
    await expect(auth.ready()).resolves.toBeUndefined()
  })
})

describe('ready()', () => {
  it('resolves when the keys of all are there, which nothing has fetched before', async () => {
    const issuers = [await cleanup.issuer(), await cleanup.issuer()]
    const auth = cleanup.authenticator({ providers: issuers.map((issuer, index) => providerOf(issuer, `p${index}`)) })
    expect(issuers.map((issuer) => issuer.requests())).toEqual([0, 0])
    await auth.ready()
    expect(issuers.map((issuer) => issuer.requests('jwks'))).toEqual([1, 1])
    for (const issuer of issuers) await issuer.stop()
    for (const issuer of issuers) expect(await outcomeOf(auth.verify(issuer.tokenFor()))).toBe('alice')
  })

  it('waits for the roles too, and rejects when they cannot be read', async () => {
    const asked: unknown[] = []
    const source = {
      what: 'roles',
      organizations: [undefined],
      async load() {
        asked.push('roles')
        if (asked.length > 1) throw new Error('gone')
        return []
      },
    }
    const issuer = await cleanup.issuer()
    for (const isRead of [true, false]) {
      const auth = cleanup.authenticator({ providers: [providerOf(issuer)], roles: createRoleDirectory({ source }) })
      const ready = auth.ready().then(
        () => true,
        ({ status }) => status,
      )
      expect(await ready).toBe(isRead || 503)
    }
    expect(asked).toHaveLength(2)
  })

  it('rejects when one of them is down, and may be asked again', async () => {
    const clock = createTestClock()
    const [up, down] = [await cleanup.issuer({ clock }), await cleanup.issuer({ clock })]
    const auth = cleanup.authenticator({ providers: [providerOf(up, 'up'), providerOf(down, 'down')], clock })
    down.fail('all', { status: 503 })
    await expect(auth.ready()).rejects.toMatchObject({
      status: 503,
      explanation: `the metadata of "${down.issuer}" answered with status 503`,
    })
    await expect(auth.ready()).rejects.toMatchObject({ status: 503 })
    expect(down.requests()).toBe(1)
    down.heal()
    await clock.advance(2)
    await until(() => auth.health().ok)
    await expect(auth.ready()).resolves.toBeUndefined()
  })
})

describe('close()', () => {
  it('ends what goes on in the background', async () => {
    const clock = createTestClock()
    let timers = 0
    const counting = {
      ...clock,
      after(milliseconds: number, callback: () => void) {
        let over = false
        const end = () => {
          if (!over) timers -= 1
          over = true
        }
        timers += 1
        const cancel = clock.after(milliseconds, () => {
          end()
          callback()
        })
        return () => {
          end()
          cancel()
        }
      },
    }
    const [up, down] = [await cleanup.issuer({ clock }), await cleanup.issuer({ clock })]
    const auth = cleanup.authenticator({
      providers: [providerOf(up, 'up'), providerOf(down, 'down')],
      clock: counting,
    })
    down.fail('jwks', { status: 500 })
    await auth.verify(up.tokenFor())
    await outcomeOf(auth.verify(down.tokenFor()))
    await auth.revoke({ tokenId: 'a' })
    expect(timers).toBeGreaterThan(4)
    await auth.close()
    expect(timers).toBe(0)
    const before = [up.requests(), down.requests()]
    await clock.advance(100_000)
    expect([up.requests(), down.requests()]).toEqual(before)
  })

  it('closes the roles, the refreshes and the revocations that it was given', async () => {
    const closed: string[] = []
    const close = (what: string) => async () => void closed.push(what)
    const roles = createRoleDirectory({ source: { roles: {} } })
    const auth = createAuthenticator({
      providers: [oidc({ issuer: 'https://id.example.com', audience: 'api' })],
      revocations: { ...createRevocationList(), close: close('revocations') },
      refreshes: { once: (_, ask) => ask(), close: close('refreshes') },
      roles: { ...roles, close: () => void closed.push('roles') },
    })
    await auth.close()
    expect(closed.sort()).toEqual(['refreshes', 'revocations', 'roles'])
  })

  it('closes the list of revocations also where the refreshes cannot be closed, and tells', async () => {
    let isClosed = false
    const close = async () => {
      isClosed = true
    }
    const auth = createAuthenticator({
      providers: [oidc({ issuer: 'https://id.example.com', audience: 'api' })],
      revocations: { ...createRevocationList(), close },
      refreshes: { once: (_, ask) => ask(), close: () => Promise.reject(new Error('stuck')) },
    })
    await expect(auth.close()).rejects.toThrow('stuck')
    expect(isClosed).toBe(true)
  })
})

describe('a process with an authenticator', () => {
  const root = fileURLToPath(new URL('../../..', import.meta.url))

  /** Runs a program to its natural end. */
  async function run(program: string): Promise<{ code: number | null; output: string; milliseconds: number }> {
    const imports = `
      import { createAuthenticator } from './packages/core/src/index.ts'
      import { oidc } from './packages/core/src/providers/oidc.ts'`
    const args = ['--conditions=source-dev', '--import', 'tsx', '--unhandled-rejections=strict', '--input-type=module']
    const child = spawn(process.execPath, [...args, '--eval', imports + program], { cwd: root })
    cleanup.add(async () => child.kill('SIGKILL'))
    let output = ''
    let started = 0
    child.stdout.on('data', (data) => {
      if (started === 0) started = performance.now()
      output += data
    })
    child.stderr.on('data', (data) => (output += data))
    const code = await new Promise<number | null>((resolve) => child.once('exit', resolve))
    return { code, output, milliseconds: performance.now() - started }
  }

  it('ends by itself, whether its issuers answer, fail or hang', async () => {
    const [up, down] = [await cleanup.issuer(), await cleanup.issuer()]
    const hung = await cleanup.stub(() => {})
    await down.stop()
    const provider = (issuer: string, name: string) => `oidc({ issuer: '${issuer}', audience: 'api', name: '${name}' })`
    const { code, output, milliseconds } = await run(`
      const auth = createAuthenticator({
        providers: [${provider(up.issuer, 'up')}, ${provider(down.issuer, 'down')}, ${provider(hung.origin, 'hung')}],
        timeout: 1,
      })
      console.log('started')
      auth.ready().catch(({ status }) => console.log(status))`)
    expect([code, output]).toEqual([0, 'started\n503\n'])
    expect(hung.asked.length).toBe(1)
    expect(milliseconds).toBeLessThan(4000)
  })
})
