import { createPublicKey, randomUUID } from 'node:crypto'
import type { Claims, Jwk, Seconds } from '@claviger/core'
import { isSignedWith } from '../../keys.ts'
import type { LoopbackRequest } from '../../server/routes.ts'
import { crash, PortalError } from './answers.ts'
import type { Params } from './params.ts'
import type { OpenvCloudState } from './state.ts'

/** Who calls, when nobody has logged in. */
export const guest = 'guest'

interface Settings {
  readonly sessionLifetime: Seconds
  readonly strictBlankAuthkey: boolean
}

interface SessionState {
  readonly user: string
  readonly expiresAt: Seconds
}

/** Sessions of an environment, and who its requests are of. */
export class Sessions {
  readonly #state: OpenvCloudState
  readonly #settings: () => Settings
  readonly #portalSecret: string
  readonly #sessions = new Map<string, SessionState>()
  /** What JWTs are verified with. */
  jwtKey: Jwk | undefined

  constructor(state: OpenvCloudState, settings: () => Settings, portalSecret: string) {
    this.#state = state
    this.#settings = settings
    this.#portalSecret = portalSecret
  }

  /** Starts a session; its id is the `authkey`. Never an id that the client has brought. */
  start(user: string): string {
    const id = randomUUID().replaceAll('-', '')
    this.#sessions.set(id, { user, expiresAt: this.#state.now() + this.#settings().sessionLifetime })
    return id
  }

  /** Ends the sessions of a user, or all. */
  end(user?: string): void {
    for (const [id, session] of this.#sessions) {
      if (user === undefined || session.user === user) this.#sessions.delete(id)
    }
  }

  /** @throws {PortalError} 401 for a wrong name or password */
  authenticate(username: unknown, password: unknown): string {
    const user = this.#state.users.get(String(username))
    if (user?.password === undefined || !user.isActive || user.password !== password) {
      throw new PortalError(401, 'Unauthorized')
    }
    return this.start(user.id)
  }

  /**
   * Who a request is of: by cookie, then by `authkey`, then by the header; the later wins.
   * @throws {PortalError} 419 for a dead `authkey`, 401 or 500 for a bad JWT
   */
  userOf({ headers }: Pick<LoopbackRequest, 'headers'>, params: Params): string {
    let user = this.#liveUser(cookieOf(headers.cookie)) ?? guest
    if (Object.hasOwn(params, 'authkey')) user = this.#ofAuthkey(params.authkey) ?? user
    const [, scheme = '', value = ''] = /^(\S+) +(.+)$/.exec(headers.authorization ?? '') ?? []
    if (scheme.toLowerCase() === 'bearer') return this.#ofJwt(value)
    return scheme.toLowerCase() === 'authkey' && value === this.#portalSecret ? 'admin' : user
  }

  #liveUser(id: unknown): string | undefined {
    const session = typeof id === 'string' ? this.#sessions.get(id) : undefined
    return session !== undefined && session.expiresAt > this.#state.now() ? session.user : undefined
  }

  #ofAuthkey(authkey: unknown): string | undefined {
    // Old examples send a blank one to log in with; whether portals took that is not known.
    if (authkey === '' && !this.#settings().strictBlankAuthkey) return undefined
    const user =
      this.#liveUser(authkey) ??
      (authkey === this.#portalSecret ? 'admin' : undefined) ??
      [...this.#state.users.values()].find((one) => one.authkey !== undefined && one.authkey === authkey)?.id
    if (user === undefined) throw new PortalError(419, 'key not valid or expired')
    return user
  }

  #ofJwt(token: string): string {
    const [header = '', payload = '', ...rest] = token.split('.')
    const claims = parse(payload)
    if (rest.length !== 1 || claims === undefined) throw crash()
    const denied = new PortalError(401, 'Access denied', 'html')
    if (this.jwtKey === undefined || parse(header)?.alg !== 'ES384') throw denied
    const signer = createPublicKey({ key: this.jwtKey as Record<string, string>, format: 'jwk' })
    const now = this.#state.now()
    const { exp, nbf, iat, aud, username, iss } = claims
    const isGood =
      isSignedWith(token, { kid: '', alg: 'ES384', signer }) &&
      (exp === undefined || Number(exp) > now) &&
      (nbf === undefined || Number(nbf) <= now) &&
      (iat === undefined || Number.isInteger(iat)) &&
      aud === undefined
    if (!isGood) throw denied
    if (typeof username !== 'string') throw crash()
    return `${username}@${iss ?? 'main'}`
  }
}

function cookieOf(header: string | undefined): string | undefined {
  return /(?:^|; *)beaker\.session\.id=([^;]+)/.exec(header ?? '')?.[1]
}

function parse(segment: string): Claims | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(segment, 'base64url').toString('utf8'))
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch {
    return undefined
  }
}
