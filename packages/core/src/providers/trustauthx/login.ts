import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { AuthError } from '../../errors.ts'
import type { Seconds } from '../../types.ts'

/** For every answer that has a code or a token in its address. */
export const privately = { 'Referrer-Policy': 'no-referrer', 'Cache-Control': 'no-store' } as const

// The login page takes no state, so all that can be known at the callback is that this browser has just set out from here.
const lifetime: Seconds = 600

/** The cookie that a browser gets before it is sent to the login page, and must have when it comes back. */
export interface LoginCookie {
  /** The value of `Set-Cookie` before the login. */
  start(now: Seconds): string
  /** @throws {AuthError} `ERR_REQUEST_CROSS_SITE` unless the `Cookie` header has it */
  assert(cookieHeader: string | undefined, now: Seconds): void
  /** The value of `Set-Cookie` after the login. */
  readonly end: string
}

/** @param isSecure false only for http on loopback */
export function createLoginCookie(secretKey: string, orgId: string, isSecure: boolean): LoginCookie {
  // With this prefix a browser takes the cookie from no subdomain.
  const name = isSecure ? '__Host-trustauthx-login' : 'trustauthx-login'
  const attributes = `Path=/; HttpOnly; SameSite=Lax${isSecure ? '; Secure' : ''}`
  const macOf = (text: string) =>
    createHmac('sha256', secretKey).update(`login cookie of ${orgId}: ${text}`).digest('base64url')

  function isGood(value: string, now: Seconds): boolean {
    const [until = '', nonce = '', mac = '', ...more] = value.split('.')
    const expected = Buffer.from(macOf(`${until}.${nonce}`))
    const given = Buffer.from(mac)
    const isOurs = given.length === expected.length && timingSafeEqual(given, expected)
    return isOurs && more.length === 0 && Number(until) > now
  }

  return {
    start(now) {
      const text = `${Math.floor(now) + lifetime}.${randomBytes(16).toString('base64url')}`
      return `${name}=${text}.${macOf(text)}; Max-Age=${lifetime}; ${attributes}`
    },
    assert(cookieHeader, now) {
      const values = (cookieHeader ?? '').split(';').map((pair) => pair.trim())
      if (values.some((pair) => pair.startsWith(`${name}=`) && isGood(pair.slice(name.length + 1), now))) return
      throw new AuthError('ERR_REQUEST_CROSS_SITE', {
        explanation: 'this browser has not set out to sign in from here',
      })
    },
    end: `${name}=; Max-Age=0; ${attributes}`,
  }
}
