import type { Seconds } from './types.ts'

/**
 * How long an answer may be reused, by its `Cache-Control` and `Age`; nothing where it does not say.
 * @see https://www.rfc-editor.org/rfc/rfc9111#section-5.2.2
 */
export function freshnessOf(headers: Headers): { maxAge?: Seconds } {
  const directives = (headers.get('cache-control') ?? '')
    .toLowerCase()
    .split(',')
    .map((part) => part.trim())
  if (directives.includes('no-store') || directives.includes('no-cache')) return { maxAge: 0 }
  const found = directives.find((directive) => /^max-age="?\d+"?$/.test(directive))
  if (found === undefined) return {}
  return { maxAge: Math.max(0, deltaSeconds(found.replace(/\D/g, '')) - deltaSeconds(headers.get('age') ?? '')) }
}

/**
 * By how many seconds the clock of whoever gave this answer is ahead of ours, as its `Date` tells, which is a second exact; nothing where it
 * does not.
 * @param now of our clock, in milliseconds
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-6.6.1
 */
export function clockSkewOf(headers: Headers, now: number): Seconds | undefined {
  // In the middle of the second it names; a cache hands it out as old as it has become.
  const date = Date.parse(headers.get('date') ?? '') + 500 + deltaSeconds(headers.get('age') ?? '') * 1000
  return Number.isFinite(date) ? Math.round((date - now) / 1000) + 0 : undefined
}

/** What an answer says about when to come back. @see https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3 */
export function retryAfter(headers: Headers): { retryAfter?: Seconds } {
  const value = headers.get('retry-after') ?? ''
  if (/^\d{1,5}$/.test(value)) return { retryAfter: Number(value) }
  // A date, by the clock of whoever names it.
  const wait = (Date.parse(value) - Date.parse(headers.get('date') ?? '')) / 1000
  return /GMT$/.test(value) && wait >= 0 && wait < 100_000 ? { retryAfter: wait } : {}
}

// RFC 9111 section 1.2.2: what is too large to be counted is 2³¹. Nothing else may become of it either, such as NaN.
function deltaSeconds(text: string): Seconds {
  return /^\d+$/.test(text) ? Math.min(Number(text), 2 ** 31) : 0
}
