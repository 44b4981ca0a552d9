import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { createTestClock } from '@claviger/testing'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { createRevocationList, type Revocation, type RevocationList } from '../src/index.ts'

const clock = createTestClock()
const until = clock.now() / 1000 + 3600
const issuer = 'https://id.example.com'
const revocations: Revocation[] = [
  { kind: 'token', token: 'opaque', until },
  { kind: 'tokenId', id: 'id-1', issuer, until },
  { kind: 'session', id: 's-1', until },
  { kind: 'subject', subject: 'alice', issuer, issuedBefore: 1, until },
  { kind: 'provider', issuer, issuedBefore: 1, until },
]

let list: RevocationList
beforeEach(() => {
  list = createRevocationList({ clock })
})
afterEach(() => list.close())

describe('a revocation list of this process', () => {
  it('tells what kind of thing has been revoked, of which issuer, and not what', async () => {
    const told: unknown[] = []
    const listen = (message: unknown) => told.push(message)
    subscribe('claviger:revocation', listen)
    for (const revocation of revocations) await list.add(revocation)
    unsubscribe('claviger:revocation', listen)
    expect(told).toEqual([
      { kind: 'token', issuer: undefined, from: 'here', size: 1 },
      { kind: 'tokenId', issuer, from: 'here', size: 2 },
      { kind: 'session', issuer: undefined, from: 'here', size: 3 },
      { kind: 'subject', issuer, from: 'here', size: 4 },
      { kind: 'provider', issuer, from: 'here', size: 5 },
    ])
  })

  it('calls back whoever wants to know, when it is in the list, and no more after the end of that', async () => {
    const sizes: string[] = []
    const endings = ['a', 'b'].map((name) => list.onRevoked?.(() => sizes.push(`${name}${list.size}`)))
    await list.add(revocations[0] as Revocation)
    endings[0]?.()
    await list.add(revocations[1] as Revocation)
    endings[1]?.()
    await list.add(revocations[2] as Revocation)
    expect(sizes).toEqual(['a1', 'b1', 'b2'])
  })
})
