import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { Predicate } from './guards/index.ts'
import { redact } from './redact.ts'
import type { Problem } from './refusal.ts'
import type { User, VerifiedToken } from './types.ts'
import type { Watch } from './watch.ts'

/** Who opened a connection, and how long that holds. */
export interface Upgrade {
  /** Who it is, as of the token that was last verified when it was opened or renewed. */
  readonly user: User
  /** The token as it was last verified. */
  readonly auth: VerifiedToken
  /** Fires when the token expires, is revoked or loses its key; `reason` is the `AuthError`. Not when the connection closes. */
  readonly signal: AbortSignal
  /**
   * Goes on with a newer token of the same person, which the client sent in a message.
   * @throws {AuthError} any `ERR_TOKEN_…`, `ERR_PROVIDER_UNAVAILABLE`; `ERR_TOKEN_REFUSED` for somebody else's token
   */
  renew(token: string): Promise<VerifiedToken>
}

/**
 * Authenticates the request of an `upgrade` event of a Node server, from the same places as every request; a cookie counts only from a
 * page of the app's own origin, or of `allowedOrigins`. A token is needed also where `required` is false.
 * @param predicate - Whom to let in; by default everybody who is known.
 * @returns nothing when there is nothing left to do: the request has been refused and its socket answered, or the client has gone
 */
export type AuthenticateUpgrade = (
  request: IncomingMessage,
  predicate?: Predicate<IncomingMessage>,
) => Promise<Upgrade | undefined>

interface UpgradeParts {
  /** Reads the token of an upgrade, asks the predicate, and takes the token out of what is answered. Throws refusals. */
  open(request: IncomingMessage, predicate: Predicate<IncomingMessage> | undefined): Promise<Watch>
  userOf(token: VerifiedToken): User
  problemOf(error: unknown): Problem | undefined
}

/** Makes the upgrade of an HTTP server: the same verdicts as for requests, answered on the bare socket. */
export function createUpgradeAuthenticator({ open, userOf, problemOf }: UpgradeParts): AuthenticateUpgrade {
  return async function authenticateUpgrade(request, predicate) {
    const { socket } = request
    // Nobody else listens before the upgrade is done, and a client that goes away must not end the process.
    socket.on('error', ignore)
    let watch: Watch
    try {
      watch = await open(request, predicate)
    } catch (error) {
      const problem = problemOf(error) ?? faultOfTheApp()
      // There is no error handler that it could go to.
      if (problem.status === 500) warnOf(error)
      answer(socket, problem)
      return undefined
    }
    if (socket.destroyed) {
      watch.end()
      return undefined
    }
    socket.once('close', watch.end)
    let user = userOf(watch.auth)
    return {
      get user() {
        return user
      },
      get auth() {
        return watch.auth
      },
      signal: watch.signal,
      async renew(token) {
        const auth = await watch.renew(token)
        user = userOf(auth)
        return auth
      },
    }
  }
}

function ignore(): void {}

/** @see https://www.rfc-editor.org/rfc/rfc9112#section-4 */
function answer(socket: Socket, { status, headers, body }: Pick<Problem, 'status' | 'headers' | 'body'>): void {
  const content = JSON.stringify(body)
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    `Content-Length: ${Buffer.byteLength(content)}`,
    'Connection: close',
  ]
  // The server's time limits do not hold for this socket any more; whoever does not close it is closed.
  socket.once('finish', () => socket.destroy())
  socket.end(`${lines.join('\r\n')}\r\n\r\n${content}`)
}

function warnOf(error: unknown): void {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : 'something other than an error'
  process.emitWarning(`An upgrade was answered with 500: ${redact(text)}`, {
    type: 'ClavigerWarning',
    code: 'CLAVIGER_UPGRADE_FAILED',
  })
}

// Thrown by a function of the app, such as one of tokenFrom.
function faultOfTheApp(): Problem {
  const title = STATUS_CODES[500] as string
  return {
    status: 500,
    headers: { 'Content-Type': 'application/problem+json' },
    body: { type: 'about:blank', title, status: 500, detail: 'The request could not be handled.' },
  }
}
