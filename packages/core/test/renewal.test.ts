import { setTimeout as pause } from 'node:timers/promises'
import { expect, it } from '@jest/globals'
import type { CallOptions } from '../src/client-options.ts'
import { unavailable } from '../src/errors.ts'
import { withRenewal } from '../src/renewal.ts'

it('a call that is made again with another credential has one deadline, and each step what is left of it', async () => {
  const told: number[] = []
  async function take({ timeout = Number.NaN }: CallOptions): Promise<void> {
    told.push(timeout)
    await pause(100)
  }
  const call = withRenewal({
    timeout: 5,
    isRefused: () => true,
    async get(options) {
      await take(options)
      return 'first'
    },
    async renew(refused, options) {
      await take(options)
      return `not ${refused}`
    },
    async send(_, credential, options) {
      await take(options)
      if (credential === 'first') throw unavailable('refused')
      return credential as never
    },
  })
  expect(await call({} as Parameters<typeof call>[0], { timeout: 2 })).toBe('not first')
  expect(told.map((timeout, step) => timeout <= 2 - step * 0.09 && timeout > 0)).toEqual([true, true, true, true])
})
