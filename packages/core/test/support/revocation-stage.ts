import { createTestIssuer, type TestIssuer } from '@claviger/testing'
import { afterAll, afterEach, beforeEach } from '@jest/globals'
import type { Authenticator, RevocationList } from '../../src/index.ts'
import { oidc } from '../../src/providers/oidc.ts'
import { createCleanup } from './faults.ts'
import { type RedisServer, startRedis } from './redis-server.ts'
import { beginStream, createLists } from './revocation-stream.ts'

/** A Redis whose stream begins anew before each test, and an issuer, for the tests of a file: `begin` starts them, once. */
export function stageRevocations() {
  let server: RedisServer
  let issuer: TestIssuer
  const lists = createLists(() => server)
  const cleanup = createCleanup()

  beforeEach(async () => {
    await server.flush()
    await beginStream(server)
  })
  afterEach(async () => {
    await lists.close()
    await cleanup.close()
  })
  afterAll(async () => {
    await issuer.close()
    await server.close()
  })

  async function begin() {
    server = await startRedis()
    issuer = await createTestIssuer()
    return { server, issuer }
  }

  /** An authenticator for the tokens of the issuer, with that list. */
  function authenticator(revocations: RevocationList): Authenticator {
    const shop = oidc({ name: 'shop', issuer: issuer.issuer, audience: issuer.audience, requiredClaims: ['sub'] })
    return cleanup.authenticator({ providers: [shop], revocations })
  }

  return { begin, lists, authenticator }
}
