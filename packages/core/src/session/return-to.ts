import { urlOf } from '../url.ts'

/** How long an address to go back to may be: it travels in headers, which servers and proxies bound. */
export const maxReturnTo = 2048

/**
 * An address to go back to, if it is a path of this app; the start page otherwise. It comes from a query that anybody can write, so
 * it must not lead anywhere else in any reading: browsers take `/\evil` and `/<tab>/evil` for other hosts.
 * @returns absolute, so that a path that begins with two slashes stays one
 */
export function readReturnTo(value: string | null | undefined, origin: string, ownPath: string): string {
  const start = `${origin}/`
  if (typeof value !== 'string' || value.length > maxReturnTo || !/^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/.test(value))
    return start
  const url = urlOf(value, origin)
  if (url === undefined) return start
  // Nobody wants to go back to the sign-in.
  const isOwn = url.origin === origin && url.pathname !== ownPath && !url.pathname.startsWith(`${ownPath}/`)
  // What is escaped is longer than it was.
  return isOwn && url.href.length <= origin.length + maxReturnTo ? url.href : start
}
