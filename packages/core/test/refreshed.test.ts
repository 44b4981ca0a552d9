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

describe('a value that others publish', () => {
  it('is fetched when it is first asked for, once for all who ask', async () => {
    const { kept, asked } = create()
    await clock.advance(1000)
    expect([asked.length, kept.health()]).toEqual([
      0,
      { state: 'empty', age: undefined, lastError: undefined, nextRetry: undefined },
    ])
    expect(await Promise.all(Array.from({ length: 100 }, () => kept.get()))).toEqual(new Array(100).fill('new'))
    expect(asked.length).toBe(1)
  })

  it('costs no wait while it is fresh', async () => {
    const { kept } = create()
    await kept.get()
    expect(kept.get()).toBe('new')
    await clock.advance(50)
    expect(kept.health()).toEqual({ state: 'fresh', age: 50, lastError: undefined, nextRetry: undefined })
  })

  it.each([
    ['at the earliest', 0, 450],
    ['at the latest', 0.999_999, 540],
  ])('is fetched again ahead of expiry, %s', async (_, random, at) => {
    jest.spyOn(Math, 'random').mockReturnValue(random)
    const { kept, asked } = create()
    await kept.get()
    await clock.advance(at - 1)
    expect(asked.length).toBe(1)
    await clock.advance(2)
    expect(asked.length).toBe(2)
    expect(asked[1]).toBeCloseTo(at, 2)
  })

  it('never gets old as long as its publisher answers', async () => {
    const { kept, asked } = create()
    await kept.get()
    for (let hour = 0; hour < 60; hour += 1) {
      await clock.advance(60)
      expect([kept.health().state, kept.get()]).toEqual(['fresh', 'new'])
    }
    expect(asked.length).toBeGreaterThanOrEqual(6)
    expect(asked.length).toBeLessThanOrEqual(9)
  })

  it.each([
    ['says nothing of it', undefined, 600],
    ['says 0', 0, 60],
    ['says too little', 59, 60],
    ['says so', 120, 120],
    ['says too much', 1e12, 3600],
    ['says infinity', Number.POSITIVE_INFINITY, 3600],
  ])('is fresh for as long as its publisher says, within bounds: it %s', async (_, maxAge, seconds) => {
    const { kept, publisher } = create()
    publisher.answer = async () => ({ value: 'new', ...(maxAge !== undefined && { maxAge }) })
    await kept.get()
    publisher.answer = down
    await clock.advance(seconds - 1)
    expect(kept.health().state).toBe('fresh')
    await clock.advance(1)
    expect(kept.health().state).toBe('stale')
  })

  it('that cannot be had is a 503 with the time of the next attempt, and nobody waits or asks in between', async () => {
    jest.spyOn(Math, 'random').mockReturnValue(0.999_999)
    const { kept, publisher, asked } = create()
    publisher.answer = down
    await expect(kept.get()).rejects.toMatchObject({
      status: 503,
      explanation: 'it is down',
      headers: { 'Retry-After': '2' },
    })
    await clock.advance(1.5)
    for (const ask of [() => kept.get(), () => kept.refresh()]) {
      await expect(ask()).rejects.toMatchObject({
        status: 503,
        explanation: 'the value: waiting after a failure (it is down)',
        retryAfter: expect.closeTo(0.5, 2),
      })
    }
    expect(asked).toEqual([0])
    expect(kept.health()).toEqual({
      state: 'empty',
      age: undefined,
      lastError: 'it is down',
      nextRetry: expect.closeTo(0.5, 2),
    })
  })

  it.each([
    ['half of it', 0, [1, 2, 4, 8, 15, 15]],
    ['all of it', 0.999_999, [2, 4, 8, 16, 30, 30]],
  ])('is asked for again after a wait that doubles up to a bound, or %s', async (_, random, expected) => {
    jest.spyOn(Math, 'random').mockReturnValue(random)
    const { kept, publisher, asked } = create()
    publisher.answer = down
    await expect(kept.get()).rejects.toMatchObject({ status: 503 })
    await clock.advance(120)
    const found = waits(asked).slice(0, expected.length)
    expect(found).toEqual(expected.map((wait) => expect.closeTo(wait, 2)))
  })

  it('waits after the next failure as little as after the first, once it was had', async () => {
    jest.spyOn(Math, 'random').mockReturnValue(0.999_999)
    const { kept, publisher } = create()
    publisher.answer = down
    await expect(kept.get()).rejects.toMatchObject({ status: 503 })
    await clock.advance(59)
    publisher.answer = async () => ({ value: 'new' })
    await clock.advance(30)
    expect(kept.health()).toMatchObject({ state: 'fresh', lastError: undefined, nextRetry: undefined })
    publisher.answer = down
    await expect(kept.refresh()).rejects.toMatchObject({ retryAfter: expect.closeTo(2, 2) })
  })

  it.each([
    ['a longer wait', 20, 20],
    ['no longer than the bound', 3600, 30],
    ['a shorter one counts not', 1, 2],
  ])('is asked for again when its publisher wants: %s', async (_, retryAfter, wait) => {
    jest.spyOn(Math, 'random').mockReturnValue(0.999_999)
    const { kept, publisher, asked } = create()
    publisher.answer = () => Promise.reject(unavailable('too many requests', { retryAfter }))
    await expect(kept.get()).rejects.toMatchObject({ retryAfter: expect.closeTo(wait, 2) })
    await clock.advance(wait + 0.1)
    expect(waits(asked)).toEqual([expect.closeTo(wait, 2)])
  })

  it('is not forgotten when timers are early by a moment', async () => {
    const { kept, publisher, asked, died } = create({ early: 0.5, limits: { staleIfError: 60, maxRetry: 4 } })
    await kept.get()
    publisher.answer = down
    await clock.advance(600)
    const before = asked.length
    await clock.advance(50)
    expect(asked.length).toBeGreaterThan(before + 10)
    await clock.advance(11)
    expect(died).toEqual([expect.closeTo(660, 2)])
  })

  it('shows nothing of an error that is not ours', async () => {
    const { kept, publisher } = create()
    publisher.answer = () => {
      throw new Error('https://user:secret@id.example.com/')
    }
    await expect(kept.get()).rejects.toMatchObject({ status: 503, explanation: 'the value could not be read' })
  })
})

it('a wall clock that is set back does no harm', async () => {
  jest.spyOn(Math, 'random').mockReturnValue(0)
  const { kept, asked } = create()
  await kept.get()
  clock.set(clock.now() / 1000 - 86_400)
  await clock.advance(1300)
  expect(waits(asked)).toEqual([expect.closeTo(450, 2), expect.closeTo(450, 2)])
})

describe('closing', () => {
  it('leaves no timer', async () => {
    const { kept, timers } = create()
    await kept.get()
    expect(timers.running).toBe(2)
    kept.close()
    expect(timers.running).toBe(0)
  })

  it.each([
    ['succeeds', async () => ({ value: 'new' })],
    ['fails', down],
  ])('leaves none after an attempt that %s later', async (_, answer) => {
    const { kept, publisher, timers } = create()
    let end: () => void = () => {}
    publisher.answer = () => new Promise((resolve) => (end = () => resolve(answer())))
    const waiting = Promise.resolve(kept.get()).catch(() => 'failed')
    kept.close()
    end()
    await waiting
    expect(timers.running).toBe(0)
  })

  it('has two timers at a time, whatever happens', async () => {
    const { kept, publisher, timers } = create()
    await kept.get()
    for (let round = 0; round < 20; round += 1) {
      publisher.answer = round % 3 === 0 ? down : async () => ({ value: 'new' })
      await Promise.resolve(kept.refresh()).catch(() => {})
      expect(timers.running).toBe(2)
      await clock.advance(50)
    }
  })
})
