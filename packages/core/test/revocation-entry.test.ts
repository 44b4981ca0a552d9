import { describe, expect, it } from '@jest/globals'
import { readEntry, writeEntry } from '../src/redis/revocation-entry.ts'
import type { Revocation } from '../src/revocation.ts'
import { entryOf } from '../src/revocation-index.ts'

const issuer = 'https://id.example.com'
const until = 1_800_000_000
const issuedBefore = until - 3600

describe('an entry of the stream', () => {
  it.each<Revocation>([
    { kind: 'token', token: 'opaque', until },
    { kind: 'tokenId', id: 'i', until },
    { kind: 'session', id: 's', issuer, until },
    { kind: 'sessionTokens', id: 's', issuer, issuedBefore, until },
    { kind: 'subject', subject: 'alice', issuer, issuedBefore, until },
    { kind: 'provider', issuer, issuedBefore: issuedBefore + 0.5, until },
  ])('is read as it was written: $kind', (revocation) => {
    const entry = entryOf(revocation)
    expect(readEntry(writeEntry(entry))).toEqual(entry)
  })

  it.each([
    ['a session with a time', 's', '.1'],
    ['tokens of a session without one', 'b', ''],
    ['an unknown kind', 'x', ''],
  ])('is none to a letter: %s', (_, letter, time) => {
    const [, rest = ''] = /^.(.*)$/.exec(writeEntry(entryOf({ kind: 'tokenId', id: 'i', until }))) ?? []
    expect(readEntry(`i${rest}`)).toMatchObject({ kind: 'tokenId' })
    expect(readEntry(`${letter}${rest}${time}`)).toBeUndefined()
  })
})
