import { describe, expect, it } from '@jest/globals'
import { column, columnRatios, interleave, rowOf } from '../src/rounds.ts'

describe('interleave', () => {
  it('lets subjects take turns, forth and back', async () => {
    const order: string[] = []
    await interleave(['a', 'b', 'c'], { rounds: 2, warmUp: 0 }, async (subject) => {
      order.push(subject)
      return {}
    })
    expect(order.join('')).toBe('abccba')
  })

  it('does not count the rounds that warm up', async () => {
    let call = 0
    const found = await interleave(['a'], { rounds: 3 }, async () => {
      call += 1
      return { ms: call }
    })
    expect(column(found, 'a', 'ms')).toEqual([3, 4, 5])
  })

  it('compares only the rounds that both took part in', async () => {
    let call = 0
    const found = await interleave(
      ['bare', 'peer'],
      { rounds: 3, warmUp: 0, every: (subject) => (subject === 'peer' ? 2 : 1) },
      async () => {
        call += 1
        return { ms: call }
      },
    )
    // bare 1, peer 2 | bare 3 | bare 4, peer 5
    expect(column(found, 'peer', 'ms')).toEqual([2, 5])
    expect(columnRatios(found, 'peer', 'bare', 'ms')).toEqual([2, 1.25])
  })

  it('ends when a subject fails', async () => {
    const failing = interleave(['a'], { rounds: 1 }, async () => {
      throw new Error('answered 500')
    })
    await expect(failing).rejects.toThrow('answered 500')
  })
})

describe('rowOf', () => {
  it('gives medians, and the spread where it is asked for', () => {
    expect(rowOf('Express', 'claviger', { ms: [1, 2, 3, 4, 5], kB: [7] }, ['ms'])).toEqual({
      setting: 'Express',
      subject: 'claviger',
      values: { ms: 3, kB: 7 },
      spread: { ms: [2, 4] },
    })
  })
})
