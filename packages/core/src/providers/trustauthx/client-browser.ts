import * as z from 'zod'
import type { CallOptions } from '../../client-options.ts'
import { AuthError } from '../../errors.ts'
import { invalidOptions } from '../../options.ts'
import { holdsSecret } from '../../secrets.ts'
import type { Seconds } from '../../types.ts'
import { urlOf } from '../../url.ts'
import { isSecure } from '../secure-address.ts'
import { type Ask, assertText } from './calls.ts'
import type { TrustAuthXTokenCalls } from './client-tokens.ts'
import { isUnchanged, useCode } from './codes.ts'
import type { TrustAuthXSession } from './envelope.ts'
import { type LoginCookie, privately } from './login.ts'
import { type CallUrl, paths, signedKeyOf, type TrustAuthXCredentials } from './wire.ts'

/** Where to send a browser, and the headers to send with it. */
export interface BrowserRedirect {
  readonly location: string
  readonly headers: Readonly<Record<string, string>>
}

/** What sends a browser to TrustAuthX, and takes it back. */
export interface TrustAuthXBrowserCalls {
  /** The hosted login page. It takes no `state`: prefer `startLogin`. */
  generateUrl(): string
  /**
   * Begins a login: an address for the browser, and a cookie that it must have when it comes back to `finishLogin`. Without one,
   * anybody could have a browser signed in as somebody else, by a link with a code.
   */
  startLogin(): BrowserRedirect
  /**
   * Ends a login at the callback: checks the cookie, exchanges the code. Then make a new session id, send the `headers`, and
   * redirect to an address without the code.
   * @param callback the `code` of the query, and the `Cookie` header
   * @throws {AuthError} `ERR_REQUEST_CROSS_SITE` without the cookie of `startLogin`, or later than 10 minutes after it;
   * `ERR_SIGN_IN_REFUSED` for a code that is none, or is not good any more
   */
  finishLogin(
    callback: { code: string; cookie: string | undefined },
    options?: CallOptions,
  ): Promise<{ readonly session: TrustAuthXSession; readonly headers: Readonly<Record<string, string>> }>
  /**
   * The address of the profile editor with the organization's credentials and the user's access token in it.
   * @param url where the editor sends the browser afterwards
   * @throws {AuthError} `ERR_OPTIONS_INVALID` unless `dangerouslyAllowCredentialsInBrowser` is set
   */
  generateEditUserUrl(accessToken: string, url: string): string
  /**
   * The address of the profile editor without credentials: this server asks for the first redirect itself and passes its target on.
   * A cookie that TrustAuthX sets with that redirect stays behind.
   * @param url where the editor sends the browser afterwards
   * @throws {AuthError} `ERR_PROVIDER_UNAVAILABLE` also when the target holds credentials or is not https
   */
  resolveEditUserUrl(accessToken: string, url: string, options?: CallOptions): Promise<BrowserRedirect>
  /**
   * Ends the profile editor: the user with new tokens, or nothing when the user has changed nothing.
   * @param query as it came to the `url` of the editor; without `ac` something may have changed
   * @throws {AuthError} `ERR_SIGN_IN_REFUSED` for a code that is none, or is not good any more
   */
  finishEditUser(
    query: { code: string; ac?: string | undefined },
    options?: CallOptions,
  ): Promise<TrustAuthXSession | undefined>
}

interface Options extends TrustAuthXCredentials {
  readonly ask: Ask
  readonly base: string
  readonly callUrl: CallUrl
  readonly loginPage: string
  readonly cookie: LoginCookie
  readonly tokens: TrustAuthXTokenCalls
  readonly isEditUrlAllowed: boolean
  /** Whether it is our own key that is refused with this status. */
  readonly isOurKey: (status: number) => Promise<boolean>
  readonly now: () => Seconds
}

const redirects = [301, 302, 303, 307, 308]

/** Makes the part of the client that is about browsers. */
export function createBrowserCalls(options: Options): TrustAuthXBrowserCalls {
  const { ask, base, callUrl, loginPage, cookie, tokens, now } = options
  const ours = [options.apiKey, options.secretKey, signedKeyOf(options)]

  function editParameters(accessToken: string, url: string) {
    if (!/^https?:$/.test(urlOf(url)?.protocol ?? ''))
      throw invalidOptions('generateEditUserUrl', 'url must be an http(s) URL')
    return { AccessToken: assertText('accessToken', accessToken), url: assertText('url', url) }
  }

  async function assertKey(status: number, error: unknown): Promise<void> {
    if (await options.isOurKey(status)) throw error
  }

  return {
    generateUrl: () => loginPage,
    startLogin: () => ({ location: loginPage, headers: { ...privately, 'Set-Cookie': cookie.start(now()) } }),
    async finishLogin({ code, cookie: header }, given) {
      cookie.assert(header, now())
      const session = await useCode(code, (good) => tokens.getUser(good, given), assertKey)
      return { session, headers: { ...privately, 'Set-Cookie': cookie.end } }
    },
    generateEditUserUrl(accessToken, url) {
      if (options.isEditUrlAllowed) return callUrl(paths.editUser, editParameters(accessToken, url))
      throw invalidOptions(
        'generateEditUserUrl',
        'the address would give the API key and the signed key to the browser; use resolveEditUserUrl (or the option dangerouslyAllowCredentialsInBrowser)',
      )
    },
    async resolveEditUserUrl(accessToken, url, given) {
      const operation = 'resolveEditUserUrl'
      const target = await ask(
        {
          operation,
          path: paths.editUser,
          parameters: editParameters(accessToken, url),
          expect: redirects,
          read: ({ headers }) => headers.get('location') ?? undefined,
          schema: z.string().min(1),
        },
        given,
      )
      const location = urlOf(target, base)
      const isGood = location !== undefined && isSecure(location) && !holdsSecret(location.href, [...ours, accessToken])
      if (isGood) return { location: location.href, headers: privately }
      throw new AuthError('ERR_PROVIDER_UNAVAILABLE', {
        explanation: `trustauthx ${operation}: the target of the redirect must not be passed on`,
        upstream: { provider: 'trustauthx', operation },
      })
    },
    async finishEditUser({ code, ac }, given) {
      return isUnchanged(ac) ? undefined : useCode(code, (good) => tokens.reAuth(good, given), assertKey)
    },
  }
}
