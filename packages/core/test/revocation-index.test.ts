import { createTestClock } from '@claviger/testing'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { writeFingerprint } from '../src/fingerprint.ts'
import type { Clock, Revocation, VerifiedToken } from '../src/index.ts'
import { createRevocationIndex, entryOf, type RevocationIndex } from '../src/revocation-index.ts'

const issuer = 'https://id.example.com'
const start = 1_800_000_000

/** A clock that tells how many callbacks it owes. */
function createCountingClock() {
  const clock = createTestClock(start)
  const owed = new Set<object>()
  const counting: Clock = {
    now: clock.now,
    monotonic: clock.monotonic,
    after(milliseconds, callback) {
      const one = {}
      owed.add(one)
      const cancel = clock.after(milliseconds, () => {
        owed.delete(one)
        callback()
      })
      return () => {
        owed.delete(one)
        cancel()
      }
    },
  }
  return { ...clock, counting, owed: () => owed.size }
}

let clock: ReturnType<typeof createCountingClock>
let index: RevocationIndex
beforeEach(() => {
  clock = createCountingClock()
  index = createRevocationIndex(clock.counting)
})
afterEach(() => index.close())

const verified = (more: Partial<VerifiedToken> = {}) =>
  ({ issuer, user: { id: 'alice' }, issuedAt: start, ...more }) as VerifiedToken
const session = (id: string, until: number): Revocation => ({ kind: 'session', id, until })
const isRevoked = (more: Partial<VerifiedToken>) => index.isRevoked('opaque', verified(more))

describe('an index of revocations', () => {
  it('wakes up once for all that it holds, and not at all for nothing', async () => {
    expect(clock.owed()).toBe(0)
    for (let count = 0; count < 100; count += 1) index.add(entryOf(session(`s-${count}`, start + 90)))
    expect(clock.owed()).toBe(1)
    await clock.advance(80)
    expect([clock.owed(), index.size]).toEqual([1, 100])
    await clock.advance(71)
    expect([clock.owed(), index.size]).toEqual([0, 0])
    index.add(entryOf(session('s-1', start + 300)))
    expect(clock.owed()).toBe(1)
  })

  it('does not wake up again once it is closed, whatever it is told', async () => {
    index.close()
    index.add(entryOf(session('s-1', start + 90)))
    expect(clock.owed()).toBe(0)
    expect(isRevoked({ session: 's-1' })).toBe(true)
  })

  it('gives up its waking when it is closed', async () => {
    index.add(entryOf(session('s-1', start + 90)))
    index.close()
    expect(clock.owed()).toBe(0)
  })

  it('tells whether something is new to it', () => {
    expect([index.add(entryOf(session('s-1', start + 90))), index.add(entryOf(session('s-1', start + 80)))]).toEqual([
      true,
      false,
    ])
    expect(index.covers(entryOf(session('s-1', start + 90)))).toBe(true)
    expect(index.covers(entryOf(session('s-1', start + 91)))).toBe(false)
    expect(index.covers(entryOf({ kind: 'tokenId', id: 's-1', until: start + 90 }))).toBe(false)
  })

  it('gives all that is not over, also before it has been swept', async () => {
    const all = [session('over', start + 2), session('just over', start + 3), session('living', start + 4)]
    for (const one of all) index.add(entryOf(one))
    index.add(entryOf({ kind: 'provider', issuer, issuedBefore: start, until: start + 9 }))
    const given = () => [...index.pieces()].flatMap((piece) => [...piece])
    expect(given()).toHaveLength(4)
    // Set back, and not moved on: nothing has been swept.
    clock.set(start - 1000)
    expect([given().length, index.now()]).toEqual([4, start - 1000])
    clock.set(start)
    await clock.advance(3)
    expect(given()).toEqual([
      entryOf(session('living', start + 4)),
      entryOf({ kind: 'provider', issuer, issuedBefore: start, until: start + 9 }),
    ])
  })

  it('looks at each token, also where two of them say the same', () => {
    index.add(entryOf({ kind: 'token', token: 'second', until: start + 90 }))
    const same = verified()
    expect(['first', 'second', 'third', 'second'].map((token) => index.isRevoked(token, same))).toEqual([
      false,
      true,
      false,
      true,
    ])
  })

  it('takes a token that does not tell when it was issued for none of somebody else', () => {
    index.add(entryOf({ kind: 'subject', subject: 'bob', issuer, issuedBefore: start, until: start + 90 }))
    index.add(entryOf({ kind: 'provider', issuer: 'https://other', issuedBefore: start, until: start + 90 }))
    const { issuedAt: _, ...timeless } = verified()
    expect(index.isRevoked('opaque', timeless)).toBe(false)
    expect(index.isRevoked('opaque', { ...timeless, user: { ...timeless.user, id: 'bob' } })).toBe(true)
  })

  it('takes a token without an id for none of those that have one', () => {
    for (const id of ['', 'undefined']) {
      index.add(entryOf({ kind: 'tokenId', id, until: start + 90 }))
      index.add(entryOf(session(id, start + 90)))
    }
    expect(isRevoked({})).toBe(false)
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY, 2 ** 32, 2 ** 32 + 5, 2 ** 33 + 5, Number.MAX_VALUE])(
    'keeps what ends at %d as long as it can: until 2106',
    async (until) => {
      index.add(entryOf(session('s-1', until)))
      await clock.advance(61)
      expect([isRevoked({ session: 's-1' }), index.covers(entryOf(session('s-1', 2 ** 32 - 1)))]).toEqual([true, true])
    },
  )

  it.each([0, -5, 0.2, Number.NEGATIVE_INFINITY])('forgets at its leisure what ended at %d', async (until) => {
    index.add(entryOf(session('s-1', until)))
    expect([isRevoked({ session: 's-1' }), index.size]).toEqual([true, 1])
    await clock.advance(61)
    expect([isRevoked({ session: 's-1' }), index.size]).toEqual([false, 0])
  })

  it('knows each by the same fingerprint in all processes, whatever their version', () => {
    const until = start + 90
    const prints = [
      { kind: 'token', token: 'opaque', until } as const,
      { kind: 'tokenId', id: 'i', until } as const,
      { kind: 'session', id: 's', issuer, until } as const,
      { kind: 'sessionTokens', id: 's', issuer, issuedBefore: start, until } as const,
      { kind: 'subject', subject: 'alice', issuer, issuedBefore: start, until } as const,
      { kind: 'provider', issuer, issuedBefore: start, until } as const,
    ].map((revocation) => writeFingerprint(entryOf(revocation).print))
    expect(prints).toEqual([
      'Qq3x_wzpmjLY3MRahpgIAA',
      'Ot_eUwp78MjhCqjM5SWS-g',
      'WTXK0s_KV-QoiENidAezPA',
      'WTXK0s_KV-QoiENidAezPA',
      'Dis1lf7y1LrQWpk089D4pA',
      'cyKWyeiyVQ7zN6J8ZJWijg',
    ])
  })

  it('keeps what ends within a second to the end of it', () => {
    expect(entryOf(session('s-1', start + 0.1))).toMatchObject({ until: start + 1, issuedBefore: 0 })
  })

  it('takes a token of a session for one of those before a time, of its issuer alone', () => {
    index.add(entryOf({ kind: 'sessionTokens', id: 's-1', issuer, issuedBefore: start + 1, until: start + 90 }))
    const { issuedAt: _, ...ageless } = verified({ session: 's-1' })
    expect([isRevoked({ session: 's-1' }), index.isRevoked('opaque', ageless)]).toEqual([true, true])
    expect(isRevoked({ session: 's-1', issuedAt: start + 1 })).toBe(false)
    expect([isRevoked({ session: 's-2' }), isRevoked({})]).toEqual([false, false])
    expect(isRevoked({ session: 's-1', issuer: 'https://other.example.com' })).toBe(false)
  })

  it.each([
    [Number.NaN, true],
    [Number.POSITIVE_INFINITY, true],
    [2 ** 33, true],
    [start + 1, true],
    [start, false],
    [-5, false],
  ])('takes a token for one of those before %d: %p', (issuedBefore, expected) => {
    index.add(entryOf({ kind: 'subject', subject: 'alice', issuer, issuedBefore, until: start + 90 }))
    expect(isRevoked({})).toBe(expected)
    expect(index.isRevoked('opaque', { ...verified(), issuer: 'https://other.example.com' })).toBe(false)
  })
})
