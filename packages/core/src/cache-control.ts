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

// RFC 9111 section 1.2.2: what is too large to be counted is 2³¹. Nothing else may become of it either, such as NaN.
function deltaSeconds(text: string): Seconds {
  return /^\d+$/.test(text) ? Math.min(Number(text), 2 ** 31) : 0
}
