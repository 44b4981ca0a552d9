import { describe, expect, it } from '@jest/globals'
import { createFeed } from '../src/load/feed.ts'

const take = (next: () => string | undefined, count: number) => Array.from({ length: count }, next)

describe('createFeed', () => {
  it('gives known tokens over and over', () => {
    expect(take(createFeed({ kind: 'known', tokens: ['a', 'b'] }), 5)).toEqual(['a', 'b', 'a', 'b', 'a'])
  })

  it('gives fresh tokens once', () => {
    expect(take(createFeed({ kind: 'once', tokens: ['a', 'b'] }), 3)).toEqual(['a', 'b', undefined])
  })

  it.each([
    ['ES384', 96],
    ['ES512', 132],
    ['RS256', 256],
  ])('forges signatures of %s: all different, of the right length, over what the real token says', (_, bytes) => {
    const token = `header.claims.${Buffer.alloc(bytes, 1).toString('base64url')}`
    const forged = take(createFeed({ kind: 'forged', tokens: [token] }), 50) as string[]
    expect(new Set(forged).size).toBe(50)
    for (const one of forged) {
      expect(one).toMatch(/^header\.claims\./)
      expect(signatureOf(one)).toHaveLength(bytes)
    }
  })

  // A number that is too large is refused without a calculation, and would be no flood.
  it.each([
    ['ES384', 96, 0x7f],
    ['ES512', 132, 0x01],
    ['RS256', 256, 0x7f],
  ])('forges signatures of %s that have to be calculated', (_, bytes, most) => {
    const token = `header.claims.${Buffer.alloc(bytes, 1).toString('base64url')}`
    for (const one of take(createFeed({ kind: 'forged', tokens: [token] }), 200) as string[]) {
      const signature = signatureOf(one)
      expect(signature[0]).toBeLessThanOrEqual(most)
      expect(signature[bytes / 2]).toBeLessThanOrEqual(most)
    }
  })
})

function signatureOf(token: string): Buffer {
  return Buffer.from(token.slice(token.lastIndexOf('.') + 1), 'base64url')
}
