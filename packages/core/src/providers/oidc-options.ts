import type { Algorithm } from '../algorithms.ts'
import type { ClaimPath } from '../claims.ts'
import type { Jwks, Validator } from '../provider.ts'
import type { Seconds } from '../types.ts'

/** Any standard OpenID Connect or OAuth 2.0 server. Durations are seconds. */
export interface OidcOptions {
  /** Exactly as in `iss`. */
  issuer: string
  /** Other spellings of `iss` for the same issuer, such as an internal host name. Default: none. */
  issuerAliases?: readonly string[]
  /** What `aud` must name: this API. `null` accepts any audience, and none: only for an issuer that serves this API alone. */
  audience: string | readonly string[] | null
  /** Becomes `User.provider`. Default `oidc`. */
  name?: string
  /** Where the key set is; several stand in for each other. Default: as discovery says. `null`: never fetched, `jwks` is all. */
  jwksUri?: string | readonly string[] | null
  /** Where the metadata is. Default: at the usual places below the issuer. */
  metadataUrl?: string
  /** A key set, or the path of a file with one: used until the first fetch, or for good with `jwksUri: null`. Default: none. */
  jwks?: Jwks | string
  /** A secret shared with the issuer, for HS256 and its like, at least as long as the hash; a text counts as its UTF-8 bytes. Excludes the other sources of keys. Default: none. */
  secret?: string | Uint8Array
  /** Default: all asymmetric ones; with `secret`, HS256. */
  algorithms?: readonly Algorithm[]
  /** Accepted `typ` headers; `null` stands for none at all. Default `['at+jwt']`. Issuers older than RFC 9068 need `['at+jwt', 'JWT']`. */
  tokenTypes?: readonly (string | null)[]
  /**
   * Headers with a key or the way to one (`jku`, `jwk`, `x5u`, `x5c`) that this issuer puts into all of its tokens, as UAA and XSUAA do
   * with `jku`. They are ignored: keys come from where the options say. Default: none, and a token with any is refused.
   */
  ignoredHeaders?: readonly ('jku' | 'jwk' | 'x5u' | 'x5c')[]
  /**
   * Claims that must be there beyond `iss` and `exp`. Default: those of RFC 9068 for `at+jwt` alone, else `['sub', 'iat']`. Without
   * `iat` the issuer's tokens must not live longer than `maxTokenLifetime`: nothing else tells how old one is, and a revocation is forgotten then.
   */
  requiredClaims?: readonly string[]
  /** The claim with the names of the user's roles: a name, or a path such as `['realm_access', 'roles']`. Default: nobody has roles. */
  rolesFrom?: ClaimPath
  /** The claim with the user's permissions, each `resource:action`. Default: nobody has one. */
  permissionsFrom?: ClaimPath
  /** The claim with the organization that the token acts in. Default: it acts in none. */
  organizationFrom?: ClaimPath
  /** Accepts opaque tokens too, by asking the introspection endpoint as this client. Default: signed ones alone. */
  introspection?: {
    clientId: string
    clientSecret: string
    /** Default: as discovery says. */
    endpoint?: string
    /** What an active token's `aud` must name. Default: the provider's. `null` accepts any, and none. */
    audience?: string | readonly string[] | null
    /** How long a good answer is remembered. Default 30, at most 300, 0 for not at all. */
    cacheFor?: Seconds
  }
  /** The app that users sign in at; makes `authRoutes` and `auth.refresh()` work, and `auth.revoke()` upstream. A public client has no secret. Default: none. */
  client?: {
    clientId: string
    clientSecret?: string
    /** The API whose tokens a sign-in and a refresh ask for (RFC 8707). Default: whatever the issuer gives. */
    resource?: string
    /** What a sign-in asks for beside `openid`, `profile`, `email`, and `offline_access` where the issuer knows it. Default: nothing. */
    scopes?: readonly string[]
    /** Further parameters of the authorization request, such as `{ prompt: 'consent' }` or `{ audience: '…' }`. Default: none. */
    parameters?: Readonly<Record<string, string>>
    /** What people read where they choose among providers. Default: the name of the provider. */
    label?: string
    /** Default: as discovery says. */
    tokenEndpoint?: string
    /** Default: as discovery says. */
    revocationEndpoint?: string
  }
  /** Looks at verified claims; a returned text refuses the token. It cannot accept anything. Default: nobody looks. */
  validate?: Validator
}
