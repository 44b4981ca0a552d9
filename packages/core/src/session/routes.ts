import { assertSameSite } from '../credentials.ts'
import { AuthError, type AuthErrorCode, answers, isAuthError } from '../errors.ts'
import { publishRefusal } from '../events.ts'
import { invalidOptions } from '../options.ts'
import type { Route } from '../route.ts'
import type { BrowserSignIn } from '../sign-in.ts'
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

/** Answers the requests of a browser that signs in or out; nothing for a request that is not one of those. */
export type AuthRoutes = (request: FormRequest) => Promise<HttpAnswer | undefined>

const where = 'authRoutes'

interface SignInRoute extends Route {
  readonly signIn: BrowserSignIn
}

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
  if (sessions === undefined) throw invalidOptions(where, 'needs an authMiddleware with the option session')
  return routesOf(sessions)
}

function routesOf(sessions: Sessions): AuthRoutes {
  const { settings } = sessions
  const { origin, path } = settings
  const providers = signInRoutes(sessions)
  const flows = createFlows(sessions)
  const mayMail = createMailLimit(sessions.now)
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
    const returnTo = wanted === null ? `${origin}${path}/signed-out` : readReturnTo(wanted, origin, path)
    // Good or not: a provider that is down must keep nobody signed in.
    const { record, cookies } = await sessions.signOut(request)
    if (record === undefined) return redirect(returnTo, cookies)
    const location = await endAtProvider(sessions.routeOf(record), record.tokens, returnTo)
    return redirect(location ?? returnTo, cookies)
  }

  // The user is signed out here whatever the provider says.
  async function endAtProvider(
    route: Route | undefined,
    { accessToken, refreshToken }: { accessToken: string; refreshToken?: string },
    returnUrl: string,
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
    return provider.signIn?.end?.({ returnUrl }, context).catch(() => undefined)
  }

  async function profile({ request, url, form }: Visit): Promise<HttpAnswer> {
    const given = request.method === 'POST' ? form : url.searchParams
    const returnTo = readReturnTo(given.get('returnTo'), origin, path)
    const state = await sessions.find(request, true)
    const { record } = state
    const route = record && signInOf(record)
    if (record === undefined || route === undefined) return redirect(`${origin}${path}/login`, state.cookies)
    const { signIn, provider, context } = route
    if (signIn.profile === undefined)
      return withCookies(errorPage(404, 'There is no page to change this profile on.'), state.cookies)
    if (request.method !== 'POST' && request.headers['sec-fetch-site'] !== 'same-origin') {
      const fields = { returnTo: returnTo.slice(origin.length) }
      return withCookies(confirmPage('Profile', `${path}/profile`, 'Edit profile', fields), state.cookies)
    }
    if (request.method === 'POST') assertSameSite(request, { ownOrigin: origin })
    const location = await signIn.profile.start(record.tokens, `${origin}${path}/profile/callback`, context)
    const flow = {
      issuer: provider.issuer,
      kind: 'profile',
      state: flows.newState(),
      returnTo,
      kept: {},
      session: record.id,
    } as const
    return redirect(location, [...state.cookies, ...(await flows.begin(request, flow, false))])
  }

  async function profileCallback({ request, url }: Visit): Promise<HttpAnswer> {
    const state = await sessions.find(request, true)
    const { record } = state
    const route = record && signInOf(record)
    const editor = route?.signIn.profile
    if (record === undefined || route === undefined || editor === undefined)
      return redirect(`${origin}${path}/login`, state.cookies)
    const { flow, cookies } = await flows.finish(request, { issuer: record.issuer, kind: 'profile', state: undefined })
    try {
      if (flow.session !== record.id)
        throw new AuthError('ERR_REQUEST_CROSS_SITE', { explanation: 'another session has set out to the profile' })
      const tokens = await editor.finish(new URL(`${origin}${path}/profile/callback${url.search}`), route.context)
      const replaced = tokens === undefined ? state : await sessions.replace(request, record, tokens)
      return redirect(flow.returnTo, [...state.cookies, ...cookies, ...replaced.cookies])
    } catch (error) {
      return failed(error, [...state.cookies, ...cookies])
    }
  }

  // To an address without what came with the callback.
  function failed(error: unknown, cookies: readonly string[] = []): HttpAnswer {
    const { code } = told(error)
    return redirect(`${origin}${path}/failed?${new URLSearchParams({ code })}`, cookies)
  }

  async function failure({ url }: Visit): Promise<HttpAnswer> {
    const code = url.searchParams.get('code') ?? ''
    return pageOf(new AuthError(Object.hasOwn(answers, code) ? (code as AuthErrorCode) : 'ERR_SIGN_IN_REFUSED'))
  }

  // For people: the same words as for programs, on a page.
  function pageOf(error: AuthError): HttpAnswer {
    return errorPage(error.status, error.toJSON().detail, `${path}/login`, error.status === 503 ? error.headers : {})
  }

  const visits: Readonly<Record<string, (visit: Visit) => Promise<HttpAnswer>>> = {
    '/login': login,
    '/logout': logout,
    '/signed-out': async () => signedOutPage(`${path}/login`),
    '/profile': profile,
    '/profile/callback': profileCallback,
    '/failed': failure,
  }

  return async (request) => {
    const url = URL.canParse(request.originalUrl ?? request.url ?? '', origin)
      ? new URL(request.originalUrl ?? request.url ?? '', origin)
      : undefined
    if (url === undefined || url.origin !== origin || !url.pathname.startsWith(`${path}/`)) return undefined
    const below = url.pathname.slice(path.length)
    const [, name] = /^\/callback\/([^/]+)$/.exec(below) ?? []
    const visit = name === undefined ? visits[below] : undefined
    const isRead = request.method === 'GET'
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
  if (error.status === 502) return new AuthError('ERR_PROVIDER_UNAVAILABLE')
  return error.status === 401 ? new AuthError('ERR_SIGN_IN_REFUSED') : error
}

function signInRoutes({ routes }: Sessions): readonly SignInRoute[] {
  const found = routes.flatMap((route) => {
    const { signIn } = route.provider
    return signIn === undefined ? [] : [{ ...route, signIn }]
  })
  if (found.length === 0)
    throw invalidOptions(where, 'no provider is set up for browsers to sign in (its option client)')
  for (const { provider, signIn } of found)
    if (signIn.fault !== undefined) throw invalidOptions(where, `${provider.name}: ${signIn.fault}`)
  const names = found.map(({ provider }) => provider.name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined)
    throw invalidOptions(where, `two providers to sign in at have the name ${JSON.stringify(twice)}`)
  return found
}

function choiceOf({ provider, signIn }: SignInRoute): { name: string; label: string } {
  return { name: provider.name, label: signIn.label ?? provider.name }
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
