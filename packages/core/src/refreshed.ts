import type { Clock } from './clock.ts'
import { type AuthError, isAuthError, unavailable } from './errors.ts'
import type { Seconds } from './types.ts'

/** A value that others publish, and how long it is good for. */
export interface Loaded<T> {
  readonly value: T
  /** How long the publisher says it is fresh (`Cache-Control`), if it says so. */
  readonly maxAge?: Seconds
}

/** How fresh a value is kept, and how it survives an outage of its publisher. All in seconds; defaults and bounds are those of key sets. */
export interface Freshness {
  /** When the publisher does not say. From 1 to 86,400, default 600. */
  readonly defaultAge: Seconds
  /** The least of what the publisher may say. From 1 to 86,400, default 60. */
  readonly minAge: Seconds
  /** The most of it. From 1 to 86,400, default 3600. */
  readonly maxAge: Seconds
  /** How long it is kept beyond that while it cannot be fetched; 0 for not at all. At most 604,800, default 86,400. */
  readonly staleIfError: Seconds
  /**
   * Wait after the first failure, doubled by each further one up to `maxRetry`, and shortened by up to half at random. A longer
   * `Retry-After` of the publisher counts, up to `maxRetry`. From 0.1 to 60, default 2.
   */
  readonly retry: Seconds
  /** The longest wait. From 1 to 600, default 30. */
  readonly maxRetry: Seconds
}

/** `empty`: never had a value. `fresh`. `stale`: could not be renewed in time, still used. `dead`: stale for too long. */
export type RefreshedState = 'empty' | 'fresh' | 'stale' | 'dead'

/** How a value that is kept fresh does. In seconds. */
export interface RefreshedHealth {
  readonly state: RefreshedState
  /** Since the value was last confirmed by its publisher. */
  readonly age: Seconds | undefined
  readonly lastError: string | undefined
  /** Until the next attempt, after a failure. */
  readonly nextRetry: Seconds | undefined
}

/** A value kept fresh in the background. */
export interface Refreshed<T> {
  /** What we hold, however old, unless it is dead. */
  current(): T | undefined
  /** What `get` would give at once; nothing when it would have to ask. */
  peek(): T | undefined
  /**
   * The value: at once when it is fresh, or stale with its publisher known to be down; else after one shared attempt.
   * @throws {AuthError} `ERR_PROVIDER_UNAVAILABLE` without a value that may be used
   */
  get(): T | Promise<T>
  /** Fetches now, whatever the age; shared with whoever waits already. Refuses at once during the wait after a failure. */
  refresh(): Promise<T>
  health(): RefreshedHealth
  /** Ends the background work. */
  close(): void
}

interface Options<T> {
  /** For messages. */
  readonly what: string
  readonly clock: Clock
  readonly freshness: Freshness
  readonly load: (previous: T | undefined) => Promise<Loaded<T>>
  /** Serves as a stale value until the first load. */
  readonly seed?: T
  /** Told after each attempt that failed. */
  readonly onFailure?: ((error: AuthError, retryIn: Seconds) => void) | undefined
  /** Told when the value is too old to be used. */
  readonly onDeath?: (() => void) | undefined
}

// The steady clock, and all timers, stand still while a machine sleeps: so often it is looked at the wall clock too.
const lookEvery: Seconds = 60

/**
 * Keeps a published value: refreshed ahead of expiry in the background, kept for a bounded time when its publisher fails,
 * fetched by one at a time, with a jittered wait after failures. Key sets, metadata and role directories are kept by it.
 */
export function createRefreshed<T>({
  what,
  clock,
  freshness,
  load,
  seed,
  onFailure,
  onDeath,
}: Options<T>): Refreshed<T> {
  let value = seed
  let confirmedAt: number | undefined
  let freshUntil = Number.NEGATIVE_INFINITY
  let freshUntilOnTheWall = Number.NEGATIVE_INFINITY
  let deadAt = seed === undefined ? Number.NEGATIVE_INFINITY : clock.monotonic() + freshness.staleIfError * 1000
  let dead = false
  let failures = 0
  let retryAt = Number.NEGATIVE_INFINITY
  let lastError: AuthError | undefined
  let inFlight: Promise<T> | undefined
  let closed = false
  let cancelTimer = () => {}
  let cancelDeath = () => {}

  function wakeAt(time: number): void {
    cancelTimer()
    if (closed) return
    cancelTimer = clock.after(Math.min(time - clock.monotonic(), lookEvery * 1000), () => {
      // A timer may be early by a moment.
      if (clock.monotonic() < retryAt) wakeAt(retryAt)
      else if (clock.monotonic() < time && isFresh()) wakeAt(time)
      else refresh().catch(() => {}) // noted by attempt()
    })
  }

  // By the earlier of two clocks. The wall clock may jump: what comes of that is one early attempt, and no death.
  function isFresh(): boolean {
    return clock.monotonic() < freshUntil && clock.now() < freshUntilOnTheWall
  }

  // Death must not wait for somebody to ask: what rests on the value is used without asking.
  function watch(): void {
    cancelDeath()
    if (closed || current() === undefined) return
    cancelDeath = clock.after(deadAt - clock.monotonic(), watch)
  }

  function current(): T | undefined {
    if (value !== undefined && clock.monotonic() >= deadAt) {
      value = undefined
      dead = true
      onDeath?.()
    }
    return value
  }

  async function attempt(): Promise<T> {
    try {
      const loaded = await load(current())
      const now = clock.monotonic()
      const age = Math.min(Math.max(loaded.maxAge ?? freshness.defaultAge, freshness.minAge), freshness.maxAge)
      value = loaded.value
      dead = false
      confirmedAt = now
      freshUntil = now + age * 1000
      freshUntilOnTheWall = clock.now() + age * 1000
      deadAt = freshUntil + freshness.staleIfError * 1000
      failures = 0
      lastError = undefined
      watch()
      // Ahead of expiry, and not all processes at the same moment.
      wakeAt(now + age * 1000 * (0.75 + Math.random() * 0.15))
      return loaded.value
    } catch (cause) {
      const backoff =
        Math.min(freshness.maxRetry, freshness.retry * 2 ** Math.min(failures, 20)) * (0.5 + Math.random() / 2)
      const asked = Math.min(freshness.maxRetry, (isAuthError(cause) && cause.retryAfter) || 0)
      const wait = Math.max(backoff, asked)
      const explanation = (isAuthError(cause) && cause.explanation) || `${what} could not be read`
      const error = unavailable(explanation, { cause, retryAfter: wait })
      failures += 1
      lastError = error
      retryAt = clock.monotonic() + wait * 1000
      wakeAt(retryAt)
      onFailure?.(error, wait)
      throw error
    }
  }

  function refresh(): Promise<T> {
    if (inFlight !== undefined) return inFlight
    if (clock.monotonic() < retryAt) return Promise.reject(waiting())
    const running = attempt().finally(() => {
      inFlight = undefined
    })
    inFlight = running
    return running
  }

  // A new error each time: who catches it may add to it.
  function waiting(): AuthError {
    const wait = Math.max(0, retryAt - clock.monotonic()) / 1000
    return unavailable(`${what}: waiting after a failure (${lastError?.explanation ?? 'unknown'})`, {
      cause: lastError,
      retryAfter: wait,
    })
  }

  function peek(): T | undefined {
    const held = current()
    // With its publisher known to be down nobody waits: the background goes on trying.
    return isFresh() || lastError !== undefined ? held : undefined
  }

  function get(): T | Promise<T> {
    const held = peek()
    if (held !== undefined) return held
    return refresh().catch((error: unknown) => {
      const stale = current()
      if (stale === undefined) throw error
      return stale
    })
  }

  watch()

  return {
    current,
    peek,
    get,
    refresh,
    health() {
      const held = current()
      const now = clock.monotonic()
      return {
        state: held === undefined ? (dead ? 'dead' : 'empty') : now < freshUntil ? 'fresh' : 'stale',
        age: confirmedAt === undefined ? undefined : (now - confirmedAt) / 1000,
        lastError: lastError?.explanation,
        nextRetry: now < retryAt ? (retryAt - now) / 1000 : undefined,
      }
    },
    close() {
      closed = true
      cancelTimer()
      cancelDeath()
    },
  }
}
