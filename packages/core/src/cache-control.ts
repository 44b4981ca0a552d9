import type { Seconds } from './types.ts'

/**
 * How long an answer may be reused, by its `Cache-Control`; nothing where it does not say.
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
  const age = Math.max(0, Number(headers.get('age')) || 0)
  return { maxAge: Math.max(0, Number(found.replace(/\D/g, '')) - age) }
}
