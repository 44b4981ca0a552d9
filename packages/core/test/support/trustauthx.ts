import {
  createTestClock,
  createTrustAuthXEmulator,
  type Fault,
  type TrustAuthXEmulatorOptions,
} from '@claviger/testing'
import { SignJWT } from 'jose'
import { type AuthenticatorOptions, type Claims, createAuthenticator } from '../../src/index.ts'
import { createTrustAuthXClient, type TrustAuthXClientOptions } from '../../src/providers/trustauthx/client.ts'
import { type TrustAuthXOptions, trustAuthX } from '../../src/providers/trustauthx/index.ts'

/** An organization with two roles and two users. Alice edits machines, Bob has no role. */
export async function createStage(options: TrustAuthXEmulatorOptions = {}) {
  const clock = createTestClock()
  const emulator = await createTrustAuthXEmulator({
    clock,
    roles: [
      { name: 'editor', permissions: [{ machine: 'delete' }, { machine: 'start' }] },
      { name: 'viewer', permissions: [{ machine: 'read' }] },
    ],
    users: [
      { uid: 'alice', email: 'alice@example.com', name: 'Alice', roles: ['editor'] },
      { uid: 'bob', email: 'bob@example.com', name: 'Bob' },
    ],
    ...options,
  })
  const { apiKey, secretKey, orgId, url } = emulator
  const credentials = { apiKey, secretKey, orgId, apiBaseUrl: url }
  const seconds = () => Math.round(clock.now() / 1000)
  const sign = (claims: Claims, secret = secretKey, header: object = {}) =>
    new SignJWT({ ...claims }).setProtectedHeader({ alg: 'HS256', typ: 'JWT', ...header }).sign(Buffer.from(secret))
  return {
    clock,
    emulator,
    credentials,
    /** The time, since the epoch. */
    seconds,
    sign,
    /** What get_user_data would say of Alice, changed. */
    async answerWith(claims: Claims, secret?: string, header?: object): Promise<Fault> {
      const [iat, exp] = [seconds(), seconds() + 900]
      const proper = { uid: 'alice', email: 'alice@example.com', iss: 'x', jti: 'x', iat, exp, scope: '[]' }
      return { status: 200, body: JSON.stringify(await sign({ ...proper, ...claims }, secret, header)) }
    },
    provider: (more: Partial<TrustAuthXOptions> = {}) => trustAuthX({ ...credentials, ...more }),
    authenticator: (more: Partial<TrustAuthXOptions> = {}, rest: Partial<AuthenticatorOptions> = {}) =>
      createAuthenticator({ providers: [trustAuthX({ ...credentials, ...more })], clock, ...rest }),
    client: (more: Partial<TrustAuthXClientOptions> = {}) =>
      createTrustAuthXClient({ ...credentials, loginUrl: emulator.loginUrl, clock, retries: 0, ...more }),
  }
}

export type Stage = Awaited<ReturnType<typeof createStage>>

/** What somebody has who signed in. */
export type Tokens = ReturnType<Stage['emulator']['signIn']>

/** Alice signs in at an emulator that has no faults and has counted nothing yet. */
export function signInAnew({ emulator }: Stage): Tokens {
  emulator.heal()
  emulator.configure({ invalidTokenStatus: 401, rotateRefreshTokens: true })
  const tokens = emulator.signIn('alice')
  emulator.resetCounts()
  return tokens
}

/** Ways in which nothing is said of a token. */
export const outages: Fault[] = [
  'reset',
  'hang',
  'hang-body',
  'html',
  'redirect',
  'broken-json',
  'truncate',
  'empty',
  { status: 500 },
  { status: 503, retryAfter: 9 },
  { status: 429, retryAfter: 9 },
  { status: 404 },
  { status: 400, body: '{"detail":"Token Expired - token expired"}' },
]

/** `accepted`, or the status and code of the refusal. */
export function verdictOf(outcome: Promise<unknown>): Promise<string> {
  return outcome.then(
    () => 'accepted',
    (error) => `${error.status} ${error.code}`,
  )
}
