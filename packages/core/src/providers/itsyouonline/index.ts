import * as z from 'zod'
import { functionOf, invalidOptions, readOptions, seconds, text } from '../../options.ts'
import type { Jwk, Provider, Validator } from '../../provider.ts'
import type { Claims, Seconds } from '../../types.ts'
import { secureAddress } from '../secure-address.ts'
import { hosts, type ItsYouOnlineEnvironment, readPinnedKeys } from './keys.ts'
import { refreshAt } from './refresh.ts'
import { pinnedKeys } from './schema.ts'
import { type ItsYouOnlineClientId, signInAt } from './sign-in.ts'
import { type Principal, readPrincipal, userFrom } from './user.ts'
import { baseOf, issuer } from './wire.ts'

export {
  createItsYouOnlineClient,
  type ItsYouOnlineClient,
  type ItsYouOnlineClientOptions,
  type ItsYouOnlineCredentials,
} from './client.ts'
export type { ItsYouOnlineJwtRequest, ItsYouOnlineRefreshRequest } from './jwt.ts'
export type { ItsYouOnlineEnvironment } from './keys.ts'
export type { ItsYouOnlineAccessToken, ItsYouOnlineAuthorizationRequest, ItsYouOnlineCode } from './oauth.ts'
export type {
  ItsYouOnlineAccount,
  ItsYouOnlineApi,
  ItsYouOnlineMemberships,
  ItsYouOnlineOrganizationAccount,
  ItsYouOnlineOrganizationKeys,
  ItsYouOnlinePublicKey,
  ItsYouOnlinePublicKeys,
  ItsYouOnlineUserKeys,
  OrganizationKeyInput,
} from './objects.ts'
export type { ItsYouOnlineClientId } from './sign-in.ts'

/**
 * ItsYou.online. At least one of `organization`, `memberOf`, `authorizedParty`, `audience` and `requiredScopes` says whom a token has
 * to be for; of those given, all have to hold. Durations are seconds.
 */
export interface ItsYouOnlineOptions {
  /**
   * Accepts tokens that were given to this organization (`azp`), and those with the scope `user:memberof:<organization>`, exactly. Of
   * several, any. `null` accepts every token of every user and organization there is, when nothing else is asked. Default: not
   * asked, and then something else has to be.
   */
  organization?: string | readonly string[] | null
  /** Demands the scope `user:memberof:<organization>` of any of these, whoever the token was given to. Default: not asked. */
  memberOf?: string | readonly string[]
  /**
   * Organizations below those of `organization` and `memberOf` that are roles of whoever is a member above them too: rights flow down, so
   * with `petshop.staff` here a member of `petshop` has the role `staff`, and never the other way round. Where neither of them is given,
   * the organizations whose members have a role, under their full names. Default: none.
   */
  subOrganizations?: string | readonly string[]
  /** Demands that the token was given to any of these clients (`azp`): an organization, or the application id of a user's API key. Default: not asked. */
  authorizedParty?: string | readonly string[]
  /** Demands that `aud` names any of these. Whoever asks for a token writes its `aud`, so it protects against mistakes only. Default: not asked. */
  audience?: string | readonly string[]
  /** Demands all of these scopes, exactly. Default: not asked. */
  requiredScopes?: readonly string[]
  /** Whom tokens may speak for. An organization's id may equal a user's name: take one kind where ids alone are compared. Default: both. */
  principals?: readonly Principal['kind'][]
  /** Default `production`. */
  environment?: ItsYouOnlineEnvironment
  /**
   * The keys that tokens may be signed with: `production`, `staging`, or a key as PEM, as its base64 in one line, or as JWK. Of
   * several, each is tried, as the provider has no other way to change its key. Default: that of `environment`.
   */
  keys?: string | Jwk | readonly (string | Jwk)[]
  /** Accepts the key in the provider's repository among `keys`, with which anybody can sign anything. Not outside of a test. Default false. */
  dangerouslyAcceptDevelopmentKey?: boolean
  /** Where tokens are refreshed: https, or http on loopback. Default: the host of `environment`. */
  baseUrl?: string
  /** How long refreshed tokens live, in whole seconds: from 1. Default, and at most: 86400. */
  refreshValidity?: Seconds
  /** Lets users sign in with a browser at this organization. Default: not. */
  client?: ItsYouOnlineClientId
  /** Becomes `User.provider`. Default `itsyouonline`. */
  name?: string
  /** Looks at verified claims; a returned text refuses the token. It cannot accept anything. Default: nobody looks. */
  validate?: Validator
}

const someOf = (what: string) =>
  z
    .union([text, z.array(text).min(1, 'must name at least one')], `must be ${what}, or a list`)
    .transform((value) => [value].flat())

const schema = z.strictObject({
  organization: z.union([someOf("an organization's global id"), z.null()]).optional(),
  memberOf: someOf("an organization's global id").optional(),
  subOrganizations: someOf("an organization's global id").optional(),
  authorizedParty: someOf('a client id').optional(),
  audience: someOf('a text').optional(),
  requiredScopes: z.array(text).min(1, 'must name at least one').optional(),
  principals: z
    .array(z.enum(['user', 'organization']))
    .min(1, 'must name at least one')
    .optional(),
  environment: z.enum(['production', 'staging']).optional(),
  keys: pinnedKeys.optional(),
  dangerouslyAcceptDevelopmentKey: z.boolean().optional(),
  baseUrl: secureAddress.optional(),
  refreshValidity: seconds(1, 86_400).int('must be whole seconds').optional(),
  client: z
    .strictObject({
      clientId: text,
      clientSecret: text,
      scopes: z.array(text).min(1, 'must name at least one').optional(),
      label: text.optional(),
    })
    .optional(),
  name: text.optional(),
  validate: functionOf<Validator>().optional(),
})

type Checked = z.output<typeof schema>

/**
 * ItsYou.online. Its tokens are verified by pinned keys, without a call to the provider. It has no revocation of any kind: what
 * `auth.revoke()` names is refused here until it expires, a day at the most, and nowhere else. As its tokens do not say when they
 * were issued, a revocation by subject holds for later tokens too, until the entry is no longer needed.
 * @throws {AuthError} `ERR_OPTIONS_INVALID`
 * @see https://github.com/itsyouonline/identityserver/blob/master/docs/oauth2/jwt.md
 */
export function itsYouOnline(options: ItsYouOnlineOptions): Provider {
  const where = 'itsYouOnline'
  const checked = readOptions(where, schema, options)
  const { organization, memberOf, authorizedParty, audience, requiredScopes, environment = 'production' } = checked
  const named = [...(organization ?? []), ...(memberOf ?? [])]
  const { subOrganizations = [] } = checked
  const astray = subOrganizations.find(
    (one) => named.length > 0 && !named.some((parent) => one.startsWith(`${parent}.`)),
  )
  if (astray !== undefined) {
    throw invalidOptions(
      where,
      `subOrganizations: ${JSON.stringify(astray)} is below none of organization and memberOf`,
    )
  }
  if ([organization, memberOf, authorizedParty, audience, requiredScopes].every((one) => one === undefined)) {
    throw invalidOptions(where, 'option organization is missing: whom does a token have to be for? null accepts any')
  }
  const development = checked.dangerouslyAcceptDevelopmentKey === true
  const keys = readPinnedKeys(where, checked.keys ?? environment, { development })
  const base = baseOf(checked.baseUrl ?? hosts[environment])
  const grantors = [...named, ...(authorizedParty ?? [])]
  return {
    name: checked.name ?? 'itsyouonline',
    issuer,
    jwt: {
      keys: { pinned: { keys } },
      algorithms: ['ES384'],
      tokenTypes: ['JWT'],
      audience: audience ?? null,
      requiredClaims: ['azp'],
      validate: (claims) => refusalOf(claims, checked, grantors) ?? checked.validate?.(claims),
      user: (claims) => userFrom(claims, principalOf(claims, grantors) as Principal, named, subOrganizations),
    },
    refresh: refreshAt(base, checked.refreshValidity),
    ...(checked.client !== undefined && { signIn: signInAt(base, keys, clientOf(checked.client, checked)) }),
  }
}

function clientOf(client: NonNullable<Checked['client']>, { organization, memberOf }: Checked) {
  const { clientId, clientSecret, label } = client
  const organizations = [...new Set([...(organization ?? []), ...(memberOf ?? []), clientId])]
  const scopes = client.scopes ?? [
    'user:name',
    'user:validated:email',
    ...organizations.map((one) => `user:memberof:${one}`),
  ]
  return { clientId, clientSecret, scopes, label }
}

// A grant is the word of the client that the token was given to, and anybody can found one that grants anything.
function principalOf(claims: Claims, grantors: readonly string[]): Principal | undefined {
  const principal = readPrincipal(claims)
  if (principal === undefined || grantors.some((one) => one === claims.azp)) return principal
  return { ...principal, scopes: principal.scopes.filter((scope) => !scope.startsWith('grant:')) }
}

// Told in logs only.
function refusalOf(claims: Claims, options: Checked, grantors: readonly string[]): string | undefined {
  const { organization, memberOf, authorizedParty, requiredScopes, principals } = options
  const principal = principalOf(claims, grantors)
  const { azp } = claims
  if (principal === undefined) return 'it does not name one user (username) or one organization (globalid)'
  if (typeof azp !== 'string') return 'azp is not a text'
  if (principals?.includes(principal.kind) === false)
    return `it speaks for ${article[principal.kind]} (option principals)`
  if (authorizedParty?.includes(azp) === false) return 'it was given to another client (option authorizedParty)'
  if (organization?.some((one) => azp === one || principal.memberships.includes(one)) === false) {
    return 'it was not given to the organization, and tells of no membership in it (option organization)'
  }
  if (memberOf?.some((one) => principal.memberships.includes(one)) === false)
    return 'it tells of no membership (option memberOf)'
  const missing = requiredScopes?.find((scope) => !principal.scopes.includes(scope))
  return missing === undefined ? undefined : `it lacks the scope ${JSON.stringify(missing)} (option requiredScopes)`
}

const article = { user: 'a user', organization: 'an organization' }
