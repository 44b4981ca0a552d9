import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { Seconds } from '@claviger/core'
import { OidcError } from './errors.ts'
import { type Grant, random } from './grants.ts'
import type { AppState, LogtoResource } from './state.ts'

/** What an app has sent a browser with. */
export interface AuthorizationRequest {
  readonly app: AppState
  readonly redirectUri: string
  readonly scopes: readonly string[]
  readonly resources: readonly LogtoResource[]
  readonly prompts: readonly string[]
  readonly state: string | undefined
  readonly nonce: string | undefined
  readonly challenge: string | undefined
}

/** What an app may redeem once. */
export interface Code {
  readonly grant: Grant
  readonly redirectUri: string
  readonly nonce: string | undefined
  readonly challenge: string | undefined
  readonly isRefreshable: boolean
  readonly expiresAt: Seconds
  isUsed: boolean
}

const codeLifetime: Seconds = 60

/** Browsers on the way between an app and its tokens. */
export class Authorizations {
  readonly #interactions = new Map<string, AuthorizationRequest>()
  readonly #codes = new Map<string, Code>()
  readonly #now: () => Seconds

  constructor(now: () => Seconds) {
    this.#now = now
  }

  /** Keeps what a browser came with, until its user has signed in. */
  begin(request: AuthorizationRequest): string {
    const id = random()
    this.#interactions.set(id, request)
    return id
  }

  /** @throws {OidcError} */
  pending(id: string | null): AuthorizationRequest {
    const found = this.#interactions.get(id ?? '')
    if (found !== undefined) return found
    throw new OidcError('invalid_request', 'the interaction session was not found')
  }

  end(id: string | null): void {
    this.#interactions.delete(id ?? '')
  }

  addCode(code: Omit<Code, 'expiresAt' | 'isUsed'>): string {
    const text = random()
    this.#codes.set(text, { ...code, expiresAt: this.#now() + codeLifetime, isUsed: false })
    return text
  }

  /** Uses a code up; the second time it takes everything along that it gave. @throws {OidcError} `invalid_grant` */
  redeem(text: string, app: AppState, form: URLSearchParams): Code {
    const code = this.#codes.get(text)
    if (code === undefined || code.grant.app !== app || code.expiresAt <= this.#now()) throw OidcError.grant()
    if (code.isUsed) code.grant.dead = true
    code.isUsed = true
    const isSame = form.get('redirect_uri') === code.redirectUri && isProof(form.get('code_verifier'), code.challenge)
    if (code.grant.dead || code.grant.user.isSuspended || !isSame) throw OidcError.grant()
    return code
  }
}

function isProof(verifier: string | null, challenge: string | undefined): boolean {
  if (challenge === undefined || verifier === null) return challenge === undefined && verifier === null
  return createHash('sha256').update(verifier).digest('base64url') === challenge
}

/** The cookie of a browser that somebody has signed in with. */
export function browserOf({ cookie }: IncomingHttpHeaders): string | undefined {
  return /(?:^|; )_session=([\w-]+)/.exec(cookie ?? '')?.[1]
}
