import { readFileSync } from 'node:fs'
import { type Algorithm, asymmetricAlgorithms, symmetricAlgorithms } from '../algorithms.ts'
import { rolesAt, scopesOf, stringsAt, textAt } from '../claims.ts'
import { introspection } from '../introspection.ts'
import { isObject } from '../json.ts'
import { openIdSignIn } from '../openid-sign-in.ts'
import { invalidOptions } from '../options.ts'
import type { Jwks, KeySource, OpaqueProfile, Provider, UserClaims } from '../provider.ts'
import { refreshAt, revokeAt } from '../token-endpoint.ts'
import type { Claims } from '../types.ts'
import { urlOf } from '../url.ts'
import type { OidcOptions } from './oidc-options.ts'
import { type Checked, readOidcOptions } from './oidc-schema.ts'
import { validated } from './validated.ts'

export type { OidcOptions } from './oidc-options.ts'

/** RFC 9068 section 2.2. */
const rfc9068Claims = ['sub', 'aud', 'client_id', 'iat', 'jti']
const minSecretBytes = 32

/**
 * Any standard server: Keycloak, Auth0, Entra, Zitadel, Okta and their like.
 * @throws {AuthError} `ERR_OPTIONS_INVALID`
 * @see https://www.rfc-editor.org/rfc/rfc9068
 */
export function oidc(options: OidcOptions): Provider {
  const checked = readOidcOptions(options)
  const { issuer, name = 'oidc', issuerAliases } = checked
  const algorithms = checked.algorithms ?? (checked.secret === undefined ? asymmetricAlgorithms : (['HS256'] as const))
  const keys = keysOf(checked, algorithms)
  if (
    checked.introspection !== undefined &&
    checked.introspection.endpoint === undefined &&
    urlOf(issuer) === undefined
  ) {
    throw invalidOptions('oidc', 'the issuer is no URL: its endpoint cannot be found, set introspection.endpoint')
  }
  if (checked.client !== undefined && checked.client.tokenEndpoint === undefined && urlOf(issuer) === undefined) {
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
    // RFC 7518 section 3.2: a key as long as the hash.
    if (Buffer.byteLength(secret) < least)
      throw invalidOptions(
        'oidc',
        `secret must have at least ${least} bytes, as long as the hash: whoever signs needs a longer one too`,
      )
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
  if (metadataUrl === undefined && urlOf(issuer) === undefined)
    throw invalidOptions('oidc', 'the issuer is no URL (without https://?): its keys cannot be found, set jwksUri')
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
