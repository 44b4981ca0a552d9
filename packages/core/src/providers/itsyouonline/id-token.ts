import { textAt } from '../../claims.ts'
import type { Clock } from '../../clock.ts'
import { readRing } from '../../key-ring.ts'
import { createFixedKeySet } from '../../keys.ts'
import type { Jwk, UserClaims } from '../../provider.ts'
import type { Claims, Seconds, Verifier } from '../../types.ts'
import { createReader, type SignedRoute } from '../../verify.ts'
import { issuer } from './wire.ts'

const lifetime: Seconds = 86_400
const clockTolerance: Seconds = 30

/**
 * Makes what verifies the ID tokens of one client. They are signed with the key of the JWTs, and are no access tokens: nothing in them
 * allows anything. They say `sub` and `iat` where JWTs say `username` and `azp`.
 * @see https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation
 */
export function createIdTokenVerifier(keys: readonly Jwk[], clientId: string, clock: Pick<Clock, 'now'>): Verifier {
  const route: SignedRoute = {
    provider: {
      name: 'itsyouonline',
      issuer,
      jwt: {
        keys: { pinned: { keys } },
        algorithms: ['ES384'],
        tokenTypes: ['JWT'],
        idTokens: true,
        audience: [clientId],
        requiredClaims: ['iat'],
        user: identityOf,
      },
    },
    keys: createFixedKeySet(readRing({ keys }, keys.length).keys),
  }
  return createReader({
    routes: new Map([[issuer, [route]]]),
    admit: (_, work) => work(),
    clock,
    clockTolerance,
    maxTokenLifetime: lifetime,
  })
}

// Claims have the names of scopes. Only a validated address is the user's for sure; it may be one that the user labelled.
function identityOf(claims: Claims): UserClaims {
  const validated = Object.keys(claims).find((name) => /^user:validated:email(:|$)/.test(name))
  const name = textAt(claims, 'user:name')?.trim()
  const email = validated === undefined ? undefined : textAt(claims, validated)
  return { id: textAt(claims, 'sub') ?? '', ...(name && { name }), ...(email !== undefined && { email }) }
}
