import { createClient, type RedisClientOptions } from 'redis'
import { isAuthError, type Revocation, type RevocationList, type VerifiedToken } from '../../src/index.ts'
import { createRedisRevocationList, type RedisRevocationListOptions } from '../../src/redis/index.ts'
import type { RedisServer } from './redis-process.ts'

export const streamKey = '{claviger}:revocations'

/**
 * Begins a stream that looks as if it had been there for long: lists that start need not wait whether others are about to fill
 * it again.
 */
export async function beginStream(server: RedisServer): Promise<void> {
  const client = await server.client()
  await client.xAdd(streamKey, '1-1', { r: '' })
}

/** What a test of shared lists opens and has to close. */
export function createLists(server: () => RedisServer) {
  const open: RevocationList[] = []

  /** A list that need not have been read yet. */
  function start(options: Partial<RedisRevocationListOptions> = {}, client: RedisClientOptions = {}): RevocationList {
    const list = createRedisRevocationList({ client: createClient({ url: server().url, ...client }), ...options })
    open.push(list)
    return list
  }

  return {
    start,
    async list(options?: Partial<RedisRevocationListOptions>, client?: RedisClientOptions): Promise<RevocationList> {
      const list = start(options, client)
      await list.ready?.()
      return list
    },
    async close(): Promise<void> {
      await Promise.all(open.splice(0).map((list) => list.close()))
    },
  }
}

export const inAnHour = () => Math.floor(Date.now() / 1000) + 3600

/** The revocation of a token by its id. */
export function ofToken(id: string | number, until = inAnHour()): Revocation {
  return { kind: 'tokenId', id: `id-${id}`, until }
}

/** What a list says of a token with that id: `revoked`, `good`, or the code of its refusal to tell. */
export function verdict(list: RevocationList, id: string | number): string {
  const user = { id: 'alice', provider: 'p', issuer: 'i', roles: [], permissions: [], scopes: [] }
  const token: VerifiedToken = {
    user,
    claims: {},
    provider: 'p',
    issuer: 'i',
    tokenId: `id-${id}`,
    issuedAt: 1,
    expiresAt: inAnHour(),
  }
  try {
    return list.isRevoked('a token', token) ? 'revoked' : 'good'
  } catch (error) {
    if (isAuthError(error)) return error.code
    throw error
  }
}

/** Whether a list knows that all tokens with these ids are revoked. */
export function knowsAll(list: RevocationList, ids: Iterable<string | number>): boolean {
  for (const id of ids) if (verdict(list, id) !== 'revoked') return false
  return true
}

/** 0 to n, without n. */
export const upTo = (n: number) => Array.from({ length: n }, (_, index) => index)
