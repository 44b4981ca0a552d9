export { defaultPrefix, type RedisClient, type RedisConnection } from './client.ts'
