import { parseCookie, stringifySetCookie } from 'cookie'
import type { HttpRequest } from '../credentials.ts'
import { AuthError } from '../errors.ts'
import type { Seconds } from '../types.ts'
import { partsOf } from './seal.ts'

/** What is sealed in cookies, taken apart and put together. */
export interface CookieJar {
  /** The value of a cookie, of which there must be one. */
  read(request: HttpRequest, name: string): string | undefined
  /** The pieces of a sealed text put together; nothing where one is missing. */
  readParts(request: HttpRequest, name: string): string | undefined
  /** The names of cookies that begin like this, the latest of them, as a browser sends them. */
  namesOf(request: HttpRequest, beginning: string): readonly string[]
  write(name: string, value: string, maxAge: Seconds): string
  /** The cookies of a sealed text, and the end of those that it does not need any more. */
  writeParts(request: HttpRequest, name: string, text: string, maxAge: Seconds): string[]
  /** The end of a cookie, and of all its pieces. */
  end(request: HttpRequest, name: string): string[]
  /** Into how many pieces a text is cut. @throws {AuthError} `ERR_SESSION_TOO_LARGE` */
  partsFor(length: number): number
}

// Browsers take 4096 bytes for name, value and attributes.
const maxPart = 3800
const maxStale = 32

/** @param isSecure false for http on loopback, where no browser takes the prefix `__Host-` */
export function createCookieJar({ isSecure, maxBytes }: { isSecure: boolean; maxBytes: number }): CookieJar {
  // With this prefix a browser takes the cookie from no subdomain and for no other path.
  const prefix = isSecure ? '__Host-' : ''
  const attributes = { path: '/', httpOnly: true, secure: isSecure, sameSite: 'lax' } as const
  const maxParts = Math.ceil(maxBytes / maxPart)

  const write = (name: string, value: string, maxAge: Seconds) =>
    stringifySetCookie({ name: prefix + name, value, maxAge: Math.max(0, Math.floor(maxAge)), ...attributes })
  const partName = (name: string, index: number) => (index === 0 ? name : `${name}.${index}`)

  function namesOf(request: HttpRequest, beginning: string, isMeant = (_name: string) => true): string[] {
    const names = pairsOf(request).map((pair) => pair.slice(0, pair.indexOf('=')).trim())
    // What has other letters we have not set, and could not end.
    const ours = names.filter((name) => name.startsWith(prefix + beginning) && /^[\w.-]+$/.test(name))
    const meant = ours.map((name) => name.slice(prefix.length)).filter(isMeant)
    return [...new Set(meant)].slice(-maxStale)
  }

  function read(request: HttpRequest, name: string): string | undefined {
    const found = pairsOf(request).filter((pair) => pair.trimStart().startsWith(`${prefix}${name}=`))
    // Of two nobody knows which is ours: without the prefix, a neighbour could have set one.
    return found.length === 1 ? parseCookie(found[0] as string)[prefix + name] : undefined
  }

  function stale(request: HttpRequest, name: string, used: number): string[] {
    const isPart = (one: string) => one === name || /^\.\d+$/.test(one.slice(name.length))
    const isStale = (one: string) => isPart(one) && Number(one.slice(name.length + 1)) >= used
    return namesOf(request, name, isStale).map((one) => write(one, '', 0))
  }

  return {
    read,
    readParts(request, name) {
      const first = read(request, name)
      const parts = first === undefined ? undefined : partsOf(first)
      if (first === undefined || parts === undefined || parts < 1 || parts > maxParts) return undefined
      const all = [first]
      for (let index = 1; index < parts; index += 1) all.push(read(request, partName(name, index)) ?? '')
      return all.join('')
    },
    namesOf: (request, beginning) => namesOf(request, beginning),
    write,
    writeParts(request, name, text, maxAge) {
      const parts = text.match(new RegExp(`.{1,${maxPart}}`, 'g')) ?? []
      return [
        ...parts.map((part, index) => write(partName(name, index), part, maxAge)),
        ...stale(request, name, parts.length),
      ]
    },
    end: (request, name) => stale(request, name, 0),
    partsFor(length) {
      if (length <= maxBytes) return Math.ceil(length / maxPart)
      throw new AuthError('ERR_SESSION_TOO_LARGE', {
        explanation: `the session takes ${length} bytes of cookies, and ${maxBytes} are allowed (options session.store, session.maxCookieBytes)`,
      })
    },
  }
}

function pairsOf({ headers }: HttpRequest): string[] {
  return [headers.cookie ?? []].flat().join(';').split(';')
}
