import { AuthError, unavailable } from '../../errors.ts'
import { isPage } from '../../http.ts'
import { retryAfter } from '../../response-headers.ts'
import type { BrowserSignIn } from '../../sign-in.ts'
import { refusedSignIn } from '../refused-sign-in.ts'
import { claimsOf, posting } from './wire.ts'

/** How users of the app sign in with a browser. */
export interface JustAuthenticateMeLogin {
  /** What people read where they choose among providers. Default: the name of the provider. */
  label?: string
}

const provider = 'justauthenticateme'

/**
 * Signing in by a link in a mail, which brings both tokens in its address: what knows this browser again is the cookie that it got when
 * the mail was asked for, and only a token of the address that was asked for is taken, so that nobody is signed in as the sender of
 * another link. The ID token is verified before anything is kept.
 */
export function signInAt(issuer: string, { label }: JustAuthenticateMeLogin): BrowserSignIn {
  return {
    ...(label !== undefined && { label }),
    asks: 'email',
    hasState: false,
    async start({ answer = '' }, { request }) {
      const { url, ...init } = posting(`${issuer}/authenticate`, { email: answer })
      const response = await request(url, init)
      const { status, headers } = response
      const explanation = `${provider}: a mail was asked for, and answered with status ${status}`
      if (status !== 200 && isPage(response)) throw unavailable(explanation, retryAfter(headers))
      // An address that it does not like gets no mail; nobody needs to know.
      if (status === 200 || status === 400) return { sent: 'mail' }
      if (status !== 404) throw unavailable(explanation, retryAfter(headers))
      const upstream = { provider, operation: 'authenticate', status }
      throw new AuthError('ERR_UPSTREAM_NOT_FOUND', { explanation: `${explanation}: is appId right?`, upstream })
    },
    async finish({ url, answer }) {
      const [idToken, another] = url.searchParams.getAll('idToken')
      const [refreshToken, twice] = url.searchParams.getAll('refreshToken')
      if (!idToken || another !== undefined || twice !== undefined)
        throw refusedSignIn(`${provider}: the browser came back without one ID token`)
      const { exp, email } = claimsOf(idToken) ?? {}
      if (answer === undefined || typeof email !== 'string' || email.toLowerCase() !== answer.toLowerCase())
        throw refusedSignIn(`${provider}: this browser has asked for a mail to another address`)
      const expiresAt = typeof exp === 'number' ? { expiresAt: exp } : {}
      return { tokens: { accessToken: idToken, ...expiresAt, ...(refreshToken && { refreshToken }) } }
    },
  }
}
