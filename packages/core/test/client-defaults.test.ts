import { afterEach, describe, expect, it, jest } from '@jest/globals'
import * as z from 'zod'
import { type ApiCall, createCaller } from '../src/client.ts'
import { clientSchema } from '../src/client-schema.ts'
import type { Fetch } from '../src/http.ts'

afterEach(() => {
  jest.useRealTimers()
})

const call = (method: ApiCall<unknown>['method']): ApiCall<unknown> => ({
  operation: 'look',
  method,
  url: 'https://api.example.test/things',
  expect: [200],
  schema: z.unknown(),
})

describe('a client without options of its own', () => {
  it.each([
    ['GET', 429, 3],
    ['GET', 502, 3],
    ['GET', 503, 3],
    ['GET', 504, 3],
    ['GET', 500, 1],
    ['GET', 404, 1],
    ['POST', 503, 1],
  ] as const)('asks by %s, where the answer is %i, %i times', async (method, status, times) => {
    const fetch = jest.fn<Fetch>(async () => new Response('{}', { status }))
    await expect(createCaller('test', { fetch }, () => ({}))(call(method))).rejects.toMatchObject({
      upstream: { status },
    })
    expect(fetch).toHaveBeenCalledTimes(times)
  })

  it('waits for ten seconds', async () => {
    jest.useFakeTimers()
    const told: unknown[] = []
    const fetch: Fetch = () => new Promise(() => {})
    const asking = createCaller('test', { fetch }, () => ({}))(call('GET')).catch(({ explanation }) =>
      told.push(explanation),
    )
    await jest.advanceTimersByTimeAsync(9_990)
    expect(told).toEqual([])
    await jest.advanceTimersByTimeAsync(20)
    await asking
    expect(told).toEqual([expect.stringContaining('did not answer within 10 s')])
  })

  it('may have a time-out from 0.01 to 120 s, and 5 repetitions at the most', () => {
    const schema = z.strictObject(clientSchema)
    for (const good of [{ timeout: 0.01 }, { timeout: 120 }, { retries: 0 }, { retries: 5 }])
      expect(schema.safeParse(good).success).toBe(true)
    for (const bad of [{ timeout: 0 }, { timeout: 121 }, { retries: -1 }, { retries: 6 }, { retries: 1.5 }])
      expect(schema.safeParse(bad).success).toBe(false)
  })
})
