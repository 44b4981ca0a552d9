import type { Seconds } from '../types.ts'
import type { RedisClient, RedisConnection } from './client.ts'

/**
 * Opens a connection of our own, as the app's client would. It neither reconnects nor queues: whoever uses it opens another. It
 * does not keep the process alive.
 * @param timeout for TCP, TLS and the first commands together
 * @param idle after which silence of Redis the connection ends
 * @throws what node-redis does, or an error when time is over
 */
export async function connect(client: RedisClient, timeout: Seconds, idle?: Seconds): Promise<RedisConnection> {
  const connection = client.duplicate({
    socket: {
      ...client.options?.socket,
      reconnectStrategy: false,
      connectTimeout: timeout * 1000,
      socketTimeout: idle === undefined ? undefined : idle * 1000,
    },
    disableOfflineQueue: true,
    maintNotifications: 'disabled',
    clientSideCache: undefined,
    emitInvalidate: false,
    pingInterval: undefined,
    // Replies as we read them, whatever the app has its own mapped to; the deadlines are ours.
    commandOptions: { timeout: undefined },
  })
  // Nobody else listens, and an error that nobody hears ends the process. Its commands fail with it.
  connection.on('error', () => {})
  connection.unref?.()
  const connecting = connection.connect()
  try {
    await withDeadline(connecting, timeout, 'to connect')
    return connection
  } catch (error) {
    end(connection)
    // One that gets through after all is not wanted any more.
    connecting.then(
      () => end(connection),
      () => {},
    )
    throw error
  }
}

/** Ends a connection, if it has not ended by itself: node-redis before 6.3 throws then. */
export function end(connection: RedisConnection | undefined): void {
  try {
    connection?.destroy()
  } catch {
    // It has ended.
  }
}

/**
 * Waits, but not for ever. The process is kept alive meanwhile if somebody waits for the outcome.
 * @throws when time is over; whatever comes of the promise then is ignored
 */
export async function withDeadline<T>(
  promise: Promise<T>,
  timeout: Seconds,
  what: string,
  { keepAlive = false } = {},
): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const over = new Promise<never>((_, reject) => {
    const giveUp = () => reject(new Error(`Redis took longer than ${timeout} s ${what}`))
    // An answer that came while this process stood still is read before its lateness is judged.
    timer = setTimeout(() => setImmediate(giveUp), timeout * 1000)
    if (!keepAlive) timer.unref()
  })
  try {
    return await Promise.race([promise, over])
  } finally {
    clearTimeout(timer)
  }
}

/** Sends single commands, over one connection that is opened when it is needed. */
export interface Commands {
  /** @throws what went wrong. The command may have been carried out all the same. */
  run<T>(command: (connection: RedisConnection) => Promise<T>): Promise<T>
  close(): void
}

/**
 * Makes what sends commands.
 * @param timeout for each command, the opening of the connection included
 */
export function createCommands(client: RedisClient, timeout: Seconds): Commands {
  let opening: Promise<RedisConnection> | undefined
  let closed = false

  function drop(used: Promise<RedisConnection> | undefined): void {
    if (opening === used) opening = undefined
    used?.then(end, () => {})
  }

  async function open(): Promise<RedisConnection> {
    const connection = await connect(client, timeout)
    if (closed) end(connection)
    return connection
  }

  function reopen(): Promise<RedisConnection> {
    const opened = open()
    // One that could not be had, whatever Redis said to it, or that is lost while nobody uses it, is no reason for the next command to fail.
    opened.then(
      (connection) => connection.on('error', () => drop(opened)),
      () => drop(opened),
    )
    return opened
  }

  return {
    async run(command) {
      if (closed) throw new Error('closed')
      opening ??= reopen()
      const used = opening
      try {
        return await withDeadline(used.then(command), timeout, 'to answer', { keepAlive: true })
      } catch (error) {
        if (!isRefusal(error)) drop(used)
        throw error
      }
    },
    close() {
      closed = true
      drop(opening)
    },
  }
}

/** Whether Redis itself refused this one command. After anything else, the connection or the server is not what it was. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof Error) || !/^[A-Z]{2,} /.test(error.message)) return false
  // What a script met stands behind other words in Redis 6.2: `ERR Error running script (…): -READONLY …`.
  return !/(?:^|-)(?:READONLY|LOADING|MASTERDOWN|NOAUTH|UNBLOCKED) /.test(error.message)
}

/** What went wrong, in words for logs; those of Redis and of Node hold no password. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ')
  return error instanceof Error ? error.message : String(error)
}
