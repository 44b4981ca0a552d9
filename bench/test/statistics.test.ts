import { describe, expect, it } from '@jest/globals'
import { median, quantile, quartiles, ratios, slope } from '../src/statistics.ts'

describe('statistics', () => {
  it('takes the value in the middle, whatever the order', () => {
    expect(median([9, 1, 5])).toBe(5)
  })

  it('takes the mean of the two in the middle', () => {
    expect(median([8, 1, 2, 4])).toBe(3)
  })

  it('does not sort what it is given', () => {
    const values = [3, 1, 2]
    median(values)
    expect(values).toEqual([3, 1, 2])
  })

  it('sorts by value and not by text', () => {
    expect(quantile([10, 9, 100], 1)).toBe(100)
  })

  it.each([
    [0, 10],
    [0.25, 20],
    [0.99, 49.6],
    [1, 50],
  ])('interpolates the quantile %d', (of, expected) => {
    expect(quantile([50, 10, 20, 40, 30], of)).toBeCloseTo(expected)
  })

  it('gives the bounds of the middle half', () => {
    expect(quartiles([1, 2, 3, 4, 5])).toEqual([2, 4])
  })

  it('knows nothing of no values', () => {
    expect(median([])).toBeNaN()
    expect(slope([[1, 1]])).toBeNaN()
  })

  it('compares within a round', () => {
    expect(ratios([1, 9], [2, 3])).toEqual([0.5, 3])
  })

  it('compares the rounds that both have', () => {
    expect(ratios([1, 9, 9], [2])).toEqual([0.5])
  })

  it('finds a slope that one outlier does not move', () => {
    const points = [0, 1, 2, 3, 4, 5, 6].map((x) => [x, x === 3 ? 1000 : 2 * x + 1] as const)
    expect(slope(points)).toBe(2)
  })
})
