import type { Seconds } from '../types.ts'

/**
 * A client of node-redis, as `createClient()` gives it, for Redis 6.2 or later, or Valkey. It need not be connected: connections
 * of ours are duplicates of it, and it is never used or closed itself.
 */
export interface RedisClient {
  readonly options?: { readonly socket?: object }
  /** @internal */
  duplicate(overrides: object): RedisConnection
}

/** The commands that we send. @internal */
export interface RedisConnection {
  on(event: 'error', listener: (error: unknown) => void): unknown
  connect(): Promise<unknown>
  destroy(): void
  unref?(): void
  xAdd(key: string, id: string, message: Record<string, string>): Promise<unknown>
  xLen(key: string): Promise<unknown>
  xRange(key: string, start: string, end: string, options?: { COUNT?: number }): Promise<unknown>
  xRead(stream: { key: string; id: string }, options?: { COUNT?: number; BLOCK?: number }): Promise<unknown>
  xTrim(key: string, strategy: 'MINID', threshold: string): Promise<unknown>
  get(key: string): Promise<unknown>
  set(key: string, value: string, options?: SetOptions): Promise<unknown>
  del(key: string): Promise<unknown>
  time(): Promise<unknown>
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
}

interface SetOptions {
  readonly expiration?: { readonly type: 'PX'; readonly value: number }
  readonly condition?: 'NX' | 'XX'
}

/** How single commands are sent. Durations are seconds. */
export interface RedisStoreOptions {
  /** Of node-redis. Connections of ours are duplicates of it. */
  client: RedisClient
  /** Goes before each key in Redis. Default `claviger`. */
  prefix?: string
  /** One deadline for each command. From 0.01 to 60, default 2. */
  timeout?: Seconds
}

/** The prefix of every key, unless the app has one of its own. */
export const defaultPrefix = 'claviger'

/** A key. All keys of one prefix have one hash tag, so that a cluster keeps them in one place. */
export function keyOf(prefix: string, name: string): string {
  return `{${prefix}}:${name}`
}
