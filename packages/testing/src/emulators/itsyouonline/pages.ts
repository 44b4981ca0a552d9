import type { LoopbackRequest, Reply, Route } from '../../server/routes.ts'
import { htmlPage, peoplePage, postForm } from '../people-page.ts'
import { textError } from './answers.ts'
import { sessionCookie, sessionOf } from './browser-session.ts'
import { answered } from './oauth.ts'
import { type ItsYouOnlineState, random, type User } from './state.ts'
import { emptyAuthorization } from './users.ts'

/** The pages that people see. */
export type PageEndpoint = 'login' | 'consent' | 'logout'

/** The pages on the way of a sign-in: who are you, and may this organization know? And the way out. */
export function pageRoutes(state: ItsYouOnlineState): Route<PageEndpoint>[] {
  const at = (endpoint: PageEndpoint, method: string, path: string, handle: (request: LoopbackRequest) => Reply) => ({
    endpoint,
    method,
    path,
    handle: (request: LoopbackRequest) => answered(() => handle(request)),
  })
  return [
    at('login', 'GET', '/login', ({ url }) => loginPage(state, url)),
    at('login', 'GET', '/register', ({ url }) => loginPage(state, url)),
    at('login', 'POST', '/login', ({ form }) => logIn(state, form)),
    at('logout', 'GET', '/logout', ({ headers }) => logOut(state, headers.cookie)),
    at('consent', 'GET', '/authorize', ({ url, headers }) => consentPage(userOf(state, headers.cookie), url)),
    at('consent', 'POST', '/authorize', ({ form, headers }) => consent(userOf(state, headers.cookie), form)),
  ]
}

function loginPage({ users }: ItsYouOnlineState, url: URL): Reply {
  const people = [...users.values()].map(({ username }) => ({ value: username, label: username }))
  return peoplePage({
    title: 'Sign in to ItsYou.online',
    action: '/login',
    field: 'login',
    people,
    fields: { query: url.search },
  })
}

function logIn(state: ItsYouOnlineState, form: URLSearchParams): Reply {
  const user = state.users.get(form.get('login') ?? '')
  if (user === undefined) return htmlPage('Sign in to ItsYou.online', '<p>Nobody has signed in.</p>', 422)
  const session = random()
  state.sessions.set(session, user.username)
  const reply = onwards(form)
  return { ...reply, headers: { ...reply.headers, 'set-cookie': sessionCookie(session) } }
}

// By a link, and to its own front page.
function logOut({ sessions }: ItsYouOnlineState, cookie: string | undefined): Reply {
  sessions.delete(sessionOf(cookie) ?? '')
  return { status: 302, headers: { location: '/' } }
}

function consentPage(user: User, url: URL): Reply {
  const client = url.searchParams.get('client_id') ?? ''
  const scopes = (url.searchParams.get('scope') ?? '').split(',').join(', ')
  const main = postForm('/authorize', { query: url.search }, [{ name: 'authorize', value: '1', label: 'Authorize' }])
  return htmlPage(`${client} asks ${user.username} for: ${scopes}`, main)
}

function consent(user: User, form: URLSearchParams): Reply {
  const query = new URLSearchParams(form.get('query') ?? '')
  const client = query.get('client_id') ?? ''
  const scopes = (query.get('scope') ?? '').split(',').filter((scope) => scope !== '')
  user.authorizations.set(client, { ...emptyAuthorization(user.username, client), scopes })
  return onwards(form)
}

function userOf(state: ItsYouOnlineState, cookie: string | undefined): User {
  const username = state.sessions.get(sessionOf(cookie) ?? '')
  if (username === undefined) throw textError(401)
  return state.user(username)
}

// Back to where the browser came from; never to another host.
function onwards(form: URLSearchParams): Reply {
  const query = new URLSearchParams(form.get('query') ?? '')
  query.delete('endpoint')
  return { status: 302, headers: { location: `/v1/oauth/authorize?${query}` } }
}
