import type { Clock } from './clock.ts'
import type { HttpRequest } from './credentials.ts'
import { AuthError, type AuthErrorCode, isAuthError } from './errors.ts'
import type { RevocationList } from './revocation.ts'
import type { Seconds, VerifiedToken, Verifier } from './types.ts'

/** A token that is watched for as long as what it opened is open: a WebSocket, an event stream, a long job. */
export interface Watch {
  /** The token as it was last verified. */
  readonly auth: VerifiedToken
  /** Fires when the token is not good any more: expired, revoked, its key removed. `reason` is the {@link AuthError}. */
  readonly signal: AbortSignal
  /**
   * Goes on with a newer token of the same person.
   * @throws {AuthError} any `ERR_TOKEN_…`, `ERR_PROVIDER_UNAVAILABLE`; `ERR_TOKEN_REFUSED` for somebody else's token. The watch goes on
   * with the token it had. Where the signal has fired, its reason.
   */
  renew(token: string): Promise<VerifiedToken>
  /** Ends the watch; the signal does not fire. */
  end(): void
}

/** Watches tokens. */
export interface Watcher {
  /**
   * @param assertStands - Throws why more than the token is over, such as the session that it belongs to. Asked without waiting.
   * @param ofHolder - Verifies instead where the token is not for its bearer.
   * @throws {AuthError} what `verify` throws
   */
  watch(token: string, request?: HttpRequest, assertStands?: () => void, ofHolder?: Verifier): Promise<Watch>
  /** Ends all watches. */
  close(): void
}

interface WatcherOptions {
  /** The whole way of a token, revocation included. */
  readonly verify: Verifier
  readonly revocations: RevocationList
  readonly clock: Clock
  readonly clockTolerance: Seconds
}

// A watched token is treated as if a request came with it that often: a removed key or an opaque token that its provider ended
// is noticed then. The end of a token is not waited for, and most of the time nothing of this reaches the network.
const verifyEvery: Seconds = 30
// Who could not be asked for these has not said that the token is bad.
const outages: ReadonlySet<AuthErrorCode> = new Set(['ERR_PROVIDER_UNAVAILABLE', 'ERR_OVERLOADED'])
// Many revocations at once are one look at the list. With very many connections that takes long: the next one waits nine times as long.
const gather = 50
const rest = 9

interface Watched {
  /** Verifies now, instead of when it is due. */
  check(): Promise<void>
  isRevoked(): boolean
  end(): void
}

/** Makes what watches the tokens of one authenticator. Nothing here keeps the process alive. */
export function createWatcher({ verify: ofBearer, revocations, clock, clockTolerance }: WatcherOptions): Watcher {
  const watches = new Set<Watched>()
  let unsubscribe: (() => void) | undefined
  let cancelLook: (() => void) | undefined
  let nextLook = Number.NEGATIVE_INFINITY

  function add(watched: Watched): void {
    watches.add(watched)
    unsubscribe ??= revocations.onRevoked?.(() => {
      cancelLook ??= clock.after(Math.max(gather, nextLook - clock.monotonic()), look)
    })
  }

  function look(): void {
    cancelLook = undefined
    const began = clock.monotonic()
    for (const watched of [...watches]) if (watched.isRevoked()) void watched.check()
    const ended = clock.monotonic()
    nextLook = ended + rest * (ended - began)
  }

  function remove(watched: Watched): void {
    watches.delete(watched)
    if (watches.size > 0) return
    unsubscribe?.()
    cancelLook?.()
    unsubscribe = cancelLook = undefined
  }

  async function watch(
    first: string,
    request?: HttpRequest,
    assertStands = () => {},
    verify = ofBearer,
  ): Promise<Watch> {
    let token = first
    let auth = await verify(token, request)
    let cancel = () => {}
    const controller = new AbortController()
    const { signal } = controller
    const left = () => (auth.expiresAt + clockTolerance) * 1000 - clock.now()

    function schedule(): void {
      cancel()
      // One more: a timer may fire a millisecond early.
      cancel = clock.after(Math.min(Math.max(0, left()) + 1, verifyEvery * 1000), () => void watched.check())
    }

    const watched: Watched = {
      async check() {
        const checked = token
        try {
          assertStands()
          const verified = await verify(checked, request)
          if (checked === token) auth = verified
        } catch (error) {
          // Renewed or ended in the meantime; or nobody knows, and it was good so far.
          const isOver = checked !== token || !watches.has(watched)
          const isOutage = isAuthError(error) && outages.has(error.code)
          if (!isOver && !(isOutage && left() > 0)) {
            watched.end()
            controller.abort(isOutage ? expired() : error)
            return
          }
        }
        if (watches.has(watched)) schedule()
      },
      isRevoked() {
        try {
          assertStands()
          return revocations.isRevoked(token, auth)
        } catch {
          return true // what is to be done about that, `verify` decides
        }
      },
      end() {
        cancel()
        remove(watched)
      },
    }

    add(watched)
    schedule()
    // Revoked between the verdict and the subscription: whoever gets the watch would come too late to hear of it.
    if (watched.isRevoked()) await watched.check()
    signal.throwIfAborted()

    return {
      get auth() {
        return auth
      },
      signal,
      async renew(newer) {
        const verified = await verify(newer, request)
        signal.throwIfAborted()
        if (verified.issuer !== auth.issuer || verified.user.id !== auth.user.id) throw somebodyElse()
        token = newer
        auth = verified
        if (watches.has(watched)) schedule()
        return auth
      },
      end: () => watched.end(),
    }
  }

  return {
    watch,
    close() {
      for (const watched of [...watches]) watched.end()
    },
  }
}

function expired(): AuthError {
  return new AuthError('ERR_TOKEN_EXPIRED', { explanation: 'expired while its provider could not be asked' })
}

function somebodyElse(): AuthError {
  return new AuthError('ERR_TOKEN_REFUSED', { explanation: 'a watch is renewed with a token of the same person only' })
}
