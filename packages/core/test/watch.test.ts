import { createTestClock, type TestIssuer } from '@claviger/testing'
import { afterEach, describe, expect, it } from '@jest/globals'
import {
  AuthError,
  type Authenticator,
  type AuthenticatorOptions,
  type Clock,
  createRevocationList,
  type RevocationList,
  type Watch,
} from '../src/index.ts'
import { oidc } from '../src/providers/oidc.ts'
import { createCleanup, until } from './support/faults.ts'

const cleanup = createCleanup()
afterEach(cleanup.close)

async function setUp(more: Partial<AuthenticatorOptions> = {}) {
  const clock = createTestClock()
  const issuer = await cleanup.issuer({ clock })
  const { clientId, clientSecret } = issuer
  const provider = oidc({
    issuer: issuer.issuer,
    audience: issuer.audience,
    rolesFrom: 'roles',
    introspection: { clientId, clientSecret, cacheFor: 30 },
  })
  const auth = cleanup.authenticator({ providers: [provider], clock, ...more })
  return { clock, issuer, auth }
}

const codeOf = ({ signal }: Watch) => (signal.aborted ? (signal.reason as { code: string }).code : undefined)
const alice = (issuer: TestIssuer, more = {}) => issuer.tokenFor({ subject: 'alice', roles: ['admin'], ...more })

/** A clock that counts what waits on it. */
function counting(clock: Clock) {
  let waiting = 0
  return {
    waiting: () => waiting,
    clock: {
      ...clock,
      after(milliseconds: number, callback: () => void) {
        let over = false
        const end = () => {
          if (!over) waiting--
          over = true
        }
        waiting++
        const cancel = clock.after(milliseconds, () => {
          end()
          callback()
        })
        return () => {
          end()
          cancel()
        }
      },
    },
  }
}

/** A list whose listeners can be counted. */
function observed(list: RevocationList) {
  let listeners = 0
  const counted: RevocationList = {
    ...list,
    size: 0,
    onRevoked(listener) {
      listeners++
      const end = list.onRevoked?.(listener)
      return () => {
        listeners--
        end?.()
      }
    },
  }
  return { list: counted, listeners: () => listeners }
}

describe('a token that is watched', () => {
  it('is refused at the start as it is without a watch', async () => {
    const { auth, issuer } = await setUp()
    await expect(auth.watch(alice(issuer, { expiresIn: -60 }))).rejects.toMatchObject({ code: 'ERR_TOKEN_EXPIRED' })
    await expect(auth.watch('nonsense')).rejects.toMatchObject({ status: 401 })
  })

  it('ends when it expires, with the tolerance every request has, and not before', async () => {
    const { auth, issuer, clock } = await setUp({ clockTolerance: 7 })
    const watch = await auth.watch(alice(issuer, { expiresIn: 100 }))
    expect(watch.auth.user).toMatchObject({ id: 'alice', roles: [{ id: 'admin' }] })
    await clock.advance(106.9)
    expect(codeOf(watch)).toBeUndefined()
    await clock.advance(0.2)
    expect(codeOf(watch)).toBe('ERR_TOKEN_EXPIRED')
  })

  it('may live longer than a timer can wait', async () => {
    const day = 86_400
    const { auth, issuer, clock } = await setUp({ maxTokenLifetime: 400 * day, cache: false })
    const watch = await auth.watch(alice(issuer, { expiresIn: 300 * day }))
    expect(codeOf(watch)).toBeUndefined()
    await clock.advance(120)
    expect(codeOf(watch)).toBeUndefined()
    clock.set(clock.now() / 1000 + 301 * day)
    // What is under way when the clock moves ends in its own time.
    while (codeOf(watch) === undefined) await clock.advance(31)
    expect(codeOf(watch)).toBe('ERR_TOKEN_EXPIRED')
  })

  it.each(['tokenId', 'session', 'subject', 'provider'] as const)('ends when its %s is revoked', async (kind) => {
    const { auth, issuer, clock } = await setUp()
    const watch = await auth.watch(alice(issuer, { claims: { jti: 'id', sid: 'sid' } }))
    const other = await auth.watch(issuer.tokenFor({ subject: 'bob' }))
    const requests = {
      tokenId: { tokenId: 'id' },
      session: { session: 'sid' },
      subject: { subject: 'alice', provider: 'oidc' },
      provider: { provider: 'oidc' },
    }
    await auth.revoke(requests[kind])
    await clock.advance(0.1)
    expect(codeOf(watch)).toBe('ERR_TOKEN_REVOKED')
    expect(codeOf(other)).toBe(kind === 'provider' ? 'ERR_TOKEN_REVOKED' : undefined)
  })

  it('ends when it is revoked by a list that does not call back', async () => {
    const { onRevoked, ...list } = createRevocationList({ clock: createTestClock() })
    const { auth, issuer, clock } = await setUp({ revocations: { ...list, size: 0 } })
    expect(onRevoked).toBeDefined()
    const watch = await auth.watch(alice(issuer))
    await auth.revoke({ subject: 'alice', provider: 'oidc' })
    await clock.advance(31)
    expect(codeOf(watch)).toBe('ERR_TOKEN_REVOKED')
  })

  it('ends when nobody can tell any more whether it is revoked', async () => {
    const list = createRevocationList({ clock: createTestClock() })
    let isTooOld = false
    const isRevoked = () => {
      if (isTooOld) throw new AuthError('ERR_REVOCATION_UNAVAILABLE')
      return false
    }
    const { auth, issuer, clock } = await setUp({ revocations: { ...list, size: 0, isRevoked } })
    const watch = await auth.watch(alice(issuer))
    await clock.advance(31)
    expect(codeOf(watch)).toBeUndefined()
    isTooOld = true
    await clock.advance(31)
    expect(codeOf(watch)).toBe('ERR_REVOCATION_UNAVAILABLE')
  })

  it('that was revoked while it was verified is refused: nobody could hear of its end any more', async () => {
    const list = createRevocationList({ clock: createTestClock() })
    let asked = 0
    // The first answer is that of the verification; what it did not know yet is there when the watch begins.
    const late: RevocationList = { ...list, size: 0, isRevoked: () => ++asked > 1 }
    const { auth, issuer } = await setUp({ revocations: late })
    await expect(auth.watch(alice(issuer))).rejects.toMatchObject({ code: 'ERR_TOKEN_REVOKED' })
  })

  it('ends when its key dies', async () => {
    const { auth, issuer, clock } = await setUp()
    const watch = await auth.watch(alice(issuer))
    const { kid } = issuer.current
    await issuer.rotate()
    issuer.removeKey(kid)
    auth.purge(issuer.issuer, kid)
    while (codeOf(watch) === undefined) await clock.advance(31)
    expect(codeOf(watch)).toMatch(/ERR_TOKEN_(KEY|SIGNATURE)/)
  })

  it('ends when it is opaque and its issuer ends it, but not for an outage', async () => {
    const { auth, issuer, clock } = await setUp()
    const token = issuer.opaqueTokenFor({ subject: 'alice', expiresIn: 600 })
    const watch = await auth.watch(token)
    issuer.fail('introspection', 'reset')
    await clock.advance(31)
    await until(() => issuer.requests('introspection') >= 2)
    issuer.heal()
    expect(codeOf(watch)).toBeUndefined()
    issuer.revoke(token)
    while (codeOf(watch) === undefined) await clock.advance(31)
    expect(codeOf(watch)).toBe('ERR_TOKEN_INACTIVE')
  })

  it('ends when it has expired while its issuer could not be asked', async () => {
    const { auth, issuer, clock } = await setUp()
    const watch = await auth.watch(issuer.opaqueTokenFor({ expiresIn: 60 }))
    issuer.fail('introspection', 'reset')
    for (let i = 0; i < 80 && !watch.signal.aborted; i++) {
      await clock.advance(1)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    await until(() => codeOf(watch) !== undefined)
    expect(codeOf(watch)).toBe('ERR_TOKEN_EXPIRED')
  })
})

describe('a watch that is renewed', () => {
  it('lives as long as the newer token, and says what that says', async () => {
    const { auth, issuer, clock } = await setUp()
    const watch = await auth.watch(alice(issuer, { expiresIn: 60 }))
    await clock.advance(50)
    expect(await watch.renew(alice(issuer, { expiresIn: 60, roles: ['auditor'] }))).toBe(watch.auth)
    expect(watch.auth.user.roles).toMatchObject([{ id: 'auditor' }])
    await clock.advance(60)
    expect(codeOf(watch)).toBeUndefined()
    await clock.advance(10)
    expect(codeOf(watch)).toBe('ERR_TOKEN_EXPIRED')
    await expect(watch.renew(alice(issuer))).rejects.toBe(watch.signal.reason)
  })

  it.each<[string, (issuer: TestIssuer) => string, string]>([
    ["somebody else's", (issuer) => issuer.tokenFor({ subject: 'bob' }), 'ERR_TOKEN_REFUSED'],
    ['an expired one', (issuer) => alice(issuer, { expiresIn: -60 }), 'ERR_TOKEN_EXPIRED'],
  ])('is not renewed by %s, and goes on', async (_, token, code) => {
    const { auth, issuer, clock } = await setUp()
    const watch = await auth.watch(alice(issuer, { expiresIn: 60 }))
    await expect(watch.renew(token(issuer))).rejects.toMatchObject({ code })
    expect(watch.auth.user.id).toBe('alice')
    await clock.advance(50)
    expect(codeOf(watch)).toBeUndefined()
    await clock.advance(20)
    expect(codeOf(watch)).toBe('ERR_TOKEN_EXPIRED')
  })

  it('does not take the same id at another issuer for the same person', async () => {
    const clock = createTestClock()
    const [one, two] = [await cleanup.issuer({ clock }), await cleanup.issuer({ clock })]
    const providers = [one, two].map(({ issuer, audience }, i) => oidc({ name: `n${i}`, issuer, audience }))
    const auth = cleanup.authenticator({ providers, clock })
    const watch = await auth.watch(alice(one))
    await expect(watch.renew(alice(two))).rejects.toMatchObject({ code: 'ERR_TOKEN_REFUSED' })
  })
})

describe('what watches leave behind', () => {
  async function many(): Promise<{ auth: Authenticator; issuer: TestIssuer; left: () => number[]; watches: Watch[] }> {
    const counted = counting(createTestClock())
    const { list, listeners } = observed(createRevocationList({ clock: createTestClock() }))
    const issuer = await cleanup.issuer()
    const provider = oidc({ issuer: issuer.issuer, audience: issuer.audience })
    const auth = cleanup.authenticator({ providers: [provider], clock: counted.clock, revocations: list })
    await auth.verify(issuer.tokenFor())
    const before = counted.waiting()
    const watches = await Promise.all(Array.from({ length: 100 }, () => auth.watch(issuer.tokenFor())))
    expect([counted.waiting() - before, listeners()]).toEqual([100, 1])
    return { auth, issuer, watches, left: () => [counted.waiting() - before, listeners()] }
  }

  it('is nothing once they have ended', async () => {
    const { auth, issuer, watches, left } = await many()
    for (const watch of watches) watch.end()
    expect(left()).toEqual([0, 0])
    await auth.revoke({ provider: issuer.issuer })
    expect(watches.some(({ signal }) => signal.aborted)).toBe(false)
    await watches[0]?.renew(issuer.tokenFor()).catch(() => undefined)
    expect(left()).toEqual([0, 0])
  })

  it('is nothing once the authenticator is closed', async () => {
    const { auth, watches, left } = await many()
    await auth.close()
    expect(left()[1]).toBe(0)
    expect(left()[0]).toBeLessThanOrEqual(0)
    expect(watches.some(({ signal }) => signal.aborted)).toBe(false)
  })

  it('is one look at the list for many revocations', async () => {
    let asked = 0
    const inner = createRevocationList({ clock: createTestClock() })
    const list: RevocationList = {
      ...inner,
      size: 0,
      isRevoked(...token) {
        asked++
        return inner.isRevoked(...token)
      },
    }
    const { auth, issuer, clock } = await setUp({ revocations: list })
    const watch = await auth.watch(alice(issuer))
    asked = 0
    for (let i = 0; i < 1000; i++) await auth.revoke({ tokenId: `other-${i}` })
    await clock.advance(1)
    expect([asked, codeOf(watch)]).toEqual([1, undefined])
  })

  it('takes no more than a tenth of the time, however much is revoked', async () => {
    const test = createTestClock()
    // A look at all connections takes 40 ms here.
    let spent = 0
    let looks = 0
    const clock = { ...test, monotonic: () => test.monotonic() + spent }
    const inner = createRevocationList({ clock })
    const list: RevocationList = {
      ...inner,
      size: 0,
      isRevoked(...token) {
        spent += 40
        looks++
        return inner.isRevoked(...token)
      },
    }
    const { auth, issuer } = await setUp({ revocations: list, clock })
    const watch = await auth.watch(issuer.tokenFor({ issuedAt: Math.floor(test.now() / 1000) }))
    looks = 0
    for (let i = 0; i < 100; i++) {
      await auth.revoke({ session: `other-${i}` })
      await test.advance(0.02)
    }
    // In 2 s: 50 ms before the first look, 360 ms before each other.
    expect([looks, codeOf(watch)]).toEqual([6, undefined])
    await test.advance(1)
    looks = 0
    await auth.revoke({ session: 'later' })
    await test.advance(0.05)
    expect(looks).toBe(1)
  })
})
