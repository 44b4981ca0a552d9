import { createTestIssuer, type TestIssuer } from '@claviger/testing'
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals'
import { createClient } from 'redis'
import { type Authenticator, createAuthenticator, type RevocationList, type RevocationRequest } from '../src/index.ts'
import { oidc } from '../src/providers/oidc.ts'
import { createRedisRevocationList, type RedisRevocationListOptions } from '../src/redis/index.ts'
import { outcomeOf, until } from './support/faults.ts'
import { describeWithRedis, type RedisServer, startRedis } from './support/redis-server.ts'
import { beginStream } from './support/revocation-stream.ts'

describeWithRedis('a revocation list in Redis', () => {
  let server: RedisServer
  let issuer: TestIssuer
  const lists: RevocationList[] = []

  beforeAll(async () => {
    server = await startRedis()
    issuer = await createTestIssuer()
  })
  afterEach(async () => {
    for (const list of lists.splice(0)) await list.close()
    await server.flush()
  })
  afterAll(async () => {
    await issuer.close()
    await server.close()
  })

  async function list(options: Partial<RedisRevocationListOptions> = {}): Promise<RevocationList> {
    const made = createRedisRevocationList({ client: createClient({ url: server.url }), ...options })
    lists.push(made)
    await made.ready?.()
    return made
  }

  function authenticator(revocations: RevocationList): Authenticator {
    const shop = oidc({ name: 'shop', issuer: issuer.issuer, audience: issuer.audience })
    return createAuthenticator({ providers: [shop], revocations })
  }

  it.each<[string, (token: string) => RevocationRequest]>([
    ['a token with a jti', (token) => ({ token })],
    ['a token id', () => ({ tokenId: 'id-1' })],
    ['a token id of a provider', () => ({ tokenId: 'id-1', provider: 'shop' })],
    ['a session', () => ({ session: 's-1' })],
    ['a session of a provider', () => ({ session: 's-1', provider: 'shop' })],
    ['a subject', () => ({ subject: 'alice', provider: 'shop' })],
    ['a provider', () => ({ provider: 'shop' })],
  ])('revokes %s in every process, in those that run and in those that start', async (kind, request) => {
    await beginStream(server)
    const [here, there] = [authenticator(await list()), authenticator(await list())]
    const token = issuer.tokenFor({ subject: 'alice', claims: { jti: 'id-1', sid: 's-1' } })
    const other = issuer.tokenFor({ subject: 'bob', claims: { jti: 'id-2', sid: 's-2' } })
    for (const auth of [here, there]) for (const one of [token, other]) await auth.verify(one)
    await here.revoke(request(token))
    await until(() => there.health().revocations === 1)
    const late = authenticator(await list())
    for (const auth of [here, there, late]) {
      expect(await outcomeOf(auth.verify(token))).toBe('401 ERR_TOKEN_REVOKED')
      expect(await outcomeOf(auth.verify(other))).toBe(kind === 'a provider' ? '401 ERR_TOKEN_REVOKED' : 'bob')
    }
  })
})
