import { createTestClock } from '@claviger/testing'
import { describe, expect, it } from '@jest/globals'
import { createTokenManager, type MachineToken, type TokenManagerOptions } from '../src/index.ts'

/** An issuer that gives `token-1`, `token-2`, … or fails, and remembers what it was asked. */
function stage(options: Partial<TokenManagerOptions<{ scope: string }>> = {}) {
  const clock = createTestClock()
  const asked: { scope: string; previous: string | undefined }[] = []
  const issuer = { expiresIn: 1000, failure: undefined as Error | undefined }
  const manager = createTokenManager<{ scope: string }>({
    clock,
    async request({ scope }, previous) {
      asked.push({ scope, previous: previous?.accessToken })
      if (issuer.failure !== undefined) throw issuer.failure
      return { accessToken: `token-${asked.length}`, expiresIn: issuer.expiresIn, scopes: [scope] }
    },
    ...options,
  })
  const get = async (scope = 'a') => (await manager.get({ scope })).accessToken
  return { clock, asked, issuer, manager, get }
}

describe('a manager of machine tokens', () => {
  it('asks once for all who wait, and for each set of parameters', async () => {
    const { get, asked } = stage()
    expect(new Set(await Promise.all([get(), get(), get()]))).toEqual(new Set(['token-1']))
    expect(await get('b')).toBe('token-2')
    expect([await get(), await get('b')]).toEqual(['token-1', 'token-2'])
    expect(asked.map(({ scope }) => scope)).toEqual(['a', 'b'])
  })

  it('tells parameters apart as it is told to', async () => {
    const { get } = stage({ keyOf: () => 'one' })
    expect([await get(), await get('b')]).toEqual(['token-1', 'token-1'])
  })

  it.each([
    ['a minute', {}, 1000, 939, 941],
    ['as long as it is told', { renewAhead: 300 }, 1000, 699, 701],
    ['half its life at most', {}, 10, 4, 6],
  ])('renews in the background, %s ahead of the end', async (_, options, expiresIn, before, after) => {
    const { clock, issuer, get, asked } = stage(options)
    issuer.expiresIn = expiresIn
    await get()
    await clock.advance(before)
    await get()
    expect(asked).toHaveLength(1)
    await clock.advance(after - before)
    expect(await get()).toBe('token-1')
    await clock.advance(0)
    expect(await get()).toBe('token-2')
    expect(asked.map(({ previous }) => previous)).toEqual([undefined, 'token-1'])
  })

  it('uses what it has to its end while the issuer is down, and asks once in five seconds', async () => {
    const { clock, issuer, get, asked } = stage()
    await get()
    await clock.advance(950)
    issuer.failure = new Error('down')
    for (let second = 0; second < 10; second += 1) {
      expect(await get()).toBe('token-1')
      await clock.advance(1)
    }
    expect(asked).toHaveLength(3)
    await clock.advance(60)
    await expect(get()).rejects.toMatchObject({ code: 'ERR_PROVIDER_UNAVAILABLE' })
    issuer.failure = undefined
    expect(await get()).toMatch(/^token-/)
  })

  it('gets another for one that was refused, once for all who held it', async () => {
    const { manager, get, asked } = stage()
    const refused = await get()
    const renew = () => manager.renew({ scope: 'a' }, refused)
    const renewed: MachineToken[] = await Promise.all([renew(), renew()])
    expect(renewed.map(({ accessToken }) => accessToken)).toEqual(['token-2', 'token-2'])
    expect((await renew()).accessToken).toBe('token-2')
    // Nothing of a refused token is worth anything.
    expect(asked.map(({ previous }) => previous)).toEqual([undefined, undefined])
  })

  it.each([undefined, Number.NaN, Number.POSITIVE_INFINITY, '3600'])(
    'holds no token whose lifetime is %p: nobody would ever renew it',
    async (expiresIn) => {
      const { issuer, get, asked } = stage()
      issuer.expiresIn = expiresIn as number
      await expect(get()).rejects.toMatchObject({
        code: 'ERR_PROVIDER_UNAVAILABLE',
        explanation: expect.stringContaining('expiresIn'),
      })
      issuer.expiresIn = 1000
      expect(await get()).toBe('token-2')
      expect(asked).toHaveLength(2)
    },
  )

  it.each<[string, object, RegExp]>([
    ['no request', { request: undefined }, /option request/],
    ['a negative time', { renewAhead: -1 }, /option renewAhead: must be at least 0 s/],
    ['more than a day', { renewAhead: 86_401 }, /option renewAhead: must be at most 86400 s/],
    ['no key', { keyOf: 'scope' }, /option keyOf/],
    ['an option that is none', { renewahead: 30 }, /unknown option renewahead, did you mean renewAhead/],
  ])('is not made with %s', (_, options, explanation) => {
    expect(() => stage(options)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTIONS_INVALID', explanation: expect.stringMatching(explanation) }),
    )
  })

  it('forgets what it is told to', async () => {
    const { manager, get } = stage()
    await get()
    await get('b')
    manager.invalidate({ scope: 'a' })
    expect([await get(), await get('b')]).toEqual(['token-3', 'token-2'])
    manager.invalidate()
    expect([await get(), await get('b')]).toEqual(['token-4', 'token-5'])
  })

  it.each([undefined, { scope: 'a' }])(
    'keeps no token that was asked for before rights changed: %j',
    async (parameters) => {
      const answers: (() => void)[] = []
      let serial = 0
      const { manager, get } = stage({
        request: () => {
          const accessToken = `token-${++serial}`
          return new Promise((resolve) => answers.push(() => resolve({ accessToken, expiresIn: 1000, scopes: [] })))
        },
      })
      const before = get()
      manager.invalidate(parameters)
      const after = get()
      for (const answer of answers.reverse()) answer()
      expect([await before, await after, await get()]).toEqual(['token-1', 'token-2', 'token-2'])
    },
  )
})
