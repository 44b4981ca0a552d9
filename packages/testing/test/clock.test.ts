import { describe, expect, it } from '@jest/globals'
import { createTestClock } from '../src/index.ts'

describe('a test clock', () => {
  it('stands still until it is moved', async () => {
    const clock = createTestClock(1_800_000_000)
    const steady = clock.monotonic()
    expect(clock.now()).toBe(1_800_000_000_000)
    await clock.advance(1.5)
    expect([clock.now(), clock.monotonic() - steady]).toEqual([1_800_000_001_500, 1500])
  })

  it('starts now, on a full second', () => {
    expect(Math.abs(createTestClock().now() - Date.now())).toBeLessThan(2000)
    expect(createTestClock().now() % 1000).toBe(0)
  })

  it('calls back in the order of time, each at its own, with what they start in between', async () => {
    const clock = createTestClock(0)
    const seen: [string, number][] = []
    const note = (name: string) => () => void seen.push([name, clock.now()])
    clock.after(3000, note('three'))
    clock.after(1000, async () => {
      note('one')()
      await Promise.resolve()
      clock.after(1000, note('two'))
    })
    clock.after(1000, note('also one'))
    clock.after(5000, note('five'))
    const cancel = clock.after(2000, note('never'))
    cancel()
    await clock.advance(4)
    expect(seen).toEqual([
      ['one', 1000],
      ['also one', 1000],
      ['two', 2000],
      ['three', 3000],
    ])
    expect(clock.now()).toBe(4000)
    await clock.advance(1)
    expect(seen.at(-1)).toEqual(['five', 5000])
  })

  it('calls back at once what was due already, when it is next moved', async () => {
    const clock = createTestClock(0)
    let called = 0
    clock.after(-5, () => called++)
    expect(called).toBe(0)
    await clock.advance(0)
    expect([called, clock.now()]).toEqual([1, 0])
  })

  it('jumps by the wall alone when it is set', async () => {
    const clock = createTestClock(100)
    const steady = clock.monotonic()
    let called = false
    clock.after(1000, () => {
      called = true
    })
    clock.set(50)
    await clock.advance(0)
    expect([clock.now(), clock.monotonic(), called]).toEqual([50_000, steady, false])
    await clock.advance(1)
    expect([clock.now(), called]).toEqual([51_000, true])
  })

  it('never goes back by itself', async () => {
    await expect(createTestClock().advance(-1)).rejects.toThrow('use set() to go back')
    await expect(createTestClock().advance(Number.NaN)).rejects.toThrow(RangeError)
  })
})
