import { describe, it } from '@jest/globals'
import { program } from './redis-process.ts'

export { type RedisServer, startRedis } from './redis-process.ts'

/** Describes what needs a real server. Where there is none the tests are skipped, and with `CI=true` they fail. */
export function describeWithRedis(name: string, body: () => void): void {
  if (program !== undefined) describe(name, body)
  else if (process.env.CI === 'true')
    it(`${name}: needs redis-server`, () => {
      throw new Error('redis-server is not installed: apt-get install redis-server')
    })
  else {
    console.warn(`${name}: not run, because redis-server is not installed`)
    const describeNot = describe.skip
    describeNot(name, body)
  }
}
