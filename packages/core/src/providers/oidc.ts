import { readFileSync } from 'node:fs'
import * as z from 'zod'
import { type Algorithm, asymmetricAlgorithms, symmetricAlgorithms } from '../algorithms.ts'
import { type ClaimPath, rolesAt, scopesOf, stringsAt, textAt } from '../claims.ts'
import { introspection } from '../introspection.ts'
import { isObject } from '../json.ts'
import { keyHeaders } from '../jws.ts'
import { furtherParameters, openIdSignIn } from '../openid-sign-in.ts'
import { address, functionOf, invalidOptions, readOptions, seconds, text } from '../options.ts'
import type { Jwks, KeySource, OpaqueProfile, Provider, UserClaims, Validator } from '../provider.ts'
import { refreshAt, revokeAt } from '../token-endpoint.ts'
import type { Claims, Seconds } from '../types.ts'
import { validated } from './validated.ts'

/** Any standard OpenID Connect or OAuth 2.0 server. Durations are seconds. */
export interface OidcOptions {
  /** Exactly as in `iss`. */
  issuer: string
  /** Other spellings of `iss` for the same issuer, such as an internal host name. */
  issuerAliases?: readonly string[]
  /** What `aud` must name: this API. `null` accepts any audience, and none: only for an issuer that serves this API alone. */
  audience: string | readonly string[] | null
  /** Becomes `User.provider`. Default `oidc`. */
  name?: string
  /** Where the key set is; several stand in for each other. Default: as discovery says. `null`: never fetched, `jwks` is all. */
  jwksUri?: string | readonly string[] | null
  /** Where the metadata is, if not at the usual place below the issuer. */
  metadataUrl?: string
  /** A key set, or the path of a file with one: used until the first fetch, or for good with `jwksUri: null`. */
  jwks?: Jwks | string
  /** A secret shared with the issuer, for HS256 and its like. Excludes the other sources of keys. */
  secret?: string
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
  /** The claim with the names of the user's roles: a name, or a path such as `['realm_access', 'roles']`. */
  rolesFrom?: ClaimPath
  /** The claim with the user's permissions, each `resource:action`. */
  permissionsFrom?: ClaimPath
  /** The claim with the organization that the token acts in. */
  organizationFrom?: ClaimPath
  /** Accepts opaque tokens too, by asking the introspection endpoint as this client. */
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
  /** The app that users sign in at; makes `authRoutes` and `auth.refresh()` work, and `auth.revoke()` upstream. A public client has no secret. */
  client?: {
    clientId: string
    clientSecret?: string
    /** The API whose tokens a sign-in and a refresh ask for (RFC 8707). Default: whatever the issuer gives. */
    resource?: string
    /** What a sign-in asks for beside `openid`, `profile`, `email`, and `offline_access` where the issuer knows it. Default: nothing. */
    scopes?: readonly string[]
    /** Further parameters of the authorization request, such as `{ prompt: 'consent' }` or `{ audience: '…' }`. */
    parameters?: Readonly<Record<string, string>>
    /** What people read where they choose among providers. Default: the name of the provider. */
    label?: string
    /** Default: as discovery says. */
    tokenEndpoint?: string
    /** Default: as discovery says. */
    revocationEndpoint?: string
  }
  /** Looks at verified claims; a returned text refuses the token. It cannot accept anything. */
  validate?: Validator
}

const claimPath = z.union([text, z.array(text).min(1)])
const audience = z.union([text, z.array(text).min(1, 'must name at least one'), z.null()])

const schema = z.strictObject({
  issuer: text,
  issuerAliases: z.array(text).optional(),
  audience,
  name: text.optional(),
  jwksUri: z.union([address, z.array(address).min(1), z.null()]).optional(),
  metadataUrl: address.optional(),
  jwks: z
    .union([
      z.custom<Jwks>((value) => isObject(value) && Array.isArray(value.keys), 'must be a JWK Set or the path of one'),
      text,
    ])
    .optional(),
  secret: text.optional(),
  algorithms: z
    .array(z.enum([...asymmetricAlgorithms, ...symmetricAlgorithms]))
    .min(1, 'must name at least one')
    .optional(),
  tokenTypes: z
    .array(z.union([text, z.null()]))
    .min(1, 'must name at least one')
    .optional(),
  ignoredHeaders: z.array(z.enum(keyHeaders)).optional(),
  requiredClaims: z.array(text).optional(),
  rolesFrom: claimPath.optional(),
  permissionsFrom: claimPath.optional(),
  organizationFrom: claimPath.optional(),
  introspection: z
    .strictObject({
      clientId: text,
      clientSecret: text,
      endpoint: address.optional(),
      audience: audience.optional(),
      cacheFor: seconds(0, 300).optional(),
    })
    .optional(),
  client: z
    .strictObject({
      clientId: text,
      clientSecret: text.optional(),
      resource: text.optional(),
      scopes: z.array(text).optional(),
      parameters: furtherParameters.optional(),
      label: text.optional(),
      tokenEndpoint: address.optional(),
      revocationEndpoint: address.optional(),
    })
    .optional(),
  validate: functionOf<Validator>().optional(),
})

/** RFC 9068 section 2.2. */
const rfc9068Claims = ['sub', 'aud', 'client_id', 'iat', 'jti']
// RFC 7518 section 3.2: a key as long as the hash.
const minSecretBytes = 32

/**
 * Any standard server: Keycloak, Auth0, Entra, Zitadel, Okta and their like.
 * @throws {AuthError} `ERR_OPTIONS_INVALID`
 * @see https://www.rfc-editor.org/rfc/rfc9068
 */
export function oidc(options: OidcOptions): Provider {
  const checked = readOptions('oidc', schema, options)
  const { issuer, name = 'oidc', issuerAliases } = checked
  const algorithms = checked.algorithms ?? (checked.secret === undefined ? asymmetricAlgorithms : (['HS256'] as const))
  const keys = keysOf(checked, algorithms)
  if (checked.introspection !== undefined && checked.introspection.endpoint === undefined && !URL.canParse(issuer)) {
    throw invalidOptions('oidc', 'the issuer is no URL: its endpoint cannot be found, set introspection.endpoint')
  }
  if (checked.client !== undefined && checked.client.tokenEndpoint === undefined && !URL.canParse(issuer)) {
    throw invalidOptions('oidc', 'the issuer is no URL: its endpoints cannot be found, set client.tokenEndpoint')
  }
  const tokenTypes = checked.tokenTypes ?? ['at+jwt']
  const strict = tokenTypes.every((type) => type === 'at+jwt')
  const audiences = listOf(checked.audience)
  const user = (claims: Claims): UserClaims => userFrom(claims, checked)
  return {
    name,
    issuer,
    ...(issuerAliases !== undefined && { issuerAliases }),
    jwt: {
      keys,
      algorithms,
      tokenTypes,
      ...(checked.ignoredHeaders !== undefined && { ignoredHeaders: checked.ignoredHeaders }),
      audience: audiences,
      requiredClaims:
        checked.requiredClaims ??
        (strict ? rfc9068Claims.filter((claim) => claim !== 'aud' || audiences !== null) : ['sub', 'iat']),
      user,
      ...(checked.validate !== undefined && { validate: checked.validate }),
    },
    ...(checked.introspection !== undefined && {
      opaque: validated(name, opaqueOf(checked.introspection, audiences, issuerAliases ?? [], user), checked.validate),
    }),
    ...(checked.client !== undefined && clientOf(checked.client, checked)),
  }
}

type Checked = z.output<typeof schema>

function keysOf({ jwksUri, jwks, secret, metadataUrl, issuer }: Checked, algorithms: readonly Algorithm[]): KeySource {
  if (metadataUrl !== undefined && (jwksUri !== undefined || secret !== undefined)) {
    throw invalidOptions('oidc', 'metadataUrl tells where the keys are: it excludes jwksUri and secret')
  }
  const symmetric = algorithms.filter((algorithm) => symmetricAlgorithms.includes(algorithm))
  if (secret !== undefined) {
    if (jwks !== undefined || jwksUri !== undefined) throw invalidOptions('oidc', 'secret excludes jwks and jwksUri')
    if (symmetric.length < algorithms.length)
      throw invalidOptions('oidc', 'a secret goes with HS256, HS384 and HS512 only')
    const least = Math.max(...algorithms.map((algorithm) => Number(algorithm.slice(2)) / 8), minSecretBytes)
    if (Buffer.byteLength(secret) < least) throw invalidOptions('oidc', `secret must have at least ${least} bytes`)
    return { secret }
  }
  if (symmetric.length > 0)
    throw invalidOptions('oidc', `${symmetric.join(', ')} needs a secret: with public keys anybody could sign`)
  const set = typeof jwks === 'string' ? readFile(jwks) : jwks
  if (jwksUri === null) {
    if (set === undefined)
      throw invalidOptions('oidc', 'jwksUri is null and there are no jwks: no token could be verified')
    return { pinned: set }
  }
  const seed = set === undefined ? {} : { seed: set }
  if (jwksUri !== undefined) return { jwksUri, ...seed }
  if (metadataUrl === undefined && !URL.canParse(issuer))
    throw invalidOptions('oidc', 'the issuer is no URL: its keys cannot be found, set jwksUri')
  return { discovery: true, ...(metadataUrl !== undefined && { metadataUrl }), ...seed }
}

function readFile(path: string): Jwks {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'))
    if (isObject(value) && Array.isArray(value.keys)) return { keys: value.keys }
  } catch {
    throw invalidOptions('oidc', `jwks: ${JSON.stringify(path)} cannot be read as JSON`)
  }
  throw invalidOptions('oidc', `jwks: ${JSON.stringify(path)} holds no JWK Set`)
}

function opaqueOf(
  { clientId, clientSecret, endpoint, audience, cacheFor }: NonNullable<Checked['introspection']>,
  audiences: readonly string[] | null,
  issuerAliases: readonly string[],
  user: (claims: Claims) => UserClaims,
): OpaqueProfile {
  const accepted = audience === undefined ? audiences : listOf(audience)
  const verify = introspection({
    clientId,
    clientSecret,
    ...(endpoint !== undefined && { endpoint }),
    issuerAliases,
    // A client's own token may name no subject (RFC 7662 section 2.2): then the client is who calls.
    user: (claims) => user(claims.sub === undefined ? { ...claims, sub: claims.client_id } : claims),
    refuse: (claims) => otherThanOurs(claims, accepted),
  })
  return { verify, ...(cacheFor !== undefined && { cacheFor }) }
}

function clientOf(
  {
    clientId,
    clientSecret,
    resource,
    scopes = [],
    parameters,
    label,
    tokenEndpoint,
    revocationEndpoint,
  }: NonNullable<Checked['client']>,
  { issuer, metadataUrl }: Checked,
) {
  const client = {
    clientId,
    ...(clientSecret !== undefined && { clientSecret }),
    ...(tokenEndpoint !== undefined && { tokenEndpoint }),
    ...(revocationEndpoint !== undefined && { revocationEndpoint }),
  }
  return {
    clientIds: [clientId],
    refresh: refreshAt(client, resource === undefined ? {} : { resource }),
    revoke: revokeAt(client),
    signIn: openIdSignIn({
      ...client,
      issuer,
      ...(metadataUrl !== undefined && { metadataUrl }),
      scopes: [...new Set(['openid', 'profile', 'email', 'offline_access', ...scopes])],
      ...(resource !== undefined && { resource }),
      ...(parameters !== undefined && { parameters }),
      ...(label !== undefined && { label }),
    }),
  }
}

function otherThanOurs({ aud, token_type }: Claims, accepted: readonly string[] | null): string | undefined {
  // Servers introspect refresh tokens as active too, without an audience and without a token_type.
  if (accepted === null) return token_type === undefined ? 'it has neither an audience nor a token_type' : undefined
  const found = [aud].flat()
  return accepted.some((one) => found.includes(one))
    ? undefined
    : 'its aud is not for this API (option introspection.audience)'
}

function userFrom(claims: Claims, { rolesFrom, permissionsFrom, organizationFrom }: Checked): UserClaims {
  const email = textAt(claims, 'email')
  const name = textAt(claims, 'name')
  const organization = organizationFrom === undefined ? undefined : textAt(claims, organizationFrom)
  return {
    id: textAt(claims, 'sub') ?? '',
    ...(email !== undefined && { email }),
    ...(name !== undefined && { name }),
    ...(organization !== undefined && { organization }),
    roles: rolesFrom === undefined ? [] : rolesAt(claims, rolesFrom),
    permissions: permissionsFrom === undefined ? [] : stringsAt(claims, permissionsFrom),
    scopes: scopesOf(claims),
  }
}

function listOf(value: string | readonly string[] | null): readonly string[] | null {
  return typeof value === 'string' ? [value] : value
}
