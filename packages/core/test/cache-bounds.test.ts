import { describe, expect, it } from '@jest/globals'
import { createCacheStage, opaque } from './support/cache-stage.ts'
import { refusalOf } from './support/tokens.ts'

const stage = createCacheStage()
const { clock, outcomes, authenticator, outcomeOf } = stage

describe('what is not remembered', () => {
  it('an outage', async () => {
    authenticator()
    stage.issuer.fail('all', 'reset', { times: 1 })
    const token = stage.issuer.tokenFor()
    expect(await refusalOf(stage.auth, token)).toMatchObject({ status: 503 })
    await clock.advance(10)
    await stage.auth.verify(token)
    expect(await outcomeOf(token)).toBe('hit')
  })

  it.each([
    ['expired', { expiresIn: -60 }],
    ['for another audience', { audience: 'x' }],
    ['of an unknown key', { header: { kid: 'unknown' } }],
    ['of a wrong type', { header: { typ: 'JWT' } }],
  ])('a refusal of a token that is %s', async (_, options) => {
    authenticator()
    const token = stage.issuer.tokenFor(options)
    expect([await outcomeOf(token), await outcomeOf(token)]).toEqual(['miss', 'miss'])
  })

  it('a refusal by its provider, though all who ask at the same time get one', async () => {
    let asked = 0
    const verify = async () => {
      asked += 1
      return { active: false, explanation: 'never heard of it' } as const
    }
    authenticator({ providers: [{ ...opaque(), opaque: { verify } }] })
    const refusals = await Promise.all(Array.from({ length: 10 }, () => refusalOf(stage.auth, 'opaque')))
    expect(new Set(refusals.map(({ code }) => code))).toEqual(new Set(['ERR_TOKEN_INACTIVE']))
    expect([asked, outcomes]).toEqual([1, ['miss']])
    await refusalOf(stage.auth, 'opaque')
    expect(asked).toBe(2)
  })

  it('a token of more than 8 KiB, though it is verified', async () => {
    authenticator({ providers: [opaque()] })
    const [longest, longer] = ['x'.repeat(8192), 'x'.repeat(8193)]
    await stage.auth.verify(longest)
    await stage.auth.verify(longer)
    expect([await outcomeOf(longest), await outcomeOf(longer)]).toEqual(['hit', 'miss'])
  })

  it('anything, with cache: false', async () => {
    authenticator({ cache: false })
    const token = stage.issuer.tokenFor()
    expect([await outcomeOf(token), await outcomeOf(token)]).toEqual([undefined, undefined])
    expect(await stage.auth.verify(token)).not.toBe(await stage.auth.verify(token))
    await stage.auth.revoke({ token })
    expect(await refusalOf(stage.auth, token)).toMatchObject({ code: 'ERR_TOKEN_REVOKED' })
  })
})

describe('the bounds of the cache', () => {
  it('hold for the number of tokens: the one not asked for longest goes', async () => {
    authenticator({ cache: { maxTokens: 2 } })
    const [first, second, third] = ['a', 'b', 'c'].map((subject) => stage.issuer.tokenFor({ subject })) as [
      string,
      string,
      string,
    ]
    for (const token of [first, second, first, third]) await stage.auth.verify(token)
    expect([await outcomeOf(first), await outcomeOf(third), await outcomeOf(second)]).toEqual(['hit', 'hit', 'miss'])
  })

  it('hold for the bytes they take', async () => {
    const token = () => stage.issuer.tokenFor({ claims: { note: 'x'.repeat(2000) } })
    authenticator({ cache: { maxBytes: 100_000 } })
    const tokens = Array.from({ length: 6 }, token)
    for (const one of tokens) await stage.auth.verify(one)
    const known = []
    for (const one of tokens.reverse()) known.push(await outcomeOf(one))
    // Each takes its length, what it says once more, and all that five times, for the garbage.
    expect(known.slice(0, 2)).toEqual(['hit', 'hit'])
    expect(known.at(-1)).toBe('miss')
  })

  it('hold for what a token makes, which is more than its length', async () => {
    const many = Array.from({ length: 100 }, (_, index) => `role-${index}`)
    authenticator({ cache: { maxBytes: 500_000 } })
    const tokens = Array.from({ length: 6 }, (_, index) => stage.issuer.tokenFor({ subject: `${index}`, roles: many }))
    for (const one of tokens) await stage.auth.verify(one)
    const known = []
    for (const one of tokens.reverse()) known.push(await outcomeOf(one))
    // A role of a token takes some 300 bytes, five times.
    expect(known).toEqual(['hit', 'hit', 'miss', 'miss', 'miss', 'miss'])
  })

  it.each<[string, unknown, number]>([
    ['a text of ASCII', 'x'.repeat(20_000), 20_000],
    ['a text of other letters, two bytes each', '\u20ac'.repeat(10_000), 20_000],
    ['numbers', Array.from({ length: 1000 }, (_, index) => index), 28_000],
    ['nothing', Array.from({ length: 1000 }, () => null), 28_000],
    ['things', Array.from({ length: 250 }, () => ({})), 21_000],
  ])('hold for claims of any kind: %s', async (_, note, bytes) => {
    authenticator({ providers: [opaque({ note })], cache: { maxBytes: bytes * 5 * 2.5 } })
    for (const token of ['first', 'second', 'third']) expect(await outcomeOf(token)).toBe('miss')
    expect([await outcomeOf('third'), await outcomeOf('second'), await outcomeOf('first')]).toEqual([
      'hit',
      'hit',
      'miss',
    ])
  })
})
