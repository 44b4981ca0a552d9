import * as z from 'zod'
import { functionOf, invalidOptions, readOptions, seconds, text } from '../../options.ts'
import type { JwtProfile, Provider, Validator } from '../../provider.ts'
import type { Seconds } from '../../types.ts'
import { type ItsYouOnlineOptions, itsYouOnline } from '../itsyouonline/index.ts'
import { secureAddress } from '../secure-address.ts'
import { validated } from '../validated.ts'
import { verifyAuthkeyAt } from './verify.ts'
import { authkeyShape, restmachineOf } from './wire.ts'

// What else itsYouOnline() takes would mean nothing here, or shut everybody out.
const jwtOptions = [
  'organization',
  'memberOf',
  'subOrganizations',
  'authorizedParty',
  'requiredScopes',
  'environment',
  'keys',
  'dangerouslyAcceptDevelopmentKey',
  'baseUrl',
  'refreshValidity',
  'client',
] as const satisfies readonly (keyof ItsYouOnlineOptions)[]

/**
 * Which JWTs of ItsYou.online are accepted. The options are those of `itsYouOnline()`, and at least one says whom they have to be for. With
 * `client` users sign in there with a browser, and get a JWT that the environment takes too.
 */
export type OpenvCloudJwtOptions = Pick<ItsYouOnlineOptions, (typeof jwtOptions)[number]>

/** One OpenvCloud environment. Durations are seconds. */
export interface OpenvCloudOptions {
  /** The address of its portal, with `/restmachine` or without: https, or http on loopback. */
  baseUrl: string
  /**
   * Accepts the JWTs of ItsYou.online too that OpenvCloud accepts. It takes those that were given to any client there is; here they
   * have to be for somebody: `{ organization: 'petshop' }`, or `{ organization: null }` for any. Default: none.
   */
  jwt?: OpenvCloudJwtOptions
  /** Whether a token may be an `authkey`, by its shape. Default: 32 lower-case hexadecimal digits, as the portal makes them. `false` for never. */
  authkeys?: false | ((token: string) => boolean)
  /** How long a good answer about an `authkey` is remembered. Default 30, at most 300, 0 for not at all. */
  cacheFor?: Seconds
  /** Becomes `User.provider`. Default `openvcloud`. */
  name?: string
  /** Looks at verified claims; a returned text refuses the token. It cannot accept anything. Default: nobody looks. */
  validate?: Validator
}

const schema = z.strictObject({
  baseUrl: secureAddress,
  // itsYouOnline() looks at what they are.
  jwt: z.strictObject(Object.fromEntries(jwtOptions.map((option) => [option, z.unknown().optional()]))).optional(),
  authkeys: z
    .union([z.literal(false), functionOf<(token: string) => boolean>()], 'must be false or a function')
    .optional(),
  cacheFor: seconds(0, 300).optional(),
  name: text.optional(),
  validate: functionOf<Validator>().optional(),
})

/**
 * OpenvCloud: its users' sessions (`authkey`), and the JWTs of ItsYou.online that it accepts. A user is `bob@itsyouonline` either way,
 * or `bob` where the environment itself has the user. JWTs are refreshed at ItsYou.online. It has no revocation: what `auth.revoke()`
 * names is refused here, a JWT until it expires and a session for `maxTokenLifetime`; there it lives on, a session for days.
 * @throws {AuthError} `ERR_OPTIONS_INVALID`
 */
export function openvCloud(options: OpenvCloudOptions): Provider {
  const { baseUrl, jwt, authkeys, cacheFor, name = 'openvcloud', validate } = readOptions('openvCloud', schema, options)
  if (authkeys === false && jwt === undefined) {
    throw invalidOptions('openvCloud', 'authkeys is false and there is no jwt: no token could be verified')
  }
  const base = restmachineOf(baseUrl)
  const trusted =
    jwt === undefined ? undefined : itsYouOnline({ ...(jwt as OpenvCloudJwtOptions), principals: ['user'], name })
  const accepts = authkeys || ((token: string) => authkeyShape.test(token))
  return {
    name,
    // Users of the environment itself are its own, so it stands for them; JWTs name ItsYou.online.
    issuer: base,
    ...(trusted !== undefined && {
      issuerAliases: [trusted.issuer],
      jwt: jwtOf(trusted, validate),
      ...(trusted.refresh !== undefined && { refresh: trusted.refresh }),
      ...(trusted.signIn !== undefined && { signIn: trusted.signIn }),
    }),
    ...(authkeys !== false && {
      opaque: validated(
        name,
        { accepts, verify: verifyAuthkeyAt(base), ...(cacheFor !== undefined && { cacheFor }) },
        validate,
      ),
    }),
  }
}

function jwtOf({ issuer, jwt }: Provider, validate: Validator | undefined): JwtProfile {
  const profile = jwt as JwtProfile
  return {
    ...profile,
    async validate(claims) {
      if (claims.aud !== undefined) return 'it has an aud, which OpenvCloud refuses'
      return (await profile.validate?.(claims)) ?? validate?.(claims)
    },
    user(claims) {
      const user = profile.user(claims)
      return { ...user, id: `${user.id}@${issuer}` }
    },
  }
}
