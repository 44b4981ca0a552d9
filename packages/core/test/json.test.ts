import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { at, harden, isObject, isStrings } from '../src/json.ts'

const nested = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels))
const isFrozen = (value: unknown): boolean =>
  typeof value !== 'object' || value === null || (Object.isFrozen(value) && Object.values(value).every(isFrozen))

describe('harden', () => {
  it('freezes all the way down', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => expect(isFrozen(harden(value))).toBe(true)))
  })

  it('changes nothing when it is done again', () => {
    const again = fc.property(fc.json(), (text) => {
      const once = harden(JSON.parse(text))
      const before = JSON.stringify(once)
      expect(harden(once)).toBe(once)
      expect(JSON.stringify(once)).toBe(before)
    })
    fc.assert(again)
  })

  it.each([
    ['at the top', '{"__proto__":{"admin":true},"sub":"alice"}', '{"sub":"alice"}'],
    ['further down', '{"a":{"b":[{"__proto__":{"admin":true}}]}}', '{"a":{"b":[{}]}}'],
    ['as a text', '{"__proto__":"x"}', '{}'],
    ['twice', '{"__proto__":1,"__proto__":2,"a":3}', '{"a":3}'],
    ['escaped', '{"\\u005f_proto__":{"admin":true}}', '{}'],
    ['inside another', '{"a":{"__proto__":{"__proto__":{"admin":true}}}}', '{"a":{}}'],
  ])('leaves out __proto__ %s', (_, text, expected) => {
    const value = harden(JSON.parse(text)) as Record<string, unknown>
    expect(JSON.stringify(value)).toBe(expected)
    expect(value.admin).toBeUndefined()
    expect(Object.assign({}, value)).not.toHaveProperty('admin')
  })

  it('takes 33 levels and no more', () => {
    expect(() => harden(nested(33))).not.toThrow()
    expect(() => harden(nested(34))).toThrow(RangeError)
    expect(() => harden(nested(100_000))).toThrow('deeper than 32 levels')
  })
})

describe('at', () => {
  const value = JSON.parse('{"a":{"b.c":1,"list":[{"d":2}],"null":null},"":3,"__proto__":{"e":4}}')

  it.each([
    [['a', 'b.c'], 1],
    [[''], 3],
    [[], value],
    [['a', 'null'], null],
    [['a', 'null', 'x'], undefined],
    [['a', 'b', 'c'], undefined],
    [['a', 'list', '0'], undefined],
    [['a', 'list', 'length'], undefined],
    [['constructor'], undefined],
    [['a', 'toString'], undefined],
    [['a', '__proto__'], undefined],
    [['b'], undefined],
  ])('finds at %j: %j', (path, expected) => {
    expect(at(value, path)).toBe(expected)
  })

  it('finds nothing in what is no object', () => {
    for (const odd of [undefined, null, 'text', 1, [], true]) expect(at(odd, ['length'])).toBeUndefined()
  })
})

describe('what a value is', () => {
  it.each([
    [{}, true, false],
    [{ a: 1 }, true, false],
    [[], false, true],
    [['a', ''], false, true],
    [['a', 1], false, false],
    [[['a']], false, false],
    [null, false, false],
    [undefined, false, false],
    ['a', false, false],
    [1, false, false],
  ])('%j: object %s, texts %s', (value, object, strings) => {
    expect([isObject(value), isStrings(value)]).toEqual([object, strings])
  })
})
