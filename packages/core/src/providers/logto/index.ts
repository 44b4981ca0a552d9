import * as z from 'zod'
import { type Algorithm, asymmetricAlgorithms } from '../../algorithms.ts'
import { type ClaimPath, rolesAt, scopesOf, stringsAt, textAt } from '../../claims.ts'
import { introspection } from '../../introspection.ts'
import { address, functionOf, readOptions, seconds, text } from '../../options.ts'
import type { OpaqueProfile, Provider, UserClaims, Validator } from '../../provider.ts'
import type { Claims, Role, Seconds } from '../../types.ts'
import { userinfo } from '../../userinfo.ts'
import { validated } from '../validated.ts'
import { type LogtoAppOptions, organizationPrefix, refreshOf, refreshTargetOf, revokeOf, signInOf } from './app.ts'
import { assertSecure, issuerOf } from './wire.ts'

export type { LogtoAppOptions } from './app.ts'
export { createLogtoClient, type LogtoClient, type LogtoClientOptions } from './client.ts'
export type { LogtoMachineToken, LogtoTokenRequest, LogtoTokens } from './machine-tokens.ts'
export type { LogtoList, LogtoManagement } from './management.ts'
export { type LogtoRolesOptions, logtoRoles } from './role-source.ts'
export type { LogtoExchange, LogtoSubject } from './token-exchange.ts'
export {
  createLogtoWebhook,
  type LogtoWebhook,
  type LogtoWebhookAnswer,
  type LogtoWebhookEvent,
  type LogtoWebhookOptions,
  type LogtoWebhookRequest,
} from './webhook.ts'

/** A Logto tenant, in the cloud or your own. Durations are seconds. */
export interface LogtoOptions {
  /** `https://<tenant>.logto.app`, a custom domain, or the address of your own server, with `/oidc` or without: https, or http on loopback. */
  endpoint: string
  /**
   * Lets `endpoint` be plain http on another machine: whoever is on the way reads secrets and tokens, and can sign in anybody with keys
   * of their own. For a network that nobody else is in. Browsers sign in there under no circumstances. Default false.
   */
  dangerouslyAllowHttp?: boolean
  /** Other addresses of the same tenant, such as a custom domain: tokens fetched through one name it as their issuer. Default: none. */
  otherEndpoints?: readonly string[]
  /** The indicator of this API's resource in Logto, or several. */
  audience: string | readonly string[]
  /** Becomes `User.provider`. Default `logto`. */
  name?: string
  /**
   * Accepts organization tokens too (`aud` = `urn:logto:organization:<id>`): of any organization, or of these. Default: none.
   * Their rights count only on routes that name the organization, with `organization(…)`.
   */
  organizations?: true | readonly string[]
  /** The claim that your custom-claims script puts role names into. Default `roles`. */
  rolesFrom?: ClaimPath
  /**
   * The claim with organization roles as `<organization id>:<role name>`. Default `organization_roles`. Those of the organization
   * that the token acts in become roles of the user; a role in another one is none here.
   */
  organizationRolesFrom?: ClaimPath
  /**
   * Accepts opaque tokens, which Logto gives to users when no API is asked for. They are bound to no API, so anyone who holds one for
   * another app of the tenant may use it here. Checked by introspection as this client, or at the userinfo endpoint, which also
   * tells roles, name and e-mail address. A good answer is remembered for `cacheFor` seconds: default 30, at most 300. Default: signed ones alone.
   */
  opaque?: { clientId: string; clientSecret: string; cacheFor?: Seconds } | { userinfo: true; cacheFor?: Seconds }
  /** The app that users sign in at; makes `authRoutes` and `auth.refresh()` work, and `auth.revoke()` upstream. A public client has no secret. Default: none. */
  client?: LogtoAppOptions
  /** Default `['ES384', 'RS256']`: what Logto signs with before and after a change of the key type. */
  algorithms?: readonly Algorithm[]
  /** Looks at verified claims; a returned text refuses the token. It cannot accept anything. Default: nobody looks. */
  validate?: Validator
}

const schema = z.strictObject({
  endpoint: address,
  dangerouslyAllowHttp: z.boolean().optional(),
  otherEndpoints: z.array(address).optional(),
  audience: z.union([text, z.array(text).min(1, 'must name at least one')], 'must be the indicator of an API resource'),
  name: text.optional(),
  organizations: z.union([z.literal(true), z.array(text).min(1)]).optional(),
  rolesFrom: z.union([text, z.array(text).min(1)]).optional(),
  organizationRolesFrom: z.union([text, z.array(text).min(1)]).optional(),
  opaque: z
    .union([
      z.strictObject({ clientId: text, clientSecret: text, cacheFor: seconds(0, 300).optional() }),
      z.strictObject({ userinfo: z.literal(true), cacheFor: seconds(0, 300).optional() }),
    ])
    .optional(),
  client: z
    .strictObject({
      clientId: text,
      clientSecret: text.optional(),
      resource: text.nullable().optional(),
      organization: text.optional(),
      scopes: z.array(text).optional(),
      label: text.optional(),
    })
    .optional(),
  algorithms: z.array(z.enum(asymmetricAlgorithms)).min(1).optional(),
  validate: functionOf<Validator>().optional(),
})

type Checked = z.output<typeof schema>

/**
 * Logto. A token's scopes are its permissions at this API; role names reach an API only through a custom-claims script or userinfo.
 * @throws {AuthError} `ERR_OPTIONS_INVALID`
 * @see https://docs.logto.io/authorization/global-api-resources
 */
export function logto(options: LogtoOptions): Provider {
  const checked = readOptions('logto', schema, options)
  assertSecure('logto', checked)
  const { name = 'logto', validate } = checked
  const issuer = issuerOf(checked.endpoint)
  const issuerAliases = (checked.otherEndpoints ?? []).map(issuerOf)
  const indicators = [checked.audience].flat()
  const user = (claims: Claims): UserClaims => userFrom(claims, checked)
  const app = checked.client && { ...checked.client, issuer, indicators }
  return {
    name,
    issuer,
    issuerAliases,
    jwt: {
      keys: { jwksUri: `${issuer}/jwks` },
      algorithms: checked.algorithms ?? ['ES384', 'RS256'],
      tokenTypes: ['at+jwt'],
      audience: (audience) =>
        indicators.includes(audience) || isAccepted(organizationOf(audience), checked.organizations),
      requiredClaims: ['sub', 'aud', 'client_id', 'iat', 'jti'],
      user,
      validate: (claims) => unclear(claims) ?? validate?.(claims),
    },
    ...(checked.opaque !== undefined && {
      opaque: validated(name, opaqueOf(checked.opaque, issuer, issuerAliases, user), validate),
    }),
    ...(app !== undefined && {
      clientIds: [app.clientId],
      refresh: refreshOf(app),
      refreshTarget: refreshTargetOf(app),
      revoke: revokeOf(app),
      signIn: signInOf(app),
    }),
  }
}

function isAccepted(organization: string | undefined, organizations: Checked['organizations']): boolean {
  return organization !== undefined && (organizations === true || organizations?.includes(organization) === true)
}

function organizationOf(audience: unknown): string | undefined {
  if (typeof audience !== 'string' || !audience.startsWith(organizationPrefix)) return undefined
  return audience.slice(organizationPrefix.length) || undefined
}

// What a token may do hangs on these two. Logto writes each as one text; a custom-claims script could write over the second.
function unclear({ aud, organization_id: id }: Claims): string | undefined {
  if (typeof aud !== 'string') return 'aud is not one text'
  if (id !== undefined && (typeof id !== 'string' || id === '')) return 'organization_id is not a text'
  return undefined
}

// A token's organization is in `aud` for organization permissions, in `organization_id` for an API's within an organization.
function userFrom(
  claims: Claims,
  { rolesFrom = 'roles', organizationRolesFrom = 'organization_roles' }: Checked,
): UserClaims {
  const organization = organizationOf(claims.aud) ?? textAt(claims, 'organization_id')
  const email = textAt(claims, 'email')
  const name = textAt(claims, 'name') ?? textAt(claims, 'username')
  return {
    id: textAt(claims, 'sub') ?? '',
    ...(email !== undefined && { email }),
    ...(name !== undefined && { name }),
    ...(organization !== undefined && { organization, boundTo: organization }),
    roles: [
      ...rolesAt(claims, rolesFrom),
      ...organizationRoles(stringsAt(claims, organizationRolesFrom)).filter(
        (role) => role.organization === organization,
      ),
    ],
    scopes: scopesOf(claims),
  }
}

// Ids have no colon, role names may: split at the first.
function organizationRoles(names: readonly string[]): Role[] {
  return names.flatMap((name) => {
    const colon = name.indexOf(':')
    const role = name.slice(colon + 1)
    return colon > 0 && role !== ''
      ? [{ id: role, name: role, organization: name.slice(0, colon), permissions: [] }]
      : []
  })
}

function opaqueOf(
  opaque: NonNullable<Checked['opaque']>,
  issuer: string,
  issuerAliases: readonly string[],
  user: (claims: Claims) => UserClaims,
): OpaqueProfile {
  const { cacheFor } = opaque
  const verify =
    'userinfo' in opaque
      ? userinfo({ endpoint: `${issuer}/me`, user })
      : introspection({
          clientId: opaque.clientId,
          clientSecret: opaque.clientSecret,
          endpoint: `${issuer}/token/introspection`,
          issuerAliases,
          user,
          // Refresh tokens are introspected as active too, without a token_type.
          refuse: (claims) => (claims.token_type === 'Bearer' ? undefined : 'it is not an access token (token_type)'),
        })
  // Logto's are without a dot: what has one is a broken JWT, or another provider's.
  const accepts = (token: string) => !token.includes('.')
  return { accepts, verify, ...(cacheFor !== undefined && { cacheFor }) }
}
