import type { RedisServer } from './redis-server.ts'

/** Begins a stream that looks as if it had been there for long, so that lists that start need not wait whether others fill it again. */
export async function beginStream(server: RedisServer, prefix = 'claviger'): Promise<void> {
  const client = await server.client()
  await client.xAdd(`{${prefix}}:revocations`, '1-1', { r: '' })
}
