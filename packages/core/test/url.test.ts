import { expect, it } from '@jest/globals'
import { urlOf } from '../src/url.ts'

it('finds the URL of a text however often it was asked, with letters of Latin-1 too', () => {
  for (let times = 0; times < 100_000; times += 1) {
    // Not by expect, which takes too long for so many.
    const url = urlOf('https://api.exämple.test/ä')
    if (url?.href !== 'https://api.xn--exmple-cua.test/%C3%A4') throw new Error(`${url?.href} after ${times} times`)
  }
  expect(urlOf('/größe', 'https://api.example.test')?.pathname).toBe('/gr%C3%B6%C3%9Fe')
  expect([urlOf(''), urlOf('/a'), urlOf('api.example.test'), urlOf('https://'), urlOf('a', 'b')]).toEqual(
    Array.from({ length: 5 }, () => undefined),
  )
})
