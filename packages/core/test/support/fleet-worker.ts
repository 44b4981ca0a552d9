// One process of a fleet: an API on loopback, whose revocation list is shared through Redis. Its parent tells it what to do.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from 'redis'
import { type Authenticator, createAuthenticator, isAuthError, type RevocationList } from '../../src/index.ts'
import { oidc } from '../../src/providers/oidc.ts'
import { createRedisRevocationList } from '../../src/redis/index.ts'
import type { Call, WorkerMethods, WorkerOptions } from './fleet.ts'
import { ofToken } from './revocation-stream.ts'

let auth: Authenticator
let revocations: RevocationList

/** Comparable between processes of one machine. */
const now = () => performance.timeOrigin + performance.now()

async function start({ redis, issuer, audience, list }: WorkerOptions): Promise<number> {
  revocations = createRedisRevocationList({ client: createClient({ url: redis }), ...list })
  auth = createAuthenticator({ providers: [oidc({ name: 'shop', issuer, audience })], revocations })
  // A machine under load may take longer than the time-outs that are tested.
  for (let isReady = false; !isReady; ) {
    isReady = await auth.ready().then(
      () => true,
      () => false,
    )
  }
  const server = createServer(async (request, response) => {
    const token = request.headers.authorization?.slice('Bearer '.length) ?? ''
    response.statusCode = await auth.verify(token).then(
      () => 200,
      (error) => (isAuthError(error) ? error.status : 500),
    )
    response.end()
  })
  // A connection that is kept must not end just when its next request is sent.
  server.keepAliveTimeout = 0
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

const methods: WorkerMethods = {
  start,
  async revoke(tokenId) {
    const at = now()
    const code = await auth.revoke({ tokenId }).then(
      () => undefined,
      (error) => (isAuthError(error) ? error.code : String(error)),
    )
    return { at, confirmed: now(), code }
  },
  async refusedAt(token) {
    for (;;) {
      const isGood = await auth.verify(token).then(
        () => true,
        () => false,
      )
      if (!isGood) return now()
      await sleep(1)
    }
  },
  async flood(perSecond, seconds) {
    let sent = 0
    let failed = 0
    const began = performance.now()
    const all: Promise<unknown>[] = []
    while (performance.now() - began < seconds * 1000) {
      const due = ((performance.now() - began) / 1000) * perSecond
      for (; sent < due; sent += 1)
        all.push(revocations.add(ofToken(`flood-${process.pid}-${began}-${sent}`)).catch(() => (failed += 1)))
      await sleep(2)
    }
    await Promise.all(all)
    return { sent, failed }
  },
  health: async () => auth.health(),
}

process.on('message', async ({ id, method, args }: Call) => {
  try {
    const run = methods[method] as (...given: unknown[]) => Promise<unknown>
    process.send?.({ id, result: await run(...args) })
  } catch (error) {
    process.send?.({ id, error: String(error) })
  }
})
// The parent is gone.
process.on('disconnect', () => process.exit())
