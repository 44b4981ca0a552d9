import { createTestClock } from '@claviger/testing'
import { describe, expect, it } from '@jest/globals'
import { createSuspicion } from '../src/suspicion.ts'

function setUp(halfLife = 10) {
  const clock = createTestClock()
  return { clock, suspicion: createSuspicion(clock, halfLife) }
}

describe('a source under suspicion', () => {
  it('was never heard of at first', () => {
    const { suspicion } = setUp()
    expect([suspicion.isSuspect('a'), suspicion.size]).toEqual([false, 0])
  })

  it.each([1, 10, 60])('is free of it one half-life after a bad signature: %d s', async (halfLife) => {
    const { clock, suspicion } = setUp(halfLife)
    suspicion.raise('a')
    await clock.advance(halfLife * 0.99)
    expect([suspicion.isSuspect('a'), suspicion.isSuspect('b')]).toEqual([true, false])
    await clock.advance(halfLife * 0.02)
    expect(suspicion.isSuspect('a')).toBe(false)
  })

  it('is free of it six half-lives after a flood, however long that was', async () => {
    const { clock, suspicion } = setUp()
    for (let index = 0; index < 100_000; index += 1) suspicion.raise('a')
    await clock.advance(59.9)
    expect(suspicion.isSuspect('a')).toBe(true)
    await clock.advance(0.2)
    expect(suspicion.isSuspect('a')).toBe(false)
  })

  it('counts what was before for as much as is left of it', async () => {
    const { clock, suspicion } = setUp()
    suspicion.raise('a')
    await clock.advance(10)
    suspicion.raise('a')
    await clock.advance(15)
    expect(suspicion.isSuspect('a')).toBe(true)
    await clock.advance(1)
    expect(suspicion.isSuspect('a')).toBe(false)
  })

  it('has one bad signature taken back by each good one, and nothing to its credit', () => {
    const { suspicion } = setUp()
    for (let index = 0; index < 5; index += 1) suspicion.lower('a')
    suspicion.raise('a')
    suspicion.raise('a')
    suspicion.lower('a')
    expect([suspicion.isSuspect('a'), suspicion.size]).toEqual([true, 1])
    suspicion.lower('a')
    expect([suspicion.isSuspect('a'), suspicion.size]).toEqual([false, 0])
  })
})

it('remembers ten thousand of a million sources: those that were heard of last', () => {
  const { suspicion } = setUp()
  for (let index = 0; index < 1_000_000; index += 1) suspicion.raise(`source ${index}`)
  expect(suspicion.size).toBe(10_000)
  expect([suspicion.isSuspect('source 999999'), suspicion.isSuspect('source 989999')]).toEqual([true, false])
})
