import type { Challenge } from './challenge.ts'
import type { VerifiedToken } from './types.ts'

/** The realm of an app without a name: a challenge says at least one thing (RFC 6750 section 3). */
export const defaultRealm = 'api'

// How the app of a request introduces itself: guards stand elsewhere than the middleware, and answer in its name. To note that of
// each request would cost more than all the rest, so it is noted of the token, for the app that saw it first.
const ofTokens = new WeakMap<VerifiedToken, Challenge>()
const ofRequests = new WeakMap<object, Challenge>()

/** Notes in whose name guards answer a request. */
export function introduce(request: object, auth: VerifiedToken | undefined, challenge: Challenge): void {
  const first = auth && ofTokens.get(auth)
  if (first === challenge) return
  if (auth !== undefined && first === undefined) ofTokens.set(auth, challenge)
  else ofRequests.set(request, challenge)
}

/** In whose name to answer a request; nothing where no middleware has seen it. */
export function introductionOf(request: object, auth: VerifiedToken | undefined): Challenge | undefined {
  return ofRequests.get(request) ?? (auth && ofTokens.get(auth))
}
