import * as z from 'zod'
import { functionOf, readOptions, text } from '../../options.ts'
import type { Provider, Validator } from '../../provider.ts'
import { secureAddress } from '../secure-address.ts'
import { type AddressRoles, rolesByAddress } from './roles.ts'
import { addressRolesSchema } from './roles-schema.ts'
import { type JustAuthenticateMeLogin, signInAt } from './sign-in.ts'
import { refreshAt, revokeAt } from './tokens.ts'
import { appIdSchema, issuerOf, refusalOf } from './wire.ts'

/** One app at Just Authenticate Me. */
export interface JustAuthenticateMeOptions {
  /** As the dashboard shows it. It is no secret: anybody who knows it may have a login mail sent. */
  appId: string
  /** Where the service is: https, or http on loopback. Default `https://api.justauthenticate.me/`. */
  baseUrl?: string
  /** Becomes `User.provider`. Default `justauthenticateme`. */
  name?: string
  /** Which roles users have, by address and domain: the service knows none. Default: none. */
  roles?: AddressRoles
  /** Lets users sign in with a browser; the app's redirect URL has to be `<baseUrl>/auth/callback/<name>` then. Default: not. */
  login?: true | JustAuthenticateMeLogin
  /** Looks at verified claims; a returned text refuses the token. It cannot accept anything. Default: nobody looks. */
  validate?: Validator
}

const schema = z.strictObject({
  appId: appIdSchema,
  baseUrl: secureAddress.optional(),
  name: text.optional(),
  roles: addressRolesSchema.optional(),
  login: z.union([z.literal(true), z.strictObject({ label: text.optional() })]).optional(),
  validate: functionOf<Validator>().optional(),
})

/**
 * Just Authenticate Me: users sign in by a link in a mail. Its ID tokens are what APIs take and a user is an e-mail address, with no
 * scopes and the roles of the option. It can end refresh tokens; an ID token lives until its `exp`, half an hour, unless `auth.revoke()` ends it here.
 * @throws {AuthError} `ERR_OPTIONS_INVALID`
 * @see https://www.npmjs.com/package/justauthenticateme-node
 */
export function justAuthenticateMe(options: JustAuthenticateMeOptions): Provider {
  const checked = readOptions('justAuthenticateMe', schema, options)
  const { appId, name = 'justauthenticateme', login, validate } = checked
  const issuer = issuerOf(checked)
  const table = (checked.roles ?? {}) as AddressRoles
  const rolesOf = rolesByAddress(table)
  return {
    name,
    issuer,
    jwt: {
      keys: { jwksUri: `${issuer}/.well-known/jwks.json` },
      algorithms: ['ES512'],
      tokenTypes: ['JWT'],
      idTokens: true,
      audience: [appId],
      requiredClaims: ['aud', 'iat', 'token_use', 'email'],
      validate: (claims) => refusalOf(claims) ?? validate?.(claims),
      // Compared by the application: the service does not change its case, so neither do we.
      user(claims) {
        const email = String(claims.email)
        const roles = rolesOf(email)
        const { organization } = table
        return { id: email, email, roles, ...(organization !== undefined && roles.length > 0 && { organization }) }
      },
    },
    refresh: refreshAt(issuer),
    revoke: revokeAt(issuer),
    ...(login !== undefined && { signIn: signInAt(issuer, login === true ? {} : (login as JustAuthenticateMeLogin)) }),
  }
}
