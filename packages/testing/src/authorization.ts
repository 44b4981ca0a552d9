import { createHash, randomBytes } from 'node:crypto'
import type { Seconds } from '@claviger/core'
import { peoplePage } from './emulators/people-page.ts'
import type { LoopbackRequest, Reply } from './server/routes.ts'
import type { TokenOptions } from './tokens.ts'
import { urlOf } from './url.ts'

/** Browsers that sign in at an issuer. */
export interface Authorizations {
  /** Shows who may sign in, and sends the browser back with a code for whoever is chosen. */
  authorize(request: LoopbackRequest): Reply
  /** Uses a code up; nothing for one that is not good, or not brought by whom it was given to. */
  redeem(form: URLSearchParams): Authorized | undefined
}

/** What a code stands for. */
export interface Authorized {
  readonly options: TokenOptions
  readonly nonce: string | undefined
}

interface AuthorizationsOptions {
  issuer(): string
  /** Where the page is. */
  readonly path: string
  readonly clientId: string
  readonly users: readonly TokenOptions[]
  /** Default: all on loopback. */
  readonly redirectUris: readonly string[] | undefined
  now(): Seconds
}

interface Code extends Authorized {
  readonly redirectUri: string
  readonly challenge: string | undefined
  readonly expiresAt: Seconds
}

const codeLifetime: Seconds = 60

/** Makes the authorization endpoint of an issuer. @see https://www.rfc-editor.org/rfc/rfc6749#section-4.1 */
export function createAuthorizations(options: AuthorizationsOptions): Authorizations {
  const { issuer, path, clientId, users, redirectUris, now } = options
  const codes = new Map<string, Code>()

  function isKnown(redirectUri: string): boolean {
    if (redirectUris !== undefined) return redirectUris.includes(redirectUri)
    return /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?\//.test(redirectUri) && urlOf(redirectUri) !== undefined
  }

  /** Why a request is answered without asking anybody. */
  function errorOf(given: URLSearchParams): string | undefined {
    if (given.get('response_type') !== 'code') return 'unsupported_response_type'
    if (given.has('code_challenge') && given.get('code_challenge_method') !== 'S256') return 'invalid_request'
    return given.get('prompt') === 'none' ? 'login_required' : undefined
  }

  function codeFor(user: TokenOptions, given: URLSearchParams): string {
    const code = randomBytes(32).toString('base64url')
    const resource = given.get('resource')
    const scopes = given.get('scope')?.split(' ').filter(Boolean) ?? []
    codes.set(code, {
      options: { ...user, scopes, ...(resource !== null && { audience: resource }) },
      nonce: given.get('nonce') ?? undefined,
      redirectUri: given.get('redirect_uri') ?? '',
      challenge: given.get('code_challenge') ?? undefined,
      expiresAt: now() + codeLifetime,
    })
    return code
  }

  return {
    authorize({ method, url, form }) {
      const given = method === 'POST' ? form : url.searchParams
      const redirectUri = given.get('redirect_uri') ?? ''
      // Nobody is sent anywhere on the word of a client that is not known.
      if (given.get('client_id') !== clientId) return { status: 400, body: 'client_id is not known' }
      if (!isKnown(redirectUri)) return { status: 400, body: 'redirect_uri is not known' }
      const back = (answer: Record<string, string>): Reply => {
        const location = new URL(redirectUri)
        const state = given.get('state')
        const all = { ...answer, ...(state !== null && { state }), iss: issuer() }
        for (const [name, value] of Object.entries(all)) location.searchParams.set(name, value)
        return { status: 303, headers: { location: location.href, 'cache-control': 'no-store' } }
      }
      const error = errorOf(given)
      if (error !== undefined) return back({ error })
      if (method !== 'POST') {
        const people = users.map((user) => ({ value: subjectOf(user), label: user.name ?? subjectOf(user) }))
        return peoplePage({ title: 'Sign in', action: path, field: 'user', people, fields: Object.fromEntries(given) })
      }
      const user = users.find((one) => subjectOf(one) === given.get('user'))
      return back(user === undefined ? { error: 'access_denied' } : { code: codeFor(user, given) })
    },
    redeem(form) {
      const text = form.get('code') ?? ''
      const code = codes.get(text)
      codes.delete(text)
      if (code === undefined || code.expiresAt <= now() || form.get('redirect_uri') !== code.redirectUri)
        return undefined
      return isProof(form.get('code_verifier'), code.challenge) ? code : undefined
    },
  }
}

function subjectOf({ subject = 'alice' }: TokenOptions): string {
  return subject
}

/** @see https://www.rfc-editor.org/rfc/rfc7636#section-4.6 */
function isProof(verifier: string | null, challenge: string | undefined): boolean {
  if (challenge === undefined || verifier === null) return challenge === undefined && verifier === null
  return createHash('sha256').update(verifier).digest('base64url') === challenge
}
