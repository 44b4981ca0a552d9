import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { readBearer } from '../src/bearer.ts'

describe('readBearer', () => {
  it.each([
    ['Bearer abc', 'abc'],
    ['bearer abc', 'abc'],
    ['BEARER abc', 'abc'],
    ['Bearer    abc', 'abc'],
    ['Bearer mF_9.B5f-4.1JqM', 'mF_9.B5f-4.1JqM'],
    ['Bearer a+b/c~d==', 'a+b/c~d=='],
  ])('reads %j', (header, token) => {
    expect(readBearer(header)).toBe(token)
  })

  it.each([
    undefined,
    '',
    'Basic dXNlcjpwYXNz',
    'Bearertoken',
    'DPoP abc',
    'Token abc',
    ', Bearer abc',
    'Basic a, Bearer b',
  ])('takes %j for no credentials', (header) => {
    const explanation = 'no Bearer credentials in the Authorization header'
    const refusal = { code: 'ERR_TOKEN_MISSING', status: 401, explanation }
    expect(() => readBearer(header)).toThrow(expect.objectContaining(refusal))
  })

  it.each([
    'Bearer',
    'Bearer ',
    'Bearer a b',
    'Bearer a, Bearer b',
    'Bearer a,b',
    'Bearer "abc"',
    'Bearer =abc',
    'Bearer a=b',
    'Bearer abc ',
    'Bearer \tabc',
    'Bearer a\u0000b',
    'Bearer a\nb',
    'Bearer tökén',
    'Bearer Bearer abc',
  ])('refuses %j as malformed', (header) => {
    const explanation = 'the Authorization header does not hold exactly one well-formed token'
    const refusal = { code: 'ERR_REQUEST_MALFORMED', status: 400, explanation }
    expect(() => readBearer(header)).toThrow(expect.objectContaining(refusal))
  })

  it('gives back every b64token as it is, and refuses every other text', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[A-Za-z0-9\-._~+/]{1,80}={0,3}$/),
        (token) => readBearer(`Bearer ${token}`) === token,
      ),
    )
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'binary' }), (text) => {
        fc.pre(!/^ *[A-Za-z0-9\-._~+/]+=*$/.test(text))
        expect(() => readBearer(`Bearer ${text}`)).toThrow(expect.objectContaining({ code: 'ERR_REQUEST_MALFORMED' }))
      }),
    )
  })

  it.each([
    ['spaces', `Bearer ${' '.repeat(200_000)}!`],
    ['equals signs', `Bearer a${'='.repeat(200_000)}!`],
    ['commas', `Bearer ${'a,'.repeat(100_000)}`],
    ['token characters', `Bearer ${'a'.repeat(200_000)}!`],
    ['schemes', 'Bearer '.repeat(30_000)],
  ])('needs no time for a hostile header of many %s', (_, header) => {
    const start = performance.now()
    expect(() => readBearer(header)).toThrow(expect.objectContaining({ code: 'ERR_REQUEST_MALFORMED' }))
    expect(performance.now() - start).toBeLessThan(200)
  })
})
