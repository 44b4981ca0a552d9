import * as z from 'zod'
import type { Caller } from '../../client.ts'
import type { CallOptions } from '../../client-options.ts'
import { readOptions, text } from '../../options.ts'
import type { Seconds } from '../../types.ts'
import { refusedSignIn } from '../refused-sign-in.ts'
import type { KeyCredentials } from './jwt.ts'

/** An access token: opaque, for the API of the provider and for getting JWTs. */
export interface ItsYouOnlineAccessToken {
  readonly accessToken: string
  /** As the provider says, which is ten minutes less than it is. */
  readonly expiresIn: Seconds
  readonly scopes: readonly string[]
  /** What the client granted the user. */
  readonly grants: readonly string[]
  /** Absent for an organization. */
  readonly username?: string
  /** With the scope `openid`, for a code. Not verified: that is what `verifyIdToken` is for. */
  readonly idToken?: string
}

/** How a user is sent to the provider. */
export interface ItsYouOnlineAuthorizationRequest {
  /** Begins with the callback URL of a key of the organization. */
  redirectUri: string
  scope: string | readonly string[]
  /** Not to be guessed: what comes back must be the same. */
  state: string
  /** Shows the page for new users first. Default false. */
  register?: boolean
}

/** What a user came back with. */
export interface ItsYouOnlineCode {
  code: string
  /** The same as in the authorization request. */
  redirectUri: string
  state?: string
}

const scope = z.union([text, z.array(text).min(1)]).transform((value) => [value].flat())
const requestSchema = z.strictObject({
  redirectUri: text,
  scope,
  state: text.min(8, 'must not be guessable: at least 8 characters'),
  register: z.boolean().optional(),
})
// What a browser brings is no part of a set-up, whatever it looks like.
const codeSchema = z.strictObject({ code: z.unknown().optional(), redirectUri: text, state: z.unknown().optional() })

const answer = z.looseObject({
  access_token: z.string().min(1),
  token_type: z.string().regex(/^bearer$/i),
  scope: z.string(),
  expires_in: z.number(),
  info: z.looseObject({ username: z.string() }).optional(),
  id_token: z.string().optional(),
})

/** The calls that give access tokens. @param base the host */
export function createOAuthCalls(base: string, caller: Caller) {
  async function ask(operation: string, form: Record<string, string>, safe: boolean, options: CallOptions) {
    const url = `${base}/v1/oauth/access_token`
    const body = await caller(
      {
        operation,
        method: 'POST',
        url,
        shown: url,
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        // In the body: what is in a query ends up in logs.
        body: new URLSearchParams(form).toString(),
        expect: [200],
        schema: answer,
        safe,
      },
      options,
    )
    return tokenOf(body)
  }

  return {
    authorizationUrl(clientId: string, request: ItsYouOnlineAuthorizationRequest): string {
      const { redirectUri, scope, state, register } = readOptions('authorizationUrl', requestSchema, request)
      const query = new URLSearchParams({
        response_type: 'code',
        client_id: clientId,
        redirect_uri: redirectUri,
        scope: scope.join(','),
        state,
        ...(register === true && { register: '1' }),
      })
      return `${base}/v1/oauth/authorize?${query}`
    },
    issue({ clientId, clientSecret }: KeyCredentials, options: CallOptions) {
      const form = { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret }
      return ask('getAccessToken', form, true, options)
    },
    redeem({ clientId, clientSecret }: KeyCredentials, code: ItsYouOnlineCode, options: CallOptions) {
      const { redirectUri, state, code: brought } = readOptions('exchangeCode', codeSchema, code)
      if (typeof brought !== 'string' || brought === '' || (state !== undefined && typeof state !== 'string'))
        throw refusedSignIn('itsyouonline: the browser came back without one code')
      const form = {
        code: brought,
        grant_type: 'authorization_code',
        client_id: clientId,
        client_secret: clientSecret,
        redirect_uri: redirectUri,
        ...(state !== undefined && { state }),
      }
      return ask('exchangeCode', form, false, options)
    },
  }
}

// `scope` is scopes, a comma, grants: the comma is there without grants too.
function tokenOf(body: z.output<typeof answer>): ItsYouOnlineAccessToken {
  const all = body.scope.split(',').filter((one) => one !== '')
  const username = body.info?.username
  return {
    accessToken: body.access_token,
    expiresIn: body.expires_in,
    scopes: all.filter((one) => !one.startsWith('grant:')),
    grants: all.flatMap((one) => (one.startsWith('grant:') ? one.slice('grant:'.length) : [])),
    ...(username !== undefined && username !== '' && { username }),
    ...(body.id_token !== undefined && { idToken: body.id_token }),
  }
}
