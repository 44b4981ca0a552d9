import type { LoopbackRequest, Reply, Route } from '../../server/routes.ts'
import { escaped, htmlPage, postForm } from '../people-page.ts'
import type { TrustAuthXState, UserState } from './state.ts'
import { withQuery } from './wire.ts'

const path = '/widget/profile'

/** Where the API sends a browser that is to edit a profile: the hosted page, with a code of its own. */
export function editorOf(state: TrustAuthXState, user: UserState, redirectUrl: string): string {
  const code = state.addCode('user', user, true)
  return `${path}?${new URLSearchParams({ code, org_id: user.organization.orgId, redirect_url: redirectUrl })}`
}

/** The hosted page on which users change their name. Its own calls of the API are left out. */
export function profileRoutes(state: TrustAuthXState): Route<'profile'>[] {
  return [
    { endpoint: 'profile', method: 'GET', path, handle: ({ url }) => profilePage(state, url.searchParams) },
    { endpoint: 'profile', method: 'POST', path, handle: ({ form }: LoopbackRequest) => leave(state, form) },
  ]
}

function profilePage(state: TrustAuthXState, given: URLSearchParams): Reply {
  const user = state.codes.get(given.get('code') ?? '')?.user
  if (user === undefined) return htmlPage('Profile', '<p>Token Expired - token expired</p>', 401)
  const fields = { code: given.get('code') ?? '', redirect_url: given.get('redirect_url') ?? '' }
  const buttons = [
    { name: 'change', value: 'true', label: 'Save' },
    { name: 'change', value: 'false', label: 'Leave' },
  ]
  const input = `<label>Name <input name="name" value="${escaped(user.name)}"></label>`
  return htmlPage('Profile at TrustAuthX', postForm(path, fields, buttons, input))
}

function leave(state: TrustAuthXState, form: URLSearchParams): Reply {
  const text = form.get('code') ?? ''
  const user = state.codes.get(text)?.user
  if (user === undefined) return htmlPage('Profile', '<p>Token Expired - token expired</p>', 401)
  state.codes.delete(text)
  const isChanged = form.get('change') === 'true'
  if (isChanged) user.name = form.get('name') ?? user.name
  const code = state.addCode('reauth', user, false)
  const location = withQuery(form.get('redirect_url') ?? '', { code, ac: String(isChanged) })
  return { status: 303, headers: { location } }
}
