// A process of an app, which refreshes what it is told to. It is started and told by refresh-fleet.ts.
import { createClient } from 'redis'
import { type Authenticator, createAuthenticator, type Provider, type RefreshOutcome } from '../../src/index.ts'
import { logto } from '../../src/providers/logto/index.ts'
import { oidc } from '../../src/providers/oidc.ts'
import { createRedisRefreshes, createRedisRevocationList } from '../../src/redis/index.ts'
import type { Task, WorkerSetup } from './refresh-fleet.ts'

let auth: Authenticator | undefined

process.once('disconnect', () => process.exit())
process.on('message', async ({ setup, task, token }: { setup?: WorkerSetup; task?: Task; token?: string }) => {
  if (setup !== undefined) await use(setup)
  if (token !== undefined) await verify(token)
  if (task !== undefined) await refresh(task)
})
process.send?.({ started: true })

async function use(setup: WorkerSetup): Promise<void> {
  await auth?.close()
  const providers: Provider[] = 'oidc' in setup ? [oidc(setup.oidc)] : [logto(setup.logto)]
  const client = createClient({ url: setup.redis })
  const refreshes = createRedisRefreshes({ client, keys: setup.key, lease: setup.lease })
  const revocations = createRedisRevocationList({ client })
  auth = createAuthenticator({ providers, refreshes, revocations, timeout: 30 })
  await auth.ready()
  process.send?.({ ready: true })
}

async function verify(token: string): Promise<void> {
  const verdict = await auth?.verify(token).then(
    () => 'good',
    ({ code }) => code,
  )
  process.send?.({ verdict })
}

async function refresh({ tokens, times }: Task): Promise<void> {
  const all = await Promise.all(
    Array.from({ length: times }, () => auth?.refresh({ ...tokens }) as Promise<RefreshOutcome>),
  )
  const outcomes = all.map((one) =>
    one.outcome === 'refreshed'
      ? { outcome: one.outcome, pair: [one.tokens.accessToken, one.tokens.refreshToken] }
      : { outcome: one.outcome, code: one.error.code, explanation: one.error.explanation },
  )
  process.send?.({ outcomes })
}
