import { expect, it } from '@jest/globals'
import { withoutSignature } from '../src/without-signature.ts'

it.each([
  ['eyJhbGciOiJFUzI1NiJ9.e30.AA', 'eyJhbGciOiJFUzI1NiJ9.e30'],
  ['ew0KImFsZyI6MX0.e30.AA', 'ew0KImFsZyI6MX0.e30'],
  ['eyJhbGciOiJFUzI1NiJ9.e30', 'eyJhbGciOiJFUzI1NiJ9.e30'],
  ['eyJhbGciOiJkaXIifQ..AA.AA.AA', 'eyJhbGciOiJkaXIifQ..AA.AA.AA'],
  ['v2.local.c2VjcmV0', 'v2.local.c2VjcmV0'],
  ['ory_at_a.b', 'ory_at_a.b'],
  ['opaque', 'opaque'],
  ['', ''],
])('what names the token %j is %j', (token, name) => {
  expect(withoutSignature(token)).toBe(name)
  expect(withoutSignature(name)).toBe(name)
})
