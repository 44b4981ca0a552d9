import type { Algorithm } from './algorithms.ts'
import type { Clock } from './clock.ts'
import type { JsonRequest, JsonResponse } from './http.ts'
import type { KeyHeader } from './jws.ts'
import type { Metadata } from './metadata.ts'
import type { BrowserSignIn } from './sign-in.ts'
import type { Refresh, Revoke, TokenSet } from './token-set.ts'
import type { Claims, Seconds, User } from './types.ts'

/** A JWK Set as an issuer publishes it. */
export interface Jwks {
  readonly keys: readonly Jwk[]
}

/** One key of a {@link Jwks}; the members of RFC 7517 and RFC 7518. */
export interface Jwk {
  readonly kty?: string
  readonly [member: string]: unknown
}

/** Where the keys of an issuer come from. */
export type KeySource =
  /** Published at one address, or at several that stand in for each other. `seed` serves until the first answer. */
  | { readonly jwksUri: string | readonly string[]; readonly seed?: Jwks }
  /** Published at the `jwks_uri` of the issuer's metadata; `metadataUrl` where that is not at the usual place. */
  | { readonly discovery: true; readonly metadataUrl?: string; readonly seed?: Jwks }
  /** Copied into the configuration and never fetched. Several may be given; each is tried. */
  | { readonly pinned: Jwks }
  /** Shared with the issuer; for `HS256`, `HS384` and `HS512`. Of a text its UTF-8 bytes are the key. */
  | { readonly secret: string | Uint8Array }

/** What a provider says of a user; the rest of {@link User} is known without it. */
export interface UserClaims extends Pick<User, 'id' | 'email' | 'name' | 'organization'> {
  readonly roles?: User['roles']
  /** Beyond those of the roles. */
  readonly permissions?: readonly string[]
  readonly scopes?: readonly string[]
  /** See `VerifiedToken.boundTo`. */
  readonly boundTo?: string
}

/** How a provider's JSON Web Tokens are checked. */
export interface JwtProfile {
  readonly keys: KeySource
  /** The only algorithms that are accepted. */
  readonly algorithms: readonly Algorithm[]
  /** The accepted `typ` headers, without `application/`, compared without case; `null` stands for none at all. */
  readonly tokenTypes: readonly (string | null)[]
  /** True where the provider's ID tokens are what APIs take; otherwise they are refused. */
  readonly idTokens?: boolean
  /** Headers with a key or the way to one that may be there and mean nothing. Default: a token with any is refused. None is obeyed. */
  readonly ignoredHeaders?: readonly KeyHeader[]
  /** One of these must be in `aud`; a function answers for one audience; `null` accepts any, and none. */
  readonly audience: readonly string[] | ((audience: string) => boolean) | null
  /** Claims that must be there, beyond `iss` and `exp`. */
  readonly requiredClaims: readonly string[]
  /** Tells why a token is refused, or nothing. It can refuse, never accept. */
  readonly validate?: Validator
  /** Claims → user. Called with verified claims only. */
  readonly user: (claims: Claims) => UserClaims
}

/** Looks at a token that passed all checks; a returned text refuses it (and is for logs only). It cannot accept anything. */
export type Validator = (claims: Claims) => string | undefined | Promise<string | undefined>

/** What a provider answered about an opaque token. */
export type OpaqueVerdict =
  | { readonly active: false; readonly explanation: string }
  | {
      readonly active: true
      readonly claims: Claims
      readonly user: UserClaims
      /** When the token ends, if the provider says so. */
      readonly expiresAt?: Seconds
    }

/** How a provider's opaque tokens are checked: by asking the provider. */
export interface OpaqueProfile {
  /** Whether a token may be this provider's, by its shape. Default: anything that is not a JWT. */
  readonly accepts?: (token: string, jwt: { readonly claims: Claims } | undefined) => boolean
  /**
   * Asks the provider.
   * @throws {AuthError} `ERR_PROVIDER_UNAVAILABLE` when it cannot be asked: never a verdict about the token.
   */
  readonly verify: (token: string, context: ProviderContext) => Promise<OpaqueVerdict>
  /** How long a good answer may be remembered. Default 30 seconds, 0 for never, at most 300. */
  readonly cacheFor?: Seconds
}

/** What the functions of a provider may use. */
export interface ProviderContext {
  readonly issuer: string
  readonly clock: Clock
  /** One request with one deadline, a size cap and no redirects. @throws {AuthError} `ERR_PROVIDER_UNAVAILABLE` */
  readonly request: (url: string, init?: JsonRequest) => Promise<JsonResponse>
  /** The issuer's metadata (OpenID Connect Discovery, RFC 8414). @throws {AuthError} `ERR_PROVIDER_UNAVAILABLE` */
  readonly metadata: () => Promise<Metadata>
}

/**
 * An authorization server we trust, as data: who it is, how its tokens are checked, how it says roles.
 * A factory such as `oidc()` or `logto()` makes it from its options.
 */
export interface Provider {
  /** Short and stable; becomes `User.provider`. */
  readonly name: string
  /** Compared with `iss`, character by character. */
  readonly issuer: string
  /** Other values of `iss` that mean the same issuer, such as an internal host name. */
  readonly issuerAliases?: readonly string[]
  /** The apps of ours that users sign in at: whom its logout tokens are for. */
  readonly clientIds?: readonly string[]
  readonly jwt?: JwtProfile
  readonly opaque?: OpaqueProfile
  /** New tokens for a refresh token, where the provider has such a thing. */
  readonly refresh?: Refresh
  /**
   * Names what a refresh of these tokens asks for, where one refresh token gives tokens for several things: then only those who ask for
   * the same get the same answer. Default: whoever comes with the same refresh token does.
   */
  readonly refreshTarget?: (tokens: TokenSet) => string
  /** Ends tokens at the provider, where it can; without it they end only here. */
  readonly revoke?: Revoke
  /** How people sign in there with a browser, where it is set up for that. */
  readonly signIn?: BrowserSignIn
}
