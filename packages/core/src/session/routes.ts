import { assertSameSite } from '../credentials.ts'
import { AuthError, type AuthErrorCode, answers, isAuthError } from '../errors.ts'
import { publishRefusal } from '../events.ts'
import { invalidOptions } from '../options.ts'
import type { Route } from '../route.ts'
import { urlOf } from '../url.ts'
import { createFlows } from './flow.ts'
import { type FormRequest, readForm } from './form.ts'
import { createMailLimit } from './mail-limit.ts'
import type { HttpAnswer } from './page-request.ts'
import {
  choicePage,
  confirmPage,
  emailPage,
  errorPage,
  mailPage,
  redirect,
  signedOutPage,
  withCookies,
} from './pages.ts'
import type { SessionRecord } from './record.ts'
import { readReturnTo } from './return-to.ts'
import type { Sessions } from './sessions.ts'
import { choiceOf, type SignInRoute, signInRoutes } from './sign-in-routes.ts'

/** Answers the requests of a browser that signs in or out; nothing for a request that is not one of those. */
export type AuthRoutes = (request: FormRequest) => Promise<HttpAnswer | undefined>

/** One request below the path of the routes. */
interface Visit {
  readonly request: FormRequest
  readonly url: URL
  readonly form: URLSearchParams
}

/**
 * Makes the routes that browsers sign in at, below `session.path`: `login`, `callback/<provider>`, `logout`, `signed-out`, `profile`. What a provider
 * does differently is in its `signIn`.
 * @throws {AuthError} `ERR_OPTIONS_INVALID` without sessions, or without a provider to sign in at
 */
export function createAuthRoutes(sessions: Sessions | undefined): AuthRoutes {
  if (sessions === undefined) throw invalidOptions('authRoutes', 'needs an authMiddleware with the option session')
  return routesOf(sessions)
}

function routesOf(sessions: Sessions): AuthRoutes {
  const { settings } = sessions
  const { origin, path } = settings
  const providers = signInRoutes(sessions)
  const flows = createFlows(sessions)
  const mayMail = createMailLimit(sessions.now)
  const signedOutUrl = `${origin}${path}/signed-out`
  const callbackUrl = ({ provider }: Route) => `${origin}${path}/callback/${encodeURIComponent(provider.name)}`

  function signInOf(record: SessionRecord): SignInRoute | undefined {
    const provider = sessions.routeOf(record)?.provider
    return providers.find((route) => route.provider === provider)
  }

  async function login({ request, url, form }: Visit): Promise<HttpAnswer> {
    const isPost = request.method === 'POST'
    const given = isPost ? form : url.searchParams
    const returnTo = readReturnTo(given.get('returnTo'), origin, path)
    const fresh = given.get('fresh') === '1'
    const fields = { returnTo: returnTo.slice(origin.length), ...(fresh && { fresh: '1' }) }
    const [only, ...others] = providers
    const chosen = given.get('provider')
    const route =
      chosen === null && others.length === 0 ? only : providers.find(({ provider }) => provider.name === chosen)
    if (route === undefined) return choicePage(`${path}/login`, providers.map(choiceOf), fields)
    const { signIn, provider } = route
    const withProvider = { ...fields, provider: provider.name }
    if (signIn.asks === 'email' && form.get('email') === null) return emailPage(`${path}/login`, withProvider)
    // A link of somebody else must not set a browser out to where nothing tells whose code comes back.
    if (!signIn.hasState && !isPost && request.headers['sec-fetch-site'] !== 'same-origin') {
      return confirmPage('Sign in', `${path}/login`, `Continue with ${choiceOf(route).label}`, withProvider)
    }
    if (isPost) assertSameSite(request, { ownOrigin: origin })
    return setOut(request, route, returnTo, fresh, given.get('email') ?? undefined)
  }

  async function setOut(
    request: FormRequest,
    route: SignInRoute,
    returnTo: string,
    fresh: boolean,
    email: string | undefined,
  ): Promise<HttpAnswer> {
    const { signIn, provider, context } = route
    const state = flows.newState()
    const asksEmail = signIn.asks === 'email'
    if (asksEmail && !isEmail(email))
      throw new AuthError('ERR_SIGN_IN_REFUSED', { explanation: 'no e-mail address was given' })
    const answer = asksEmail ? { answer: email as string } : {}
    // The same page for all addresses, those that have had too many mails among them.
    const isSilent = asksEmail && !mayMail(email as string, request)
    const step = isSilent
      ? ({ sent: 'mail' } as const)
      : await signIn.start({ callbackUrl: callbackUrl(route), state, fresh, ...answer }, context)
    const kept = 'keep' in step ? (step.keep ?? {}) : {}
    const flow = { issuer: provider.issuer, kind: 'sign-in', state, returnTo, kept, ...answer } as const
    const cookies = await flows.begin(request, flow, signIn.hasState)
    return 'sent' in step ? withCookies(mailPage(), cookies) : redirect(step.location, cookies)
  }

  async function callback({ request, url }: Visit, name: string): Promise<HttpAnswer> {
    const route = providers.find(({ provider }) => provider.name === name)
    if (route === undefined) return errorPage(404, 'There is no such provider.')
    const { signIn, provider, context } = route
    const state = signIn.hasState ? (url.searchParams.get('state') ?? '') : undefined
    const { flow, cookies } = await flows.finish(request, { issuer: provider.issuer, kind: 'sign-in', state })
    try {
      const at = new URL(callbackUrl(route) + url.search)
      const { kept, answer } = flow
      const came = { url: at, state: flow.state, kept, ...(answer !== undefined && { answer }) }
      const signedIn = await signIn.finish(came, context)
      const started = await sessions.start(request, route, signedIn)
      return redirect(flow.returnTo, [...cookies, ...started.cookies])
    } catch (error) {
      // Used up, whatever came of it.
      return failed(error, cookies)
    }
  }

  async function logout({ request, form }: Visit): Promise<HttpAnswer> {
    if (request.method !== 'POST') return confirmPage('Sign out', `${path}/logout`, 'Sign out', {})
    assertSameSite(request, { ownOrigin: origin })
    // A page of the app might send its visitor to sign in at once.
    const wanted = form.get('returnTo')
    const returnTo = wanted === null ? undefined : readReturnTo(wanted, origin, path)
    // Good or not: a provider that is down must keep nobody signed in.
    const { record, cookies } = await sessions.signOut(request)
    const location = record && (await endAtProvider(sessions.routeOf(record), record.tokens, returnTo))
    return redirect(location ?? returnTo ?? signedOutUrl, cookies)
  }

  // The user is signed out here whatever the provider says.
  async function endAtProvider(
    route: Route | undefined,
    { accessToken, refreshToken }: { accessToken: string; refreshToken?: string },
    returnTo: string | undefined,
  ): Promise<string | undefined> {
    if (route === undefined) return undefined
    const { provider, context } = route
    try {
      const what =
        refreshToken === undefined
          ? ({ kind: 'accessToken', token: accessToken } as const)
          : ({ kind: 'refreshToken', token: refreshToken, accessToken } as const)
      await provider.revoke?.(what, context)
    } catch (error) {
      if (isAuthError(error)) publishRefusal(error, provider.name)
    }
    if (!settings.endAtProvider) return undefined
    // Providers send a browser back to addresses that they know only.
    const request = { returnUrl: signedOutUrl, ...(returnTo !== undefined && { state: returnTo.slice(origin.length) }) }
    return provider.signIn?.end?.(request, context).catch(() => undefined)
  }

  async function signedOut({ url }: Visit): Promise<HttpAnswer> {
    const returnTo = url.searchParams.get('state')
    return returnTo === null ? signedOutPage(`${path}/login`) : redirect(readReturnTo(returnTo, origin, path))
  }

  /** What is for somebody who is signed in. Whatever comes of it, the browser gets the cookies of a session that was refreshed for it. */
  async function forSession(
    request: FormRequest,
    work: (record: SessionRecord, route: SignInRoute) => Promise<HttpAnswer>,
  ): Promise<HttpAnswer> {
    const { record, cookies } = await sessions.find(request, true)
    const route = record && signInOf(record)
    if (record === undefined || route === undefined) return redirect(`${origin}${path}/login`, cookies)
    try {
      return withCookies(await work(record, route), cookies)
    } catch (error) {
      throw isAuthError(error) ? error.withChallenge(error.challenge, [...cookies, ...error.cookies]) : error
    }
  }

  function profile({ request, url, form }: Visit): Promise<HttpAnswer> {
    const isPost = request.method === 'POST'
    const returnTo = readReturnTo((isPost ? form : url.searchParams).get('returnTo'), origin, path)
    return forSession(request, async (record, { signIn, provider, context }) => {
      if (signIn.profile === undefined) return errorPage(404, 'There is no page to change this profile on.')
      if (!isPost && request.headers['sec-fetch-site'] !== 'same-origin') {
        const fields = { returnTo: returnTo.slice(origin.length) }
        return confirmPage('Profile', `${path}/profile`, 'Edit profile', fields)
      }
      const location = await signIn.profile.start(record.tokens, `${origin}${path}/profile/callback`, context)
      const { issuer } = provider
      const flow = { issuer, kind: 'profile', state: flows.newState(), returnTo, kept: {}, session: record.id } as const
      return redirect(location, await flows.begin(request, flow, false))
    })
  }

  function profileCallback({ request, url }: Visit): Promise<HttpAnswer> {
    return forSession(request, async (record, { signIn, context }) => {
      const { flow, cookies } = await flows.finish(request, {
        issuer: record.issuer,
        kind: 'profile',
        state: undefined,
      })
      try {
        if (flow.session !== record.id)
          throw new AuthError('ERR_REQUEST_CROSS_SITE', { explanation: 'another session has set out to the profile' })
        const at = new URL(`${origin}${path}/profile/callback${url.search}`)
        const tokens = await signIn.profile?.finish(at, context)
        const replaced = tokens === undefined ? [] : (await sessions.replace(request, record, tokens)).cookies
        return redirect(flow.returnTo, [...cookies, ...replaced])
      } catch (error) {
        return failed(error, cookies)
      }
    })
  }

  // To an address without what came with the callback.
  function failed(error: unknown, ended: readonly string[] = []): HttpAnswer {
    const { code, cookies } = told(error)
    return redirect(`${origin}${path}/failed?${new URLSearchParams({ code })}`, [...cookies, ...ended])
  }

  async function failure({ url }: Visit): Promise<HttpAnswer> {
    const code = url.searchParams.get('code') ?? ''
    return pageOf(new AuthError(Object.hasOwn(answers, code) ? (code as AuthErrorCode) : 'ERR_SIGN_IN_REFUSED'))
  }

  // For people: the same words as for programs, on a page.
  function pageOf(error: AuthError): HttpAnswer {
    const { 'Retry-After': retryAfter } = error.headers
    const headers = retryAfter === undefined ? {} : { 'Retry-After': retryAfter }
    return withCookies(errorPage(error.status, error.toJSON().detail, `${path}/login`, headers), error.cookies)
  }

  const visits: Readonly<Record<string, (visit: Visit) => Promise<HttpAnswer>>> = {
    '/login': login,
    '/logout': logout,
    '/signed-out': signedOut,
    '/profile': profile,
    '/profile/callback': profileCallback,
    '/failed': failure,
  }

  return async (request) => {
    const url = urlOf(request.originalUrl ?? request.url ?? '', origin)
    if (url === undefined || url.origin !== origin || !url.pathname.startsWith(`${path}/`)) return undefined
    const below = url.pathname.slice(path.length)
    const [, name] = /^\/callback\/([^/]+)$/.exec(below) ?? []
    const visit = name === undefined ? visits[below] : undefined
    const isRead = request.method === 'GET' || request.method === 'HEAD'
    if (visit === undefined && name === undefined) return undefined
    if (!isRead && (request.method !== 'POST' || name !== undefined || below === '/profile/callback')) return undefined
    try {
      const form = isRead ? new URLSearchParams() : await readForm(request)
      if (visit !== undefined) return await visit({ request, url, form })
      return await callback({ request, url, form }, decode(name as string))
    } catch (error) {
      return name !== undefined || below === '/profile/callback' ? failed(error) : pageOf(told(error))
    }
  }
}

// What happened, the event tells. For whoever signs in, a token that is not accepted here is a sign-in that did not succeed, and a call of
// ours that failed is one that is not possible at the moment.
function told(error: unknown): AuthError {
  if (!isAuthError(error)) throw error
  publishRefusal(error)
  const { cookies } = error
  if (error.status === 502) return new AuthError('ERR_PROVIDER_UNAVAILABLE', { cookies })
  return error.status === 401 ? new AuthError('ERR_SIGN_IN_REFUSED', { cookies }) : error
}

function isEmail(text: string | undefined): boolean {
  return text !== undefined && text.length <= 254 && /^[^\s@\p{Cc}]+@[^\s@\p{Cc}]+$/u.test(text)
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return ''
  }
}
