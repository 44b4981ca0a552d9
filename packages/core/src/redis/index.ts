export type { RedisClient, RedisConnection } from './client.ts'
export { createRedisRevocationList, type RedisRevocationListOptions } from './revocation-list.ts'
