import type { HttpRequest } from '../credentials.ts'
import { urlOf } from '../url.ts'

/** An address of an app, to put paths behind. */
export function baseOf(url: string): string {
  return (normalize(new URL(url).href) as string).replace(/\/+$/, '')
}

/**
 * The URIs that a request may be for, by each address of the app; what the request says of its host does not count.
 * @see https://www.rfc-editor.org/rfc/rfc9449#section-4.2
 */
export function targetsOf({ originalUrl, url = '' }: HttpRequest, bases: readonly string[]): string[] {
  // A proxy may write the whole URI (RFC 9112 section 3.2.2).
  const [path = ''] = (originalUrl ?? url).replace(/^https?:\/\/[^/?#]*/i, '').split(/[?#]/, 1)
  return bases.flatMap((base) => {
    const target = normalize(base + path)
    // Dots may lead out of an app that has only a part of its host.
    if (target?.startsWith(`${base}/`) !== true) return []
    return path === '/' ? [base, target] : [target]
  })
}

/**
 * One spelling for all of a URI, without query and fragment; nothing for what is no http(s) or ws(s) URI.
 * @see https://www.rfc-editor.org/rfc/rfc3986#section-6.2.2
 */
export function normalize(uri: string): string | undefined {
  // A backslash is in no URI, and `URL` takes it for a slash.
  if (!/^(http|ws)s?:\/\/[!-[\]-~]+$/i.test(uri)) return undefined
  // A WebSocket opens with an HTTP request (RFC 6455 section 4.1).
  const url = urlOf(uri.replace(/^ws/i, 'http'))
  if (url === undefined || url.username !== '' || url.password !== '') return undefined
  return url.origin + url.pathname.replace(/%[\da-f]{2}/gi, plainly)
}

function plainly(escaped: string): string {
  const character = String.fromCharCode(Number.parseInt(escaped.slice(1), 16))
  return /[\w.~-]/.test(character) ? character : escaped.toUpperCase()
}
