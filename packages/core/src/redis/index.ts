export type { RedisClient, RedisConnection } from './client.ts'
export { createRedisRefreshes, type RedisRefreshesOptions } from './refreshes.ts'
export { createRedisReplayStore, type RedisReplayStoreOptions } from './replays.ts'
export { createRedisRevocationList, type RedisRevocationListOptions } from './revocation-list.ts'
