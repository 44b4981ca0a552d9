import { randomBytes } from 'node:crypto'
import type { Algorithm, Clock, Seconds } from '@claviger/core'
import { createAuthorizations } from './authorization.ts'
import { realClock } from './clock.ts'
import { type IssuerEndpoint, type IssuerState, issuerRoutes } from './endpoints.ts'
import { createKeyRing, type KeyRing } from './key-ring.ts'
import { type SigningKey, signToken } from './keys.ts'
import { createLoopbackServer, type LoopbackControls } from './server/loopback.ts'
import { createTokenStore } from './token-store.ts'
import { accessTokenClaims, idTokenClaims, type TokenOptions } from './tokens.ts'

/** What a test issuer is made of. */
export interface TestIssuerOptions {
  /** Default 0: one that is free. */
  readonly port?: number
  /** For an issuer that is not at the root of its host: `/tenant`. `/` makes one that ends with a slash. */
  readonly path?: string
  /** One key is made for each; the first signs unless told otherwise. Default `['ES256']`. */
  readonly algorithms?: readonly Exclude<Algorithm, `HS${string}`>[]
  /** Shared with those who verify HS256, HS384 and HS512. Default: random. */
  readonly secret?: string
  /** Default `https://api.example.test`. */
  readonly audience?: string
  /** The one client of the token, introspection and revocation endpoints. Default `test-client`. */
  readonly clientId?: string
  /** Default: random. */
  readonly clientSecret?: string
  /** Who may sign in with a browser, and what their tokens say; nobody needs a password. Default: Alice and Bob. */
  readonly users?: readonly TokenOptions[]
  /** Where browsers may be sent back to. Default: anywhere on loopback. */
  readonly redirectUris?: readonly string[]
  /** Added to the discovery document, or put in its place; `undefined` takes a member away. */
  readonly metadata?: Readonly<Record<string, unknown>>
  /** `Cache-Control` of the discovery document and the key set. Default `public, max-age=300`. */
  readonly cacheControl?: string
  /** How wrong the issuer's clock is, in seconds. Default 0. */
  readonly clockOffset?: Seconds
  /** Where the time of its tokens comes from. Default: the machine's clock. */
  readonly clock?: Pick<Clock, 'now'>
}

/** An OpenID Connect issuer on loopback, with keys, tokens and faults in the hands of the test. */
export interface TestIssuer extends LoopbackControls<IssuerEndpoint>, Omit<KeyRing, 'find' | 'hasSigned'> {
  /** What `iss` says. */
  readonly issuer: string
  readonly port: number
  readonly audience: string
  readonly clientId: string
  readonly clientSecret: string
  /** The key of HS256, HS384 and HS512. */
  readonly secret: string
  readonly discoveryUrl: string
  readonly jwksUri: string
  readonly authorizationEndpoint: string
  readonly tokenEndpoint: string
  readonly introspectionEndpoint: string
  readonly userinfoEndpoint: string
  readonly revocationEndpoint: string
  /** Members of the discovery document that differ. */
  readonly metadata: Record<string, unknown>
  /** `Cache-Control` of the discovery document and the key set; `undefined` for none. */
  cacheControl: string | undefined
  /** How wrong the issuer's clock is, in seconds: below zero issues tokens in the past, above in the future. */
  clockOffset: Seconds
  /** A signed access token. @throws {Error} when the issuer has no such key. @see https://www.rfc-editor.org/rfc/rfc9068 */
  tokenFor(options?: TokenOptions): string
  /** An ID token: for the client, not for an API, which has to refuse it. */
  idTokenFor(options?: TokenOptions): string
  /** An access token that says nothing by itself: introspection and userinfo know what it stands for. */
  opaqueTokenFor(options?: TokenOptions): string
  /** A refresh token for access tokens like these. It works once; each use answers with the next. */
  refreshTokenFor(options?: TokenOptions): string
  /**
   * Signs anything, however wrong, with the algorithm of the key. `claims` may be text that is not JSON at all; a key of
   * `null` makes an empty signature. Default: the current key, whose `alg` and `kid` are not added to the header.
   */
  sign(header: object, claims: object | string, key?: SigningKey | null): string
  /** Ends a token at once, as far as the issuer is asked: opaque, refresh or signed. */
  revoke(token: string): void
}

/**
 * Starts an OpenID Connect issuer on 127.0.0.1.
 * @throws {TypeError} for a path that does not begin with a slash, or no algorithms.
 */
export async function createTestIssuer(options: TestIssuerOptions = {}): Promise<TestIssuer> {
  const {
    path: issuerPath = '',
    secret = randomBytes(48).toString('base64url'),
    audience = 'https://api.example.test',
    clientId = 'test-client',
    clientSecret = randomBytes(24).toString('base64url'),
    users = [
      { subject: 'alice', name: 'Alice' },
      { subject: 'bob', name: 'Bob' },
    ],
    redirectUris,
    clock = realClock,
  } = options
  if (issuerPath !== '' && !issuerPath.startsWith('/')) throw new TypeError('path must begin with a slash.')

  const keys = await createKeyRing(options.algorithms ?? ['ES256'], secret)
  const settings = {
    cacheControl: 'cacheControl' in options ? options.cacheControl : 'public, max-age=300',
    clockOffset: options.clockOffset ?? 0,
  }
  const now = () => Math.floor(clock.now() / 1000) + settings.clockOffset
  const store = createTokenStore(now)
  const path = issuerPath.replace(/\/$/, '')
  const metadata = { ...options.metadata }
  let issuer = ''

  const authorizations = createAuthorizations({
    issuer: () => issuer,
    path: `${path}/authorize`,
    clientId,
    users,
    redirectUris,
    now,
  })
  const defaults = () => ({ issuer, audience, clientId, now: now() })
  const keyFor = ({ key, kid, alg }: TokenOptions) =>
    key ?? keys.find({ ...(kid !== undefined && { kid }), ...(alg !== undefined && { alg }) })

  function tokenFor(token: TokenOptions = {}): string {
    const key = keyFor(token)
    const header = { alg: key.alg, typ: 'at+jwt', kid: key.kid, ...token.header }
    return signToken(header, accessTokenClaims(token, defaults()), key)
  }

  function idTokenFor(token: TokenOptions = {}): string {
    const key = keyFor(token)
    const header = { alg: key.alg, typ: 'JWT', kid: key.kid, ...token.header }
    return signToken(header, idTokenClaims(token, defaults()), key)
  }

  const server = await createLoopbackServer<IssuerEndpoint>({
    ...(options.port !== undefined && { port: options.port }),
    routes(origin) {
      issuer = `${origin}${issuerPath}`
      const state: IssuerState = {
        issuer,
        base: `${origin}${path}`,
        path,
        clientId,
        clientSecret,
        keys,
        store,
        authorizations,
        metadata,
        cacheControl: () => settings.cacheControl,
        now,
        tokenFor,
        idTokenFor,
      }
      return issuerRoutes(state)
    },
  })
  const base = `${server.origin}${path}`

  return {
    ...server,
    issuer,
    audience,
    clientId,
    clientSecret,
    secret,
    metadata,
    discoveryUrl: `${base}/.well-known/openid-configuration`,
    jwksUri: `${base}/jwks`,
    authorizationEndpoint: `${base}/authorize`,
    tokenEndpoint: `${base}/token`,
    introspectionEndpoint: `${base}/introspect`,
    userinfoEndpoint: `${base}/me`,
    revocationEndpoint: `${base}/revoke`,
    get cacheControl() {
      return settings.cacheControl
    },
    set cacheControl(value) {
      settings.cacheControl = value
    },
    get clockOffset() {
      return settings.clockOffset
    },
    set clockOffset(value) {
      settings.clockOffset = value
    },
    get current() {
      return keys.current
    },
    get jwksText() {
      return keys.jwksText
    },
    set jwksText(value) {
      keys.jwksText = value
    },
    rotate: keys.rotate,
    addKey: keys.addKey,
    removeKey: keys.removeKey,
    publish: keys.publish,
    jwks: keys.jwks,
    tokenFor,
    idTokenFor,
    opaqueTokenFor: (token = {}) => store.addOpaque(accessTokenClaims(token, defaults())),
    refreshTokenFor: (token = {}) => store.addRefresh(token),
    sign: (header, claims, key = keys.current) => signToken(header, claims, key),
    revoke: store.revoke,
  }
}
