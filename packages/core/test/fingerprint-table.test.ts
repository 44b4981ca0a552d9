import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { type Fingerprint, fingerprintOf, joined, readFingerprint, writeFingerprint } from '../src/fingerprint.ts'
import { FingerprintTable, parts } from '../src/fingerprint-table.ts'
import { entryOf } from '../src/revocation-index.ts'

const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
// Few values, so that parts fill up and slots collide; and any.
const near = fc.record({
  a: fc.integer({ min: 0, max: 1 }),
  b: fc.integer({ min: -3, max: 3 }),
  c: fc.constant(0),
  d: fc.constant(7),
})
const print: fc.Arbitrary<Fingerprint> = fc.oneof(near, fc.record({ a: int32, b: int32, c: int32, d: int32 }))

type Step = { print: Fingerprint; until: number; issuedBefore: number } | { sweep: number }
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.record({
      print,
      until: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
      issuedBefore: fc.double({ min: 0, max: 4e9, noNaN: true }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ sweep: fc.integer({ min: 0, max: 2 ** 32 - 1 }) }) },
)

describe('a table of fingerprints', () => {
  it('takes no longer for fingerprints that somebody chose, as whoever can write to a shared store might', () => {
    const cost = (printOf: (n: number) => Fingerprint) => {
      const table = new FingerprintTable(false)
      const { user } = process.cpuUsage()
      for (let n = 0; n < 40_000; n += 1) table.add({ print: printOf(n), until: 2_000_000_000, issuedBefore: 0 })
      expect(table.size).toBe(40_000)
      return process.cpuUsage().user - user
    }
    const random = cost((n) => fingerprintOf('token', `${n}`))
    for (const member of ['a', 'c', 'd'] as const)
      expect(cost((n) => ({ a: 0, b: 5, c: 5, d: 5, [member]: n * parts }))).toBeLessThan(5 * random + 200_000)
  })

  it.each([true, false])('holds what a map would hold (with times: %s)', (withTimes) => {
    void fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const table = new FingerprintTable(withTimes)
        const map = new Map<string, { until: number; issuedBefore: number }>()
        for (const one of steps) {
          if ('sweep' in one) {
            for (let part = 0; part < parts; part += 1) table.sweep(part, one.sweep)
            for (const [key, { until }] of map) if (until <= one.sweep) map.delete(key)
            continue
          }
          const key = writeFingerprint(one.print)
          const held = map.get(key)
          const next = {
            until: Math.max(one.until, held?.until ?? 0),
            issuedBefore: withTimes ? Math.max(one.issuedBefore, held?.issuedBefore ?? 0) : 0,
          }
          const changed = next.until !== held?.until || next.issuedBefore !== held.issuedBefore
          expect(table.add({ ...one, issuedBefore: withTimes ? one.issuedBefore : 0 })).toBe(changed)
          expect([table.has(one.print), table.covers({ print: one.print, ...next })]).toEqual([true, true])
          map.set(key, next)
        }
        expect(table.size).toBe(map.size)
        const found = Array.from({ length: parts }, (_, part) => [...table.entries(part)]).flat()
        expect(new Map(found.map(({ print, ...times }) => [writeFingerprint(print), times]))).toEqual(map)
      }),
      { numRuns: 200 },
    )
  })

  it('covers nothing that is to last longer, or that is revoked up to a later time', () => {
    const table = new FingerprintTable(true)
    const one = { print: fingerprintOf('subject', 'alice'), until: 100, issuedBefore: 50 }
    expect(table.covers(one)).toBe(false)
    table.add(one)
    expect([
      table.covers(one),
      table.covers({ ...one, until: 101 }),
      table.covers({ ...one, issuedBefore: 51 }),
    ]).toEqual([true, false, false])
    expect([table.issuedBefore(one.print), table.issuedBefore(fingerprintOf('subject', 'bob'))]).toEqual([
      50,
      undefined,
    ])
  })
})

describe('a fingerprint', () => {
  it('is another for another id, another kind of id and another issuer', () => {
    const ids = ['a', 'b', 'a,b', '["a"]', '', '\ud800', '\ud801', '\ufffd', 'a\u0000', 'é', 'e\u0301']
    const issuers = ['https://a.example', 'https://b.example'].map((issuer) => fingerprintOf('provider', issuer))
    const all = ['tokenId', 'session'].flatMap((kind) =>
      ids.flatMap((id) => {
        const one = fingerprintOf(kind, id)
        return [one, ...issuers.map((issuer) => joined(one, issuer))]
      }),
    )
    expect(new Set(all.map(writeFingerprint)).size).toBe(ids.length * 2 * 3)
  })

  it('reads as it was written', () => {
    void fc.assert(
      fc.property(print, (one) => {
        expect(writeFingerprint(one)).toMatch(/^[A-Za-z0-9_-]{22}$/)
        expect(readFingerprint(writeFingerprint(one))).toEqual(one)
      }),
    )
  })
})

describe('the entry of a revocation', () => {
  const last = 2 ** 32 - 1
  it.each<[number, number]>([
    [1000.1, 1001],
    [1000, 1000],
    [0, 1],
    [-5, 1],
    [last, last],
    [last + 1, last],
    [Number.POSITIVE_INFINITY, last],
    [Number.NaN, last],
  ])('that is to be kept until %p is kept until %p', (until, kept) => {
    expect(entryOf({ kind: 'session', id: 's', until }).until).toBe(kept)
  })

  it.each<[number, number]>([
    [1000.25, 1000.25],
    [-5, 0],
    [1e11, last],
    [Number.NaN, last],
  ])('of all that was issued before %p is of all before %p', (issuedBefore, kept) => {
    expect(entryOf({ kind: 'provider', issuer: 'i', issuedBefore, until: 5 }).issuedBefore).toBe(kept)
  })
})
