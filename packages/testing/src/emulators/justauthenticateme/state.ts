import { randomBytes, randomUUID } from 'node:crypto'
import type { Claims, Jwk, Jwks, Seconds } from '@claviger/core'
import { createTestKey, isSignedWith, type SigningKey, signToken, type TestKey } from '../../keys.ts'

/** An app, as its owner sets it up in the dashboard. */
export interface JustAuthenticateMeApp {
  /** Default: a random UUID. */
  readonly appId?: string
  /** Is in the subject of its mails. Default `Test`. */
  readonly name?: string
  /** Where the browser is sent with the tokens. Default `http://127.0.0.1/callback`. */
  readonly redirectUrl?: string
  /** Whether users get refresh tokens, and may use them. Default true. */
  readonly allowRefresh?: boolean
}

/** What a service decides that its documents do not tell. */
export interface JustAuthenticateMeSettings {
  /** Of ID tokens. Default 1800. */
  readonly tokenLifetime: Seconds
  /** Default 7 days. */
  readonly refreshTokenLifetime: Seconds
  /** Of a link in a mail. Default 900. */
  readonly linkLifetime: Seconds
  /** What a refresh token is answered with that is unknown, deleted or too old. Default 401. */
  readonly deadRefreshToken: 401 | 404
  /** How many mails an address may get within `linkLifetime`; the next is answered with 429. Default: as many as are asked for. */
  readonly mailLimit: number
}

/** A mail with a link. */
export interface JustAuthenticateMeMail {
  readonly appId: string
  readonly from: string
  readonly to: string
  readonly subject: string
  readonly link: string
  /** Seconds since the epoch. */
  readonly sentAt: Seconds
}

/** What a token says instead of what it usually does. */
export interface JustAuthenticateMeTokenOptions {
  /** Default: the first app. */
  readonly appId?: string
  /** Added to the claims, or put in their place; `undefined` takes one away. */
  readonly claims?: Readonly<Record<string, unknown>>
  /** Added to the header, or put in its place; `undefined` takes one away. */
  readonly header?: Readonly<Record<string, unknown>>
  /** From now. Default: the `tokenLifetime` of the emulator; below zero for a token that has expired. */
  readonly expiresIn?: Seconds
  /** Signs with this key, whoever has it. Default: that of the app. */
  readonly key?: SigningKey
}

interface Dated {
  readonly email: string
  readonly expiresAt: Seconds
}

/** An app as it is now. */
export class AppState {
  readonly id: string
  readonly name: string
  readonly redirectUrl: string
  allowRefresh: boolean
  /** By code. */
  readonly links = new Map<string, Dated>()
  /** By token. */
  readonly refreshTokens = new Map<string, Dated>()
  #keys: readonly TestKey[]

  private constructor(app: JustAuthenticateMeApp, key: TestKey) {
    this.id = app.appId ?? randomUUID()
    this.name = app.name ?? 'Test'
    this.redirectUrl = app.redirectUrl ?? 'http://127.0.0.1/callback'
    this.allowRefresh = app.allowRefresh ?? true
    this.#keys = [key]
  }

  static async create(app: JustAuthenticateMeApp): Promise<AppState> {
    return new AppState(app, await createKey())
  }

  /** Signs with a new key from now on; the one before stays published if `keepPrevious`. */
  async rotate(keepPrevious: boolean): Promise<void> {
    const next = await createKey()
    this.#keys = keepPrevious ? [next, ...this.#keys] : [next]
  }

  jwks(): Jwks {
    return { keys: this.#keys.map(({ publicJwk: { kty, crv, x, y }, kid }) => ({ kty, crv, x, y, kid }) as Jwk) }
  }

  sign(claims: object, header: object = {}, key: SigningKey = this.#keys[0] as TestKey): string {
    return signToken({ alg: key.alg, typ: 'JWT', kid: key.kid, ...header }, claims, key)
  }

  hasSigned(token: string): boolean {
    return this.#keys.some((key) => isSignedWith(token, key))
  }
}

function createKey(): Promise<TestKey> {
  return createTestKey('ES512', { kid: randomUUID() })
}

/** Codes and refresh tokens alike: 1024 random bits before the address, so that both tell it. */
export function randomToken(email: string): string {
  return Buffer.concat([randomBytes(128), Buffer.from(email)]).toString('base64')
}

/** Takes what is still good out of a map. */
export function takeDated(
  entries: Map<string, Dated>,
  key: string,
  now: Seconds,
  { keep = false } = {},
): Dated | undefined {
  const entry = entries.get(key)
  if (!keep) entries.delete(key)
  return entry !== undefined && entry.expiresAt > now ? entry : undefined
}

/** The claims of a token, unverified; nothing if it is none. */
export function claimsOf(token: string): Claims | undefined {
  const [, payload = '', ...rest] = token.split('.')
  if (rest.length !== 1) return undefined
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))
    return typeof claims === 'object' && claims !== null ? { ...claims } : undefined
  } catch {
    return undefined
  }
}
