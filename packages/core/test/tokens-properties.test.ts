import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { type Authenticator, isAuthError } from '../src/index.ts'
import { encode, expectSilence, split, useForge } from './support/tokens.ts'
import { countSignatures } from './support/verifications.ts'

const forge = useForge()
const prototype = JSON.stringify(Object.getOwnPropertyNames(Object.prototype).sort())
const runs = { numRuns: 300 }

/** What becomes of a token: it is verified, or refused with an `AuthError` of 401. Anything else fails the test. */
async function verdictOn(token: string, authenticator: Authenticator = forge().authenticator('untyped')) {
  try {
    const verified = await authenticator.verify(token)
    expect(isFrozen(verified)).toBe(true)
    return verified
  } catch (error) {
    if (!isAuthError(error)) throw error
    expect(error.status).toBe(401)
    expectSilence(error, token)
    return undefined
  } finally {
    expect(JSON.stringify(Object.getOwnPropertyNames(Object.prototype).sort())).toBe(prototype)
  }
}

function isFrozen(value: unknown): boolean {
  return typeof value !== 'object' || value === null || (Object.isFrozen(value) && Object.values(value).every(isFrozen))
}

const claimNames = [
  'iss',
  'sub',
  'aud',
  'exp',
  'nbf',
  'iat',
  'jti',
  'sid',
  'client_id',
  'scope',
  'roles',
  'typ',
  'nonce',
]
const headerNames = ['alg', 'typ', 'kid', 'crit', 'jwk', 'b64', 'zip', 'x5c']
const oddNames = ['__proto__', 'constructor', 'toString', 'then', 'toJSON', 'hasOwnProperty', '']

/** Objects with names that mean something, and any JSON as their values. */
function objects(names: readonly string[]) {
  const name = fc.oneof(fc.constantFrom(...names, ...oddNames), fc.string())
  return fc.array(fc.tuple(name, fc.jsonValue()), { maxLength: 8 }).map(
    // As text, since an object literal would take __proto__ for its prototype.
    (members) => `{${members.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join()}}`,
  )
}

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 6 }).map((parts) => parts.join('.')),
  fc.array(fc.base64String(), { minLength: 3, maxLength: 5 }).map((parts) => `ey${parts.join('.')}`),
  fc.array(fc.uint8Array().map(encode), { minLength: 3, maxLength: 3 }).map((parts) => `ey${parts.join('.')}`),
)

/** One small change somewhere in a text. */
const mutation = fc.record({
  at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  remove: fc.nat({ max: 4 }),
  insert: fc.oneof(
    fc.constantFrom('', '.', '=', '==', 'A', '_', '-', '+', '/', ' ', '\n', '\0', '%2e', '\ufeff'),
    fc.string({ unit: 'binary', maxLength: 4 }),
  ),
})

describe('whatever comes', () => {
  it('any text at all is refused', async () => {
    const texts = fc.asyncProperty(anyText, async (text) => expect(await verdictOn(text)).toBeUndefined())
    await fc.assert(texts, runs)
  })

  it('any header and any claims are refused when somebody else signed them', async () => {
    const foreign = fc.asyncProperty(objects(headerNames), objects(claimNames), async (header, claims) => {
      const { keys } = forge()
      const signature = split(forge().token())[2]
      for (const head of [header, JSON.stringify({ alg: 'ES256', kid: keys.ES256.kid })]) {
        expect(await verdictOn(`${encode(head)}.${encode(claims)}.${signature}`)).toBeUndefined()
      }
    })
    await fc.assert(foreign, runs)
  })

  it('any header is read or refused, though the issuer signed it', async () => {
    const headers = fc.asyncProperty(objects(headerNames), async (more) => {
      const good = JSON.stringify(forge().header())
      const header = more === '{}' ? good : `${good.slice(0, -1)},${more.slice(1)}`
      await verdictOn(forge().raw(header, JSON.stringify(forge().claims())))
    })
    await fc.assert(headers, runs)
  })

  it('any claims are read or refused, though the issuer signed them', async () => {
    const claims = fc.asyncProperty(objects(claimNames), async (more) => {
      const good = JSON.stringify(forge().claims())
      const text = more === '{}' ? good : `${good.slice(0, -1)},${more.slice(1)}`
      const verified = await verdictOn(forge().raw(JSON.stringify(forge().header()), text))
      if (verified === undefined) return
      const said = JSON.parse(text)
      expect(verified.user.id).toBe(said.sub)
      const roles = Array.isArray(said.roles) ? said.roles : []
      for (const { name } of verified.user.roles) expect(roles).toContain(name)
    })
    await fc.assert(claims, runs)
  })

  it('a good token that was changed anywhere is refused', async () => {
    const changes = fc.array(mutation, { minLength: 1, maxLength: 4 })
    const algorithms = fc.constantFrom('ES256', 'RS256', 'EdDSA')
    const changed = fc.asyncProperty(algorithms, changes, async (algorithm, mutations) => {
      const token = forge().misnamed(forge().keys[algorithm as 'ES256'], algorithm)
      const other = mutations.reduce((text, { at, remove, insert }) => {
        const place = Math.floor(at * text.length)
        return text.slice(0, place) + insert + text.slice(place + remove)
      }, token)
      expect((await verdictOn(other)) !== undefined).toBe(other === token)
    })
    await fc.assert(changed, { numRuns: 1000 })
  })

  it('segments of good tokens, mixed, are refused', async () => {
    const mixed = fc.asyncProperty(fc.array(fc.nat({ max: 8 }), { minLength: 1, maxLength: 5 }), async (indexes) => {
      const tokens = ['alice', 'bob', 'carol'].map((sub) => forge().token({ sub }))
      const segments = tokens.flatMap(split)
      const token = indexes.map((index) => segments[index]).join('.')
      expect((await verdictOn(token)) !== undefined).toBe(tokens.includes(token))
    })
    await fc.assert(mixed, runs)
  })
})

describe('the work a token can cause is bounded', () => {
  it('eight signatures at the most are tried, and nothing is fetched but the key set', async () => {
    const signatures = countSignatures()
    let most = 0
    const before = forge().issuer.requests()
    const tokens = fc.asyncProperty(objects(headerNames), async (more) => {
      const header = `{"alg":"ES256","typ":"at+jwt"${more === '{}' ? '' : ','}${more.slice(1)}`
      const [, payload, signature] = split(forge().token())
      signatures.take()
      await verdictOn(`${encode(header)}.${payload}.${signature}`)
      most = Math.max(most, signatures.take())
    })
    await fc.assert(tokens, runs)
    signatures.end()
    expect(most).toBeGreaterThan(0)
    expect(most).toBeLessThanOrEqual(8)
    // The clock stands still, so there is no more than one cool-down.
    expect(forge().issuer.requests() - before).toBeLessThanOrEqual(1)
    expect(new Set(forge().fetched)).toEqual(new Set(forge().fetched.length === 0 ? [] : [forge().issuer.jwksUri]))
  })

  it.each([
    ['dots', '.'.repeat(16_384)],
    ['letters', 'A'.repeat(16_384)],
    ['brackets', `eyJ${encode('['.repeat(12_000))}.e30.AA`],
    ['a long kid', `${encode(JSON.stringify({ alg: 'ES256', kid: 'k'.repeat(11_000) }))}.e30.AA`],
    ['a long iss', `${encode('{"alg":"ES256"}')}.${encode(JSON.stringify({ iss: 'a-'.repeat(5_500) }))}.AA`],
    ['many members', `${encode('{"alg":"ES256"}')}.${encode(`{${'"":0,'.repeat(2_300)}"":0}`)}.AA`],
  ])('100 tokens of 16 KiB of %s take no three seconds', async (_, token) => {
    const started = performance.now()
    for (let i = 0; i < 100; i += 1) await verdictOn(token)
    expect(performance.now() - started).toBeLessThan(3000)
  })
})
