import { describe, expect, it } from '@jest/globals'
import { createItsYouOnlineClient } from '../src/providers/itsyouonline/index.ts'
import { stageOpenvCloud } from './support/openvcloud.ts'

const stage = stageOpenvCloud()

/** A client with JWTs, and how often it asked for one. */
function withJwts(give = () => stage.iyo.tokenFor('ann'), options: Parameters<typeof stage.clientOf>[1] = {}) {
  const asked = { times: 0 }
  const getJwt = () => {
    asked.times += 1
    return give()
  }
  return { client: stage.clientOf({ getJwt }, options), asked }
}

describe('a client with a name and a password', () => {
  it('logs in once, for all calls', async () => {
    const { client, portal } = stage
    const answers = await Promise.all(Array.from({ length: 10 }, () => client.api.cloudspaces.list()))
    expect(answers.every(([one]) => one?.name === 'shop')).toBe(true)
    expect([portal.requests('authenticate'), portal.requests('cloudapi')]).toEqual([1, 10])
    expect(await client.whoami()).toEqual({ name: 'ann', admin: false })
  })

  it('logs in again when its session has ended, once for all who find out', async () => {
    const { client, portal } = stage
    await client.whoami()
    portal.endSessions()
    portal.resetCounts()
    await Promise.all(Array.from({ length: 10 }, () => client.api.accounts.list()))
    expect(portal.requests('authenticate')).toBe(1)
  })

  it('logs in again before the session of five days ends', async () => {
    const { client, portal, clock } = stage
    await client.whoami()
    await clock.advance(4 * 86_400 - 30)
    await client.whoami()
    expect(portal.requests('authenticate')).toBe(2)
  })

  it('does not try a wrong password twice', async () => {
    const { portal } = stage
    const client = stage.clientOf({ username: 'ann', password: 'wrong password' })
    const error = { code: 'ERR_UPSTREAM_UNAUTHORIZED', upstream: { status: 401, message: 'Unauthorized' } }
    await expect(client.api.accounts.list()).rejects.toMatchObject(error)
    expect(portal.requests()).toBe(1)
    await expect(client.authenticate({ username: 'nobody', password: 'x' })).rejects.toMatchObject(error)
  })

  it('sends the key that it got, in the body of each call, and no blank one to log in', async () => {
    const sent: { url: string; body?: string | undefined }[] = []
    stage.portal.configure({ strictBlankAuthkey: true })
    const client = stage.clientOf(stage.portal.user, {
      fetch: (url, init) => {
        sent.push({ url, body: init.body })
        return globalThis.fetch(url, init)
      },
    })
    await client.api.cloudspaces.list()
    const [login, call] = sent
    expect(new URLSearchParams(login?.body).has('authkey')).toBe(false)
    expect(JSON.parse(call?.body ?? '')).toEqual({ authkey: expect.stringMatching(/^[0-9a-f]{32}$/) })
    expect(sent.map(({ url }) => new URL(url).search)).toEqual(['', ''])
  })

  it('gives the key to whoever asks for it', async () => {
    const authkey = await stage.client.authenticate(stage.portal.user)
    expect(authkey).toMatch(/^[0-9a-f]{32}$/)
    const { portal } = stage
    const answer = await fetch(`${portal.url}/restmachine/system/usermanager/whoami?authkey=${authkey}`, {
      method: 'POST',
    })
    expect(await answer.json()).toEqual({ name: 'ann', admin: false })
  })
})

describe('a client with JWTs', () => {
  it('takes them from a function, until they end', async () => {
    const { client, asked } = withJwts(() => stage.iyo.tokenFor('ann', { validity: 600 }))
    expect(await client.whoami()).toEqual({ name: 'ann@itsyouonline', admin: false })
    await stage.clock.advance(500)
    await client.whoami()
    expect(asked.times).toBe(1)
    await stage.clock.advance(110)
    await client.whoami()
    expect(asked.times).toBe(2)
  })

  it('takes them from a client of ItsYou.online, with the scopes it was told', async () => {
    const { iyo, clock } = stage
    const itsYouOnline = createItsYouOnlineClient({ ...iyo.user, baseUrl: iyo.url, clock })
    const jwtRequest = { scope: 'user:memberof:petshop', validity: 3600 }
    const client = stage.clientOf({ itsYouOnline, jwtRequest })
    expect((await client.api.accounts.list()).map(({ name }) => name)).toEqual(['petshop'])
    expect((await stage.clientOf({ itsYouOnline }).whoami()).name).toBe('ann@itsyouonline')
  })

  it('takes another when one is refused, once for all who find out, and tries once more', async () => {
    const old = stage.iyo.sign({ username: 'ann', iss: 'itsyouonline', exp: 1_600_000_000 })
    const tokens = [old, stage.iyo.tokenFor('ann')]
    const { client, asked } = withJwts(() => tokens.shift() ?? '')
    const answers = await Promise.all(Array.from({ length: 5 }, () => client.api.accounts.list()))
    expect([answers.length, asked.times]).toEqual([5, 2])
  })

  it('takes another when a page with 403 refuses one, and none when the portal says what is not allowed', async () => {
    const page = { status: 403, headers: { 'content-type': 'text/html' }, body: '<html>Access denied</html>' }
    const words = { status: 403, headers: { 'content-type': 'application/json' }, body: '"not allowed"' }
    let serial = 0
    const { client, asked } = withJwts(() => stage.iyo.tokenFor('ann', { validity: 3600 + serial++ }))
    stage.portal.fail('cloudapi', page, { times: 1 })
    expect((await client.api.accounts.list()).map(({ name }) => name)).toEqual(['petshop'])
    expect(asked.times).toBe(2)
    for (const [answer, times] of [
      [words, 2],
      [page, 3],
    ] as const) {
      stage.portal.fail('cloudapi', answer)
      await expect(client.api.accounts.list()).rejects.toMatchObject({ code: 'ERR_UPSTREAM_FORBIDDEN' })
      expect(asked.times).toBe(times)
    }
  })

  it('gives up when that is refused too', async () => {
    let serial = 0
    const { client, asked } = withJwts(() => {
      serial += 1
      return stage.iyo.sign({ username: 'ann', iss: 'itsyouonline', exp: 1_600_000_000 + serial })
    })
    await expect(client.api.accounts.list()).rejects.toMatchObject({
      code: 'ERR_UPSTREAM_UNAUTHORIZED',
      upstream: { status: 401 },
    })
    expect([asked.times, stage.portal.requests()]).toEqual([2, 2])
  })

  it('does not try the same JWT twice', async () => {
    const dead = stage.iyo.sign({ username: 'ann', iss: 'itsyouonline', exp: 1_600_000_000 })
    await expect(withJwts(() => dead).client.whoami()).rejects.toMatchObject({ code: 'ERR_UPSTREAM_UNAUTHORIZED' })
    expect(stage.portal.requests()).toBe(1)
  })

  it.each<[string, () => string, RegExp]>([
    ['an aud', () => stage.iyo.tokenFor('ann', { audience: ['petshop'] }), /has an aud, which OpenvCloud refuses/],
    ['no user', () => stage.iyo.tokenFor('petshop'), /is not that of a user/],
  ])('says why a portal will never take one with %s', async (_, give, explanation) => {
    const error = { explanation: expect.stringMatching(explanation) }
    await expect(withJwts(give).client.api.accounts.list()).rejects.toMatchObject(error)
  })

  it.each<[string, () => string]>([
    ['no JWT', () => 'opaque'],
    [
      'nothing',
      () => {
        throw new Error('no key')
      },
    ],
  ])('is unavailable when the function gives %s', async (_, give) => {
    await expect(withJwts(give).client.whoami()).rejects.toMatchObject({ code: 'ERR_PROVIDER_UNAVAILABLE' })
    expect(stage.portal.requests()).toBe(0)
  })

  it('keeps no cookie, so that a JWT which has ended is not a session', async () => {
    await stage.client.authenticate(stage.portal.user)
    const dead = stage.iyo.sign({ username: 'ann', iss: 'itsyouonline', exp: 1_600_000_000 })
    await expect(withJwts(() => dead).client.whoami()).rejects.toMatchObject({ code: 'ERR_UPSTREAM_UNAUTHORIZED' })
  })
})
