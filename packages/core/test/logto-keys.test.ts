import { afterEach, describe, expect, it } from '@jest/globals'
import type { Jwks } from '../src/index.ts'
import { accessToken, createLogtoApis, recorded, recordedAt } from './support/logto-capture.ts'

const apis = createLogtoApis()
afterEach(apis.close)

const { jwks_before, jwks_after, jwks_after_back } = recorded<Record<string, Jwks>>('1.42', 'key-rotation')
const first = accessToken('1.42', 'm2m-api-resource-token')
const last = accessToken('1.42', 'personal-access-token-exchange')
// Logto sends `max-age=0`; a key set is kept for a minute all the same.
const minAge = 60

describe('the recorded rotation of keys', () => {
  it('keeps the tokens of the previous key, and refuses them after one more', async () => {
    const { auth, stub, clock } = await apis.open({}, '1.42', recordedAt + 300)
    stub.publish(jwks_before as Jwks)
    await auth.verify(first)

    stub.publish(jwks_after as Jwks)
    await clock.advance(minAge)
    await auth.ready()
    await expect(auth.verify(first)).resolves.toMatchObject({ user: { id: '68sru7f095an5rcft2tj3' } })

    stub.publish(jwks_after_back as Jwks)
    await clock.advance(minAge)
    await auth.ready()
    await expect(auth.verify(first)).rejects.toMatchObject({ code: 'ERR_TOKEN_KEY', status: 401 })
    await expect(auth.verify(last)).resolves.toMatchObject({ user: { id: '5h57wrlft49y', scopes: ['read:orders'] } })
  })

  it('is noticed at once when a token of the new key comes, and then the removed key is gone too', async () => {
    const { auth, stub } = await apis.open({}, '1.42', recordedAt + 300)
    stub.publish(jwks_before as Jwks)
    await auth.verify(first)
    stub.publish(jwks_after_back as Jwks)
    await expect(auth.verify(last)).resolves.toMatchObject({ user: { id: '5h57wrlft49y' } })
    await expect(auth.verify(first)).rejects.toMatchObject({ code: 'ERR_TOKEN_KEY' })
    // Whoever goes on sending tokens of the removed key costs no more than a look.
    const asked = stub.asked.length
    expect(asked).toBeLessThanOrEqual(3)
    for (const name of ['m2m-management-token', 'token-exchange', 'm2m-api-resource-token']) {
      await expect(auth.verify(accessToken('1.42', name))).rejects.toMatchObject({ status: 401 })
    }
    expect(stub.asked).toHaveLength(asked)
  })

  it('has RSA keys without an algorithm, which are used for nothing but RS256', async () => {
    const { auth, stub } = await apis.open()
    const [rsa] = jwks_after?.keys ?? []
    expect(rsa).toMatchObject({ kty: 'RSA' })
    expect(rsa).not.toHaveProperty('alg')
    stub.publish(jwks_after as Jwks)
    await auth.ready()
    expect(auth.health().providers).toMatchObject([{ keys: { keys: 2, ignored: [] } }])

    const [, payload, signature] = first.split('.')
    const withHeader = (alg: string) =>
      `${Buffer.from(JSON.stringify({ alg, typ: 'at+jwt', kid: rsa?.kid })).toString('base64url')}.${payload}.${signature}`
    for (const [alg, code] of [
      ['RS256', 'ERR_TOKEN_SIGNATURE'],
      ['PS256', 'ERR_TOKEN_ALGORITHM'],
      ['ES384', 'ERR_TOKEN_KEY'],
    ] as const) {
      await expect(auth.verify(withHeader(alg))).rejects.toMatchObject({ code })
    }
  })

  it('may be anticipated: a purged key is dead though Logto publishes it', async () => {
    const { auth } = await apis.open()
    await auth.verify(first)
    auth.purge('http://localhost:3311/oidc', String(jwks_before?.keys[0]?.kid))
    await expect(auth.verify(first)).rejects.toMatchObject({ code: 'ERR_TOKEN_KEY' })
    await expect(auth.verify(accessToken('1.42', 'token-exchange'))).rejects.toMatchObject({ code: 'ERR_TOKEN_KEY' })
  })
})

describe('the recorded key set', () => {
  it('is confirmed without being sent again', async () => {
    const { auth, stub, clock } = await apis.open()
    await auth.verify(first)
    await clock.advance(minAge)
    await auth.ready()
    expect(stub.asked).toEqual(['/oidc/jwks', '/oidc/jwks'])
    expect(auth.health().providers).toMatchObject([{ ok: true, keys: { state: 'fresh', keys: 1 } }])
    await expect(auth.verify(first)).resolves.toMatchObject({ user: { id: '68sru7f095an5rcft2tj3' } })
  })

  it('of 1.41 holds a key of each kind', async () => {
    const { auth } = await apis.open({}, '1.41')
    await auth.ready()
    expect(auth.health().providers).toMatchObject([{ keys: { keys: 2, ignored: [] } }])
  })
})
