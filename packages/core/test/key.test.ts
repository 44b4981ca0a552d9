import { constants, createHmac, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { createTestIssuer, createTestKey, type TestIssuer, type TestKey } from '@claviger/testing'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Algorithm, asymmetricAlgorithms } from '../src/algorithms.ts'
import { readKey, secretKey, type VerificationKey } from '../src/key.ts'
import type { Jwk } from '../src/provider.ts'

type Asymmetric = Exclude<Algorithm, `HS${string}`>

let issuer: TestIssuer
let rsa: TestKey
let ec: TestKey
let ed: TestKey
beforeAll(async () => {
  issuer = await createTestIssuer()
  rsa = await createTestKey('RS256', { kid: 'rsa' })
  ec = await createTestKey('ES256', { kid: 'ec' })
  ed = await createTestKey('Ed25519', { kid: 'ed' })
})
afterAll(() => issuer.close())

/** A modulus of so many bits; no one knows whether it has factors, or which. */
function modulus(bits: number): string {
  const bytes = randomBytes(bits / 8)
  bytes[0] = 0x80 | (bytes[0] as number)
  bytes[bytes.length - 1] = 1 | (bytes.at(-1) as number)
  return bytes.toString('base64url')
}

function without(jwk: Jwk, ...names: string[]): Jwk {
  return Object.fromEntries(Object.entries(jwk).filter(([name]) => !names.includes(name)))
}

function usable(jwk: Jwk): VerificationKey {
  const key = readKey(jwk)
  if ('verify' in key) return key
  throw new Error(`${key.kid} is not used: ${key.reason}`)
}

function parts(token: string): [signature: Uint8Array, signed: Uint8Array] {
  const at = token.lastIndexOf('.')
  return [Buffer.from(token.slice(at + 1), 'base64url'), Buffer.from(token.slice(0, at))]
}

describe('a published key', () => {
  it.each(asymmetricAlgorithms as readonly Asymmetric[])(
    'verifies what was signed with its other half: %s',
    async (alg) => {
      // RSA keys take long to make; one serves all of its algorithms.
      const base = /^[RP]S/.test(alg) ? { ...rsa, alg } : await createTestKey(alg)
      const signing = { ...base, publicJwk: { ...base.publicJwk, alg, kid: 'one' } }
      const key = usable(signing.publicJwk)
      const [signature, signed] = parts(issuer.sign({ alg }, { sub: 'alice' }, signing))
      expect(key).toMatchObject({ kid: 'one', alive: true, algorithms: [alg] })
      expect(await key.verify(alg, signature, signed)).toBe(true)
      expect(await key.verify(alg, signature, signed)).toBe(true)
      signed[20] = 1 ^ (signed[20] as number)
      expect(await key.verify(alg, signature, signed)).toBe(false)
      expect(await key.verify(alg, signature.subarray(1), signed)).toBe(false)
      expect(await key.verify(alg, new Uint8Array(0), signed)).toBe(false)
    },
  )

  it('may be used with every algorithm of its kind where it names none', () => {
    expect(usable(without(rsa.publicJwk, 'alg')).algorithms).toEqual([
      'RS256',
      'RS384',
      'RS512',
      'PS256',
      'PS384',
      'PS512',
    ])
    expect(usable(without(ec.publicJwk, 'alg')).algorithms).toEqual(['ES256'])
    expect(usable(without(ed.publicJwk, 'alg')).algorithms).toEqual(['EdDSA', 'Ed25519'])
  })

  it.each<[string, (jwk: Jwk) => Jwk]>([
    ['says nothing of its use', (jwk) => without(jwk, 'use', 'key_ops')],
    ['is for signatures', (jwk) => ({ ...jwk, use: 'sig' })],
    ['is for verification', (jwk) => ({ ...jwk, key_ops: ['verify'] })],
    ['is for verification among others', (jwk) => ({ ...jwk, key_ops: ['encrypt', 'verify'] })],
    ['has certificates', (jwk) => ({ ...jwk, x5c: ['MIIB'], x5t: 'abc' })],
    ['has members nobody knows', (jwk) => ({ ...jwk, nbf: 1, exp: 2, ext: true })],
    ['has no name', (jwk) => without(jwk, 'kid')],
  ])('is used when it %s', (_, change) => {
    expect(usable(change(ec.publicJwk)).algorithms).toEqual(['ES256'])
  })

  it('is used when it has a member of keys of another type', () => {
    expect(usable({ ...rsa.publicJwk, crv: 'P-256' }).algorithms).toEqual(['RS256'])
  })

  it('takes no signature of RSASSA-PSS whose salt is not as long as its hash', async () => {
    const key = usable({ ...rsa.publicJwk, alg: 'PS256' })
    const signed = Buffer.from('signed')
    const padding = constants.RSA_PKCS1_PSS_PADDING
    const verdicts = [32, 20, 0, constants.RSA_PSS_SALTLEN_MAX_SIGN].map((saltLength) => {
      const signature = sign('sha256', signed, { key: rsa.signer as KeyObject, padding, saltLength })
      return key.verify('PS256', signature, signed)
    })
    expect(await Promise.all(verdicts)).toEqual([true, false, false, false])
  })

  it('leaves the event loop to others while it verifies', async () => {
    const keys = [usable(rsa.publicJwk), usable({ ...rsa.publicJwk, n: modulus(8192) }), usable(ec.publicJwk)]
    const verdicts: boolean[] = []
    const all = keys.map(async (key) => {
      verdicts.push(await key.verify(key.algorithms[0] as Algorithm, new Uint8Array(64), Buffer.from('signed')))
    })
    for (let turn = 0; turn < 10; turn += 1) await null
    expect(verdicts).toEqual([])
    await Promise.all(all)
    expect(verdicts).toEqual([false, false, false])
  })

  it('fails alone where OpenSSL takes no part of it, and not the process', async () => {
    const key = usable(ec.publicJwk)
    const signed = Buffer.from('signed')
    const verdicts = await Promise.allSettled([
      key.verify('ES256', {} as never, signed),
      key.verify('ES256', new Uint8Array(64), signed),
    ])
    expect(verdicts).toEqual([
      { status: 'rejected', reason: expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }) },
      { status: 'fulfilled', value: false },
    ])
  })

  it('has no name where its kid is no text', () => {
    expect(usable({ ...ec.publicJwk, kid: 42 }).kid).toBeUndefined()
  })

  it('is known by its RFC 7638 thumbprint, however it is spelled', () => {
    // The example of RFC 7638 section 3.1.
    const n =
      '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W' +
      '-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qN' +
      'Lyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw'
    const thumbprint = 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs'
    for (const spelled of [{ n }, { n: `${n}==` }, { n, e: 'AAEAAQ' }, { n, alg: 'RS256', kid: '2011-04-29' }]) {
      expect(usable({ kty: 'RSA', e: 'AQAB', ...spelled }).thumbprint).toBe(thumbprint)
    }
    expect(usable(rsa.publicJwk).thumbprint).not.toBe(thumbprint)
  })
})

describe('a key is not used, and the reason is told, when it', () => {
  const p256k1 = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey.export({ format: 'jwk' }) as Jwk
  const x25519 = generateKeyPairSync('x25519').publicKey.export({ format: 'jwk' }) as Jwk

  it.each<[string, () => Jwk, string]>([
    ['is symmetric', () => ({ kty: 'oct', k: 'c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2U' }), 'a symmetric key'],
    ['is symmetric and claims to be for RS256', () => ({ kty: 'oct', k: 'AAAA', alg: 'RS256' }), 'a symmetric key'],
    ['is of a type nobody knows', () => ({ kty: 'AKP', pub: 'AAAA' }), 'an unknown or broken key type'],
    ['is of no type', () => without(ec.publicJwk, 'kty'), 'an unknown or broken key type'],
    [
      'is of a type that is no text',
      () => ({ ...ec.publicJwk, kty: ['EC'] as unknown as string }),
      'an unknown or broken key type',
    ],
    ['is of a type that every object has', () => ({ kty: 'constructor' }), 'an unknown or broken key type'],
    ['lacks a member', () => without(ec.publicJwk, 'y'), 'an unknown or broken key type'],
    ['has a member that is no text', () => ({ ...rsa.publicJwk, n: 42 }), 'an unknown or broken key type'],
    ['is private', () => ec.privateJwk, 'a private key'],
    ['is private and for encryption', () => ({ ...rsa.privateJwk, use: 'enc' }), 'a private key'],
    ['is half private', () => ({ ...rsa.publicJwk, p: rsa.privateJwk.p }), 'a private key'],
    ['is private and broken', () => ({ ...ec.privateJwk, y: ec.privateJwk.x }), 'a private key'],
    ['is for encryption', () => ({ ...ec.publicJwk, use: 'enc' }), 'not for signatures (use)'],
    ['is for nothing known', () => ({ ...ec.publicJwk, use: null }), 'not for signatures (use)'],
    ['only signs', () => ({ ...ec.publicJwk, key_ops: ['sign'] }), 'not for signatures (key_ops)'],
    ['has operations that are no list', () => ({ ...ec.publicJwk, key_ops: 'verify' }), 'not for signatures (key_ops)'],
    ['has no operations', () => ({ ...ec.publicJwk, key_ops: [] }), 'not for signatures (key_ops)'],
    ['names an algorithm of another type', () => ({ ...ec.publicJwk, alg: 'RS256' }), 'no supported algorithm'],
    ['names an algorithm of another curve', () => ({ ...ec.publicJwk, alg: 'ES384' }), 'no supported algorithm'],
    ['names a symmetric algorithm', () => ({ ...rsa.publicJwk, alg: 'HS256' }), 'no supported algorithm'],
    ['names an algorithm for encryption', () => ({ ...rsa.publicJwk, alg: 'RSA-OAEP' }), 'no supported algorithm'],
    ['names no algorithm, but null', () => ({ ...rsa.publicJwk, alg: null }), 'no supported algorithm'],
    ['is of a curve we do not verify', () => p256k1, 'no supported algorithm'],
    ['is for key agreement', () => x25519, 'no supported algorithm'],
    ['is of a curve that is none', () => ({ ...ec.publicJwk, crv: 'P-255' }), 'no supported algorithm'],
    ['is a point off its curve', () => ({ ...ec.publicJwk, y: ec.publicJwk.x }), 'a broken key'],
    ['is the origin', () => ({ ...ec.publicJwk, x: 'AA', y: 'AA' }), 'a broken key'],
    ['is too short for its curve', () => ({ ...ed.publicJwk, x: 'AAAA' }), 'a broken key'],
    ['is no base64url', () => ({ ...ed.publicJwk, x: '!' }), 'a broken key'],
    ['has 1024 bits', () => ({ ...rsa.publicJwk, n: modulus(1024) }), 'an RSA key of 1024 bits'],
    ['has 2040 bits', () => ({ ...rsa.publicJwk, n: modulus(2040) }), 'an RSA key of 2040 bits'],
    ['has 16,384 bits', () => ({ ...rsa.publicJwk, n: modulus(16_384) }), 'an RSA key of 16384 bits'],
    ['has the exponent 1', () => ({ ...rsa.publicJwk, e: 'AQ' }), 'a weak RSA exponent'],
    ['has an even exponent', () => ({ ...rsa.publicJwk, e: 'BA' }), 'a weak RSA exponent'],
    ['has an exponent that makes it slow', () => ({ ...rsa.publicJwk, e: modulus(1024) }), 'a weak RSA exponent'],
  ])('%s', (_, jwk, reason) => {
    expect(readKey({ ...jwk(), kid: 'x' })).toMatchObject({ kid: 'x', reason })
  })

  it.each([2048, 3072, 4096, 8192])('but %i bits are fine', (bits) => {
    expect(readKey({ ...rsa.publicJwk, n: modulus(bits) })).toMatchObject({ alive: true })
  })

  it.each(['Aw', 'AQAB', '_____w'])('but the exponent %s is fine', (e) => {
    expect(readKey({ ...rsa.publicJwk, e })).toMatchObject({ alive: true })
  })

  it('and then not more of its kid than is worth reading', () => {
    expect(readKey({ kty: 'oct' })).toEqual({ reason: 'a symmetric key' })
    expect(readKey({ kty: 'oct', kid: 'k'.repeat(5000) })).toEqual({ kid: 'k'.repeat(128), reason: 'a symmetric key' })
  })
})

describe('many verifications with a shared secret', () => {
  it('leave others their turn', async () => {
    const secret = 'a secret of thirty-two bytes or more'
    const key = secretKey(secret, ['HS256'])
    const [signature, signed] = parts(
      issuer.sign({ alg: 'HS256' }, { sub: 'alice' }, { kid: 's', alg: 'HS256', signer: secret }),
    )
    let turns = 0
    let over = false
    const count = (): void => {
      turns += 1
      if (!over) setImmediate(count)
    }
    count()
    const verdicts = await Promise.all(Array.from({ length: 320 }, () => key.verify('HS256', signature, signed)))
    over = true
    expect(new Set(verdicts)).toEqual(new Set([true]))
    expect(turns).toBeGreaterThan(1)
    // One after another, some of them wait for a turn of their own.
    turns = 0
    over = false
    count()
    for (let index = 0; index < 320; index += 1) await key.verify('HS256', signature, signed)
    over = true
    expect(turns).toBeGreaterThanOrEqual(20)
    expect(turns).toBeLessThan(100)
  })
})

describe('a private key', () => {
  it.each<[string, () => TestKey, (jwk: Jwk) => Jwk]>([
    ['of RSA', () => rsa, (jwk) => jwk],
    ['of RSA, spelled in another way', () => rsa, (jwk) => ({ ...jwk, e: 'AAEAAQ', n: `${jwk.n}==` })],
    ['of EC', () => ec, (jwk) => jwk],
    ['of Edwards curves', () => ed, (jwk) => jwk],
    ['with a use of its own', () => ec, (jwk) => ({ ...jwk, use: 'enc', alg: 'ECDH-ES', kid: 'other' })],
  ])('%s burns the public key that goes with it', (_, key, change) => {
    const { publicJwk, privateJwk } = key()
    expect(readKey(change(privateJwk))).toMatchObject({ burned: usable(publicJwk).thumbprint })
  })
})

describe('a shared secret', () => {
  it('verifies, with the algorithms given', async () => {
    const key = secretKey('a secret of thirty-two bytes or more', ['HS256', 'HS512'])
    expect(key).toMatchObject({ kid: undefined, alive: true, algorithms: ['HS256', 'HS512'] })
    for (const alg of key.algorithms) {
      const signer = { kid: 's', alg, signer: 'a secret of thirty-two bytes or more' }
      const [signature, signed] = parts(issuer.sign({ alg }, { sub: 'alice' }, signer))
      expect(await key.verify(alg, signature, signed)).toBe(true)
      expect(await secretKey('another secret', [alg]).verify(alg, signature, signed)).toBe(false)
    }
  })

  it('may be bytes that are no text', async () => {
    const bytes = Buffer.from('ff'.repeat(32), 'hex')
    const signed = Buffer.from('header.claims')
    const signature = createHmac('sha256', bytes).update(signed).digest()
    expect(await secretKey(new Uint8Array(bytes), ['HS256']).verify('HS256', signature, signed)).toBe(true)
    expect(await secretKey(bytes.toString(), ['HS256']).verify('HS256', signature, signed)).toBe(false)
  })

  it('is not shown by its thumbprint', () => {
    const thumbprints = ['hunter2', 'hunter3'].map((secret) => secretKey(secret, ['HS256']).thumbprint)
    expect(new Set(thumbprints).size).toBe(2)
    for (const thumbprint of thumbprints) expect(thumbprint).toMatch(/^[\w-]{43}$/)
  })
})
