import * as z from 'zod'
import { readOptions, text } from '../../options.ts'

/** What a token is for. */
export interface TokenTarget {
  readonly resource?: string | undefined
  readonly organization?: string | undefined
  readonly scopes?: readonly string[] | undefined
}

/** A token that stands for a user: one of these. */
export type LogtoSubject =
  /** Of `createSubjectToken`: for 600 seconds, and once. */
  | { readonly subjectToken: string }
  /** Of `createPersonalAccessToken`: until it ends or is deleted. */
  | { readonly personalAccessToken: string }
  /** That the user has sent to this API, to call another one for them. It must be of this tenant and good still. */
  | { readonly accessToken: string }

/** Whose access token is asked for, and for what: an API, an organization, both, or neither, which gives an opaque token. */
export type LogtoExchange = LogtoSubject & {
  readonly resource?: string
  readonly organization?: string
  /** Default: none, and so no permission. */
  readonly scopes?: readonly string[]
  /** An opaque access token, with the scope `openid`, of the user who acts for the other: becomes `act` in the token. */
  readonly actorToken?: string
}

const grantType = 'urn:ietf:params:oauth:grant-type:token-exchange'
const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token'
const types = {
  subjectToken: accessTokenType,
  personalAccessToken: 'urn:logto:token-type:personal_access_token',
  accessToken: accessTokenType,
}

// It comes from whoever calls: that it looks like a placeholder is no fault of the set-up.
const token = z.string().min(1, 'must not be empty')
const rest = {
  resource: text.optional(),
  organization: text.optional(),
  scopes: z.array(text).optional(),
  actorToken: token.optional(),
}
const schemas = {
  subjectToken: z.strictObject({ ...rest, subjectToken: token }),
  personalAccessToken: z.strictObject({ ...rest, personalAccessToken: token }),
  accessToken: z.strictObject({ ...rest, accessToken: token }),
}
type Kind = keyof typeof schemas
const kinds = Object.keys(schemas) as Kind[]

/**
 * The form of a token exchange.
 * @throws {AuthError} `ERR_OPTIONS_INVALID`
 * @see https://www.rfc-editor.org/rfc/rfc8693#section-2.1
 */
export function readExchange(given: LogtoExchange): {
  form: Readonly<Record<string, string>>
  target: TokenTarget
  /** Whether it works only once. */
  isUsedUp: boolean
} {
  const kind = kinds.find((one) => Object.hasOwn(Object(given), one)) ?? 'subjectToken'
  const checked: Partial<Record<Kind, string>> & z.output<z.ZodObject<typeof rest>> = readOptions(
    'tokens.exchange',
    schemas[kind] as z.ZodObject,
    given,
  )
  const { actorToken, resource, organization, scopes } = checked
  return {
    form: {
      grant_type: grantType,
      subject_token: checked[kind] as string,
      subject_token_type: types[kind],
      ...(actorToken !== undefined && { actor_token: actorToken, actor_token_type: accessTokenType }),
    },
    target: { resource, organization, scopes },
    isUsedUp: kind === 'subjectToken',
  }
}
