import type { User, VerifiedToken } from '@claviger/core'
import { type ActingUser, readActingUser } from './acting-user.ts'

/** One middleware for Express, `(req, res, next)`, and Koa, `(ctx, next)`. */
export interface ActingAs {
  (request: object, response: object, next: (error?: unknown) => void): void
  (context: { state: object; req: object }, next: () => Promise<unknown>): Promise<unknown>
}

/**
 * Takes the place of the authentication middleware in tests of an app that need no tokens: every request comes from this user.
 * Sets `req.user` and `req.auth`, or `ctx.state.user`, `ctx.state.auth` and `ctx.req.user`, as the real one does.
 * @throws {TypeError} for a user that cannot be, with what is wrong
 */
export function actingAs(user: ActingUser): ActingAs {
  const checked = readActingUser(user)

  // Express passes three arguments and Koa two.
  function actingAsUser(first: object, second: unknown, third?: unknown): unknown {
    const auth = verifiedToken(checked, user.boundTo)
    const own: User = { ...checked }
    if (typeof third === 'function') {
      Object.assign(first, { user: own, auth })
      return third()
    }
    const { state, req } = first as { state: object; req: object }
    Object.assign(state, { user: own, auth })
    Object.assign(req, { user: own })
    return (second as () => unknown)()
  }
  return actingAsUser as ActingAs
}

function verifiedToken(user: Readonly<User>, boundTo: string | undefined): VerifiedToken {
  const { id, provider, issuer } = user
  const issuedAt = Math.floor(Date.now() / 1000)
  const expiresAt = issuedAt + 3600
  return Object.freeze({
    user,
    claims: Object.freeze({ iss: issuer, sub: id, iat: issuedAt, exp: expiresAt }),
    provider,
    issuer,
    issuedAt,
    expiresAt,
    ...(boundTo !== undefined && { boundTo }),
  })
}
