import { describe, expect, it } from '@jest/globals'
import { clockSkewOf, freshnessOf, retryAfter } from '../src/response-headers.ts'

describe('Date', () => {
  const date = 'Thu, 26 Nov 2026 12:00:00 GMT'
  const noon = Date.parse(date)

  it.each<[string | undefined, string | undefined, number, number | undefined]>([
    [undefined, undefined, noon, undefined],
    ['', undefined, noon, undefined],
    ['soon', '10', noon, undefined],
    // Within its second there is no difference.
    [date, undefined, noon + 1, 0],
    [date, undefined, noon + 999, 0],
    [date, undefined, noon - 30_000, 31],
    [date, undefined, noon + 30_000, -29],
    [date, '0', noon - 3_600_000, 3601],
    // Out of a cache.
    [date, '600', noon + 600_500, 0],
    [date, '600', noon + 500, 600],
    [date, 'old', noon + 500, 0],
  ])('%s, with Age %s, tells of a clock: %#', (date, age, now, skew) => {
    const headers = new Headers({ ...(date !== undefined && { date }), ...(age !== undefined && { age }) })
    expect(clockSkewOf(headers, now)).toBe(skew)
  })
})

describe('Cache-Control', () => {
  it.each<[string | undefined, string | undefined, number | undefined]>([
    [undefined, undefined, undefined],
    ['', undefined, undefined],
    ['max-age=300', undefined, 300],
    ['public, max-age=300, must-revalidate', undefined, 300],
    ['PUBLIC,Max-Age=300', undefined, 300],
    ['max-age="300"', undefined, 300],
    ['max-age=0', undefined, 0],
    ['no-cache', undefined, 0],
    ['no-store', undefined, 0],
    ['no-cache, no-store, max-age=300', undefined, 0],
    ['no-cache="set-cookie", max-age=300', undefined, 300],
    ['s-maxage=10', undefined, undefined],
    ['max-age=99999999999999999999', undefined, 2 ** 31],
    [`max-age=${'9'.repeat(400)}`, '9'.repeat(400), 0],
    ['max-age=-1', undefined, undefined],
    ['max-age=1e3', undefined, undefined],
    ['max-age=soon', undefined, undefined],
    ['max-age', undefined, undefined],
    ['xmax-age=300', undefined, undefined],
    ['max-age=300', '100', 200],
    ['max-age=300', '301', 0],
    ['max-age=300', '-100', 300],
    ['max-age=300', 'soon', 300],
    ['max-age=300', '1e2', 300],
  ])('%j with Age %j is %j seconds', (control, age, maxAge) => {
    const headers = new Headers()
    if (control !== undefined) headers.set('cache-control', control)
    if (age !== undefined) headers.set('age', age)
    expect(freshnessOf(headers).maxAge).toBe(maxAge)
  })
})

describe('Retry-After', () => {
  it.each<[string | undefined, number | undefined]>([
    [undefined, undefined],
    ['0', 0],
    ['120', 120],
    ['-1', undefined],
    ['1.5', undefined],
    ['123456', undefined],
    ['Wed, 21 Oct 2026 07:28:00 GMT', 90],
    ['Wed, 21 Oct 2026 07:26:30 GMT', 0],
    ['Wed, 21 Oct 2026 07:26:29 GMT', undefined],
    ['Fri, 23 Oct 2026 07:28:00 GMT', undefined],
    ['2026-10-21T07:28:00Z', undefined],
    ['soon GMT', undefined],
  ])('%j is %j seconds', (value, expected) => {
    const date = 'Wed, 21 Oct 2026 07:26:30 GMT'
    const headers = new Headers({ date, ...(value !== undefined && { 'retry-after': value }) })
    expect(retryAfter(headers).retryAfter).toBe(expected)
  })

  it('with a date is not taken for a time where nobody tells what time it is there', () => {
    expect(retryAfter(new Headers({ 'retry-after': 'Wed, 21 Oct 2026 07:28:00 GMT' }))).toEqual({})
  })
})
