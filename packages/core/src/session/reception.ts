import type { HttpRequest, SiteRules } from '../credentials.ts'
import { AuthError } from '../errors.ts'
import { publishRefusal } from '../events.ts'
import { digest } from './flow.ts'
import { type HttpAnswer, isPageRequest } from './page-request.ts'
import { loopPage, redirect } from './pages.ts'
import { maxReturnTo } from './return-to.ts'
import type { SessionState, Sessions } from './sessions.ts'

/** A session of a request; or the answer to a browser that has to sign in first. */
export interface Received extends SessionState {
  readonly answer?: HttpAnswer
}

const maxTurns = 3
// Who needs longer than this for a turn is no loop.
const turnLifetime = 60

/** Makes what looks for the session of a request, and sends pages without one to the sign-in: three times in a row, and no more. */
export function createReception(
  sessions: Sessions,
  site: SiteRules,
): (request: HttpRequest, required: boolean) => Promise<Received> {
  const { settings, jar } = sessions
  const turnsName = `${settings.cookieName}-turns`

  return async (request, required) => {
    const state = await sessions.find(request, true, site)
    if (state.auth !== undefined) return { ...state, cookies: [...state.cookies, ...jar.end(request, turnsName)] }
    if (!required || !settings.redirect || !isPageRequest(request)) return state
    assertNoSignIn(request, sessions)
    const loginUrl = loginUrlFor(request, sessions)
    // Several tabs that are opened at a time are no loop: that leads to one page again and again.
    const page = digest(request.originalUrl ?? request.url ?? '/')
    const [count, of] = (jar.read(request, turnsName) ?? '').split('.')
    const turns = of === page ? Number(count) || 0 : 0
    if (state.ended !== undefined) publishRefusal(state.ended)
    if (turns < maxTurns) {
      const cookies = [...state.cookies, jar.write(turnsName, `${turns + 1}.${page}`, turnLifetime)]
      return { ...state, answer: redirect(loginUrl), cookies }
    }
    const explanation = 'a browser has signed in three times without getting a session (option session.baseUrl?)'
    publishRefusal(new AuthError('ERR_SIGN_IN_LOOP', { explanation }))
    return {
      ...state,
      answer: loopPage(loginUrl),
      cookies: [...state.cookies, ...jar.end(request, turnsName)],
    }
  }
}

/** @throws {AuthError} `ERR_SIGN_IN_LOOP` for the sign-in itself, which would be sent to the sign-in for ever */
function assertNoSignIn({ url = '/', originalUrl = url }: HttpRequest, { settings: { path } }: Sessions): void {
  if (originalUrl.split('?')[0] !== `${path}/login`) return
  const explanation = `nothing answers ${path}/login: authRoutes(auth) has to stand before the middleware`
  throw new AuthError('ERR_SIGN_IN_LOOP', { explanation })
}

function loginUrlFor({ url = '/', originalUrl = url }: HttpRequest, { settings }: Sessions): string {
  const login = `${settings.origin}${settings.path}/login`
  return originalUrl.length > maxReturnTo ? login : `${login}?${new URLSearchParams({ returnTo: originalUrl })}`
}
