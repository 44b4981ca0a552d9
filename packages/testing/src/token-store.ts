import { randomBytes } from 'node:crypto'
import type { Seconds } from '@claviger/core'
import type { TokenOptions } from './tokens.ts'

/** A refresh token: whom it is for, and the family it descends from. */
interface RefreshToken {
  readonly options: TokenOptions
  readonly family: object
  used: boolean
}

/** What the issuer remembers: opaque and refresh tokens, and what was revoked. */
export interface TokenStore {
  addOpaque(claims: Record<string, unknown>): string
  opaque(token: string): Record<string, unknown> | undefined
  addRefresh(options: TokenOptions): string
  /**
   * Uses a refresh token up. One that was used before ends its whole family, as RFC 9700 section 4.14.2 advises.
   */
  redeem(token: string): { readonly options: TokenOptions; readonly next: string } | undefined
  /** The scopes a refresh token was issued for; `undefined` for one that is not known. */
  granted(token: string): readonly string[] | undefined
  revoke(token: string): void
  isRevoked(token: string): boolean
}

/** Makes the memory of one issuer. @param now its time, in seconds since the epoch */
export function createTokenStore(now: () => Seconds): TokenStore {
  const opaque = new Map<string, Record<string, unknown>>()
  const refresh = new Map<string, RefreshToken>()
  const deadFamilies = new WeakSet<object>()
  const revoked = new Set<string>()
  const random = () => randomBytes(32).toString('base64url')

  function addRefresh(options: TokenOptions, family: object): string {
    const token = random()
    refresh.set(token, { options, family, used: false })
    return token
  }

  return {
    addOpaque(claims) {
      const token = random()
      opaque.set(token, claims)
      return token
    },
    opaque(token) {
      const claims = opaque.get(token)
      return claims === undefined || revoked.has(token) || Number(claims.exp) <= now() ? undefined : claims
    },
    addRefresh: (options) => addRefresh(options, {}),
    granted(token) {
      const known = refresh.get(token)
      return known && (known.options.scopes ?? [])
    },
    redeem(token) {
      const known = refresh.get(token)
      if (known === undefined) return undefined
      if (known.used) deadFamilies.add(known.family)
      if (deadFamilies.has(known.family)) return undefined
      known.used = true
      return { options: known.options, next: addRefresh(known.options, known.family) }
    },
    revoke(token) {
      revoked.add(token)
      const known = refresh.get(token)
      if (known !== undefined) deadFamilies.add(known.family)
    },
    isRevoked: (token) => revoked.has(token),
  }
}
