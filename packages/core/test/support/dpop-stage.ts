import {
  createDpopProof,
  createTestClock,
  createTestIssuer,
  createTestKey,
  type DpopProofOptions,
  type TestIssuer,
  type TokenOptions,
} from '@claviger/testing'
import { createAuthenticator } from '../../src/authenticator.ts'
import type { AuthenticatorOptions } from '../../src/authenticator-options.ts'
import type { HttpRequest } from '../../src/credentials.ts'
import type { DpopOptions } from '../../src/dpop/options.ts'
import { isAuthError } from '../../src/errors.ts'
import { oidc } from '../../src/providers/oidc.ts'
import { createRequestAuthenticator, type HttpOptions, type RequestAuthenticator } from '../../src/request.ts'

/** Where the API is, as its clients know it. */
export const origin = 'https://api.example.test'

/** What {@link createDpopStage} gives. */
export type DpopStage = Awaited<ReturnType<typeof createDpopStage>>

/** An issuer of bound tokens, and APIs that take them. */
export async function createDpopStage() {
  const clock = createTestClock()
  const issuer = await createTestIssuer({ clock })
  const key = await createTestKey('ES256')
  const made: RequestAuthenticator[] = []

  return {
    clock,
    issuer,
    key,
    anotherKey: () => createTestKey('ES256'),
    /** An API that takes proofs. */
    api(dpop: Partial<DpopOptions> = {}, http: HttpOptions = {}, options: Partial<AuthenticatorOptions> = {}) {
      const providers = options.providers ?? [providerOf(issuer)]
      const auth = createAuthenticator({ clock, ...options, providers })
      const api = createRequestAuthenticator(auth, { ...http, dpop: { baseUrl: origin, ...dpop } })
      made.push(api)
      return api
    },
    token: (options: TokenOptions = {}) => issuer.tokenFor({ boundTo: key, ...options }),
    proof: (accessToken: string, options: Partial<DpopProofOptions> = {}) =>
      createDpopProof({ key, url: `${origin}/orders`, accessToken, issuedAt: clock.now() / 1000, ...options }),
    /** Ends the APIs of a test. */
    async clear() {
      await Promise.all(made.splice(0).map(({ authenticator }) => authenticator.close()))
    },
    close: () => issuer.close(),
  }
}

/** The issuer as a provider, of opaque tokens too. */
export function providerOf({ issuer, audience, clientId, clientSecret }: TestIssuer) {
  return oidc({ issuer, audience, introspection: { clientId, clientSecret } })
}

/** A request as Node gives it. */
export function requestWith(
  authorization: string | undefined,
  dpop?: string | readonly string[],
  more: Partial<HttpRequest> = {},
): HttpRequest {
  return { method: 'GET', url: '/orders', headers: { authorization, dpop }, ...more }
}

/** The user's id, or the code of the refusal, and why. */
export async function verdictOf(api: RequestAuthenticator, request: HttpRequest): Promise<string> {
  try {
    const { auth } = await api.receive(request)
    return auth?.user.id ?? 'nobody'
  } catch (error) {
    if (isAuthError(error)) return `${error.code}: ${error.explanation}`
    throw error
  }
}

/** The same, without the reason. */
export async function outcomeOf(api: RequestAuthenticator, request: HttpRequest): Promise<string> {
  return (await verdictOf(api, request)).replace(/: .*/s, '')
}

/** The answer's headers where the request is refused. */
export async function refusalHeadersOf(api: RequestAuthenticator, request: HttpRequest) {
  try {
    await api.receive(request)
  } catch (error) {
    if (isAuthError(error)) return error.headers
    throw error
  }
  return undefined
}
