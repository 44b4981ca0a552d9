import { createTestClock, type TestClock } from '@claviger/testing'
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { unavailable } from '../src/errors.ts'
import { createPublished, down, type PublishedOptions, waits } from './support/refreshed.ts'

let clock: TestClock
beforeEach(() => {
  clock = createTestClock()
})
afterEach(() => {
  jest.restoreAllMocks()
})
const create = (options?: PublishedOptions) => createPublished(clock, options)

describe('a value whose publisher is down', () => {
  it('is kept for a bounded time, then it is dead, and told so once', async () => {
    const { kept, publisher, died } = create()
    await kept.get()
    publisher.answer = down
    await clock.advance(600 + 86_400 - 1)
    expect([kept.get(), kept.health().state, died]).toEqual(['new', 'stale', []])
    await clock.advance(1)
    expect(died).toEqual([600 + 86_400])
    expect([kept.current(), kept.health().state]).toEqual([undefined, 'dead'])
    await expect(kept.get()).rejects.toMatchObject({ status: 503 })
    await clock.advance(100_000)
    expect(died.length).toBe(1)

    publisher.answer = async () => ({ value: 'newer' })
    await clock.advance(30)
    expect([kept.get(), kept.health().state]).toEqual(['newer', 'fresh'])
  })

  it('dies with its freshness when nothing stale is wanted', async () => {
    const { kept, publisher, died } = create({ limits: { staleIfError: 0 } })
    await kept.get()
    publisher.answer = down
    await clock.advance(599)
    expect(kept.get()).toBe('new')
    await clock.advance(1)
    expect(died).toEqual([600])
    await expect(kept.get()).rejects.toMatchObject({ status: 503 })
  })

  it('dies while it is being asked for', async () => {
    const { kept, publisher, died } = create({ limits: { staleIfError: 0 } })
    await kept.get()
    let fail = () => {}
    publisher.answer = () =>
      new Promise((_, reject) => {
        fail = () => reject(unavailable('it is down'))
      })
    await clock.advance(599)
    expect(died).toEqual([])
    await clock.advance(2)
    expect(died).toEqual([600])
    fail()
    await clock.advance(1)
    expect([died, kept.health().state]).toEqual([[600], 'dead'])
  })

  it('makes nobody wait, not even while it hangs', async () => {
    const { kept, publisher, asked } = create()
    await kept.get()
    publisher.answer = down
    await clock.advance(601)
    publisher.answer = () => new Promise(() => {})
    await clock.advance(60)
    const before = asked.length
    await clock.advance(600)
    expect(asked.length).toBe(before)
    expect([kept.get(), kept.health().state]).toEqual(['new', 'stale'])
  })

  it.each([
    ['which succeeds', async () => ({ value: 'newer' }), 'newer', 'fresh'],
    ['which fails', down, 'new', 'stale'],
  ])('and whose time is up unnoticed is asked for once, %s', async (_, answer, value, state) => {
    const { kept, publisher, asked } = create()
    await kept.get()
    // No timer is left, as in a process that was frozen.
    kept.close()
    await clock.advance(601)
    expect(asked.length).toBe(1)
    publisher.answer = answer
    expect(await Promise.all(Array.from({ length: 100 }, () => kept.get()))).toEqual(new Array(100).fill(value))
    expect([asked.length, kept.health().state]).toEqual([2, state])
  })

  it('and which dies in that one attempt is gone', async () => {
    const { kept, publisher } = create({ limits: { staleIfError: 10 } })
    await kept.get()
    kept.close()
    await clock.advance(601)
    publisher.answer = async () => {
      await clock.advance(10)
      return down()
    }
    await expect(kept.get()).rejects.toMatchObject({ status: 503 })
  })
})

describe('a value that was brought along', () => {
  it('is replaced by the first that is fetched', async () => {
    const { kept, asked } = create({ seed: 'old' })
    expect(kept.health()).toMatchObject({ state: 'stale', age: undefined })
    expect(await kept.get()).toBe('new')
    expect(asked.length).toBe(1)
  })

  it('serves while the publisher is down, and is dead in the end', async () => {
    const { kept, publisher, died } = create({ seed: 'old' })
    publisher.answer = down
    expect(await kept.get()).toBe('old')
    await clock.advance(86_399)
    expect(kept.get()).toBe('old')
    await clock.advance(1)
    expect(died).toEqual([86_400])
    await expect(kept.get()).rejects.toMatchObject({ status: 503 })
  })
})

describe('a machine that has slept', () => {
  // Its steady clock and its timers stand still meanwhile.
  const sleep = (seconds: number) => clock.set(clock.now() / 1000 + seconds)

  it.each([
    ['for hours', 0, 8 * 3600],
    ['for less than the value was fresh, but for too long all the same', 300, 400],
  ])('fetches anew within a minute, once: it slept %s', async (_, before, seconds) => {
    const { kept, asked } = create()
    await kept.get()
    await clock.advance(before)
    sleep(seconds)
    expect(kept.current()).toBe('new')
    await clock.advance(60)
    expect(asked).toHaveLength(2)
    await clock.advance(300)
    expect(asked).toHaveLength(2)
  })

  it('lets who asks wait for that', async () => {
    const { kept, publisher } = create()
    await kept.get()
    publisher.answer = async () => ({ value: 'newer' })
    sleep(3600)
    expect(kept.peek()).toBeUndefined()
    expect(await kept.get()).toBe('newer')
  })

  it('keeps what it has while it cannot reach the publisher', async () => {
    const { kept, publisher, died } = create()
    await kept.get()
    publisher.answer = down
    sleep(7 * 86_400)
    expect(await kept.get()).toBe('new')
    await clock.advance(3600)
    expect([kept.get(), died]).toEqual(['new', []])
  })

  it('waits after a failure as long as ever', async () => {
    jest.spyOn(Math, 'random').mockReturnValue(0.999_999)
    const { kept, publisher, asked } = create({ limits: { retry: 600, maxRetry: 600 } })
    publisher.answer = down
    await expect(kept.get()).rejects.toMatchObject({ status: 503 })
    sleep(3600)
    await clock.advance(601)
    expect(waits(asked)).toEqual([expect.closeTo(600, 2)])
  })
})
