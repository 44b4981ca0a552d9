import { json, type Reply } from '../../server/routes.ts'

/** The errors of Logto's OpenID Connect endpoints, with the English text that goes with each. */
const messages = {
  access_denied: 'Access denied.',
  insufficient_scope: 'Token missing scope `{{scope}}`.',
  invalid_client: 'An OIDC error occurred: oidc.invalid_client.',
  invalid_grant: 'Grant request is invalid.',
  invalid_redirect_uri: "`redirect_uri` did not match any of the client's registered `redirect_uris`.",
  invalid_request: 'Request is invalid.',
  invalid_scope: 'Invalid scope: {{error_description}}.',
  invalid_target: 'Invalid resource indicator.',
  invalid_token: 'Invalid token provided.',
  unsupported_grant_type: 'Unsupported `grant_type` requested.',
  login_required: 'End-User authentication is required.',
  unsupported_response_type: 'Unsupported `response_type` requested.',
  unsupported_token_type: 'An OIDC error occurred: oidc.unsupported_token_type.',
} as const

export type OidcErrorCode = keyof typeof messages

interface OidcErrorDetails {
  /** Default 400. */
  readonly status?: number
  /** The scope that is missing. */
  readonly scope?: string
  /** Becomes the scheme of `WWW-Authenticate`; without it there is no such header. */
  readonly challenge?: 'Basic' | 'Bearer'
  /** A challenge without error, for a request without credentials. */
  readonly bare?: boolean
}

/** A refusal of an OpenID Connect endpoint. */
export class OidcError extends Error {
  readonly code: OidcErrorCode
  readonly details: OidcErrorDetails

  constructor(code: OidcErrorCode, description: string, details: OidcErrorDetails = {}) {
    super(description)
    this.code = code
    this.details = details
  }

  /** The one error whose text never tells what is wrong. */
  static grant(): OidcError {
    return new OidcError('invalid_grant', 'grant request is invalid')
  }

  static missing(parameter: string): OidcError {
    return new OidcError('invalid_request', `missing required parameter '${parameter}'`)
  }

  /** @param rfcOnly Leaves Logto's own members out, as the query `parse_error=false` asks. */
  toReply(issuer: string, rfcOnly: boolean): Reply {
    const { status = 400, scope, challenge, bare = false } = this.details
    const error = { error: this.code, error_description: this.message, ...(scope !== undefined && { scope }) }
    const uri = this.code === 'invalid_grant' ? { error_uri: 'https://openid.sh/debug/invalid_grant' } : {}
    const own = { code: `oidc.${this.code}`, message: messages[this.code], ...uri }
    const reason = bare ? '' : `, error="${this.code}", error_description="${this.message}"`
    return json(rfcOnly ? error : { ...own, ...error }, {
      status,
      headers: {
        'content-type': 'application/json; charset=utf-8',
        ...(challenge && { 'www-authenticate': `${challenge} realm="${issuer}"${reason}` }),
      },
    })
  }
}
