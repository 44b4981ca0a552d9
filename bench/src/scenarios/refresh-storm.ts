import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { TokenSet } from '@claviger/core'
import { createLogtoEmulator, createTestIssuer } from '@claviger/testing'
import { startRedis } from '../../../packages/core/test/support/redis-process.ts'
import { type Fleet, type Shown, startFleet } from '../../../packages/core/test/support/refresh-fleet.ts'
import { atLeast, atMost, type Claim, type Result, type Row, type RunOptions } from '../scenario.ts'

const processes = [0, 1, 2, 3]

/** What is done in one setting, and what came of it. */
interface Storm {
  readonly shown: readonly Shown[]
  /** At the issuer. */
  readonly calls: number
  readonly seconds: number
  /** Processes that accept the access token after it. */
  readonly accepting: number
}

/** Refreshes one rotating token in four processes at once, with an issuer that takes three times the lease, and everything that can go wrong. */
export async function refreshStorm({ quick, say }: RunOptions): Promise<Result> {
  const lease = quick ? 0.3 : 1
  const delay = 3 * lease
  const times = quick ? 10 : 100
  const key = randomBytes(32).toString('base64')
  const redis = await startRedis()
  const fleet = await startFleet(processes.length)
  const shared = { redis: redis.url, key, lease }

  /** An issuer that ends the family of a refresh token when it is used twice. */
  async function strict(
    storm: (issuer: Awaited<ReturnType<typeof createTestIssuer>>) => { kill?: boolean; dead?: boolean },
  ) {
    const issuer = await createTestIssuer()
    const { clientId, clientSecret, audience } = issuer
    await fleet.use({ ...shared, oidc: { issuer: issuer.issuer, audience, client: { clientId, clientSecret } } })
    const { kill = false, dead = false } = storm(issuer)
    const tokens = { accessToken: issuer.tokenFor(), refreshToken: dead ? 'unknown' : issuer.refreshTokenFor() }
    const result = await run(fleet, tokens, times, () => issuer.requests('token'), kill ? delay / 2 : undefined)
    issuer.heal()
    // Whether its detection of reuse has fired: then the family is dead.
    const refreshToken = result.shown.find(({ pair }) => pair !== undefined)?.pair?.[1]
    const next =
      refreshToken === undefined ? [] : await fleet.refresh(3, { tokens: { ...tokens, refreshToken }, times: 1 })
    await issuer.close()
    return { ...result, familyLives: next.every(({ outcome }) => outcome === 'refreshed') }
  }

  /** An issuer that forgives a second use within three seconds, with the winner killed in the middle. */
  async function forgiving(): Promise<Storm> {
    const audience = 'https://orders.example.test/api'
    const tenant = await createLogtoEmulator({
      resources: [{ indicator: audience, scopes: [] }],
      users: [{ id: 'alice', username: 'alice' }],
      apps: [{ id: 'spa', type: 'SPA' }],
    })
    await fleet.use({ ...shared, logto: { endpoint: tenant.endpoint, audience, client: { clientId: 'spa' } } })
    const { refreshToken = '' } = await tenant.signIn('alice')
    const tokens = { accessToken: await tenant.tokenFor('alice', { resource: audience }), refreshToken }
    const before = tenant.requests('token')
    tenant.fail('token', { delay })
    const result = await run(fleet, tokens, times, () => tenant.requests('token') - before, delay / 2)
    await tenant.close()
    return result
  }

  try {
    say('a slow issuer')
    const slow = await strict((issuer) => {
      issuer.fail('token', { delay })
      return {}
    })
    say('the winner is killed, and the issuer forgives')
    const killed = await forgiving()
    say('the winner is killed, and the issuer forgives nothing')
    const lost = await strict((issuer) => {
      issuer.fail('token', { delay })
      return { kill: true }
    })
    say('the issuer is down')
    const down = await strict((issuer) => {
      issuer.fail('token', { status: 503 })
      return {}
    })
    say('the issuer has ended the session')
    const ended = await strict(() => ({ dead: true }))

    const rows = [
      row('issuer slower than the lease', slow),
      row('winner killed, issuer forgives for 3 s', killed),
      row('winner killed, issuer forgives nothing', lost),
      row('issuer answers 503', down),
      row('issuer says invalid_grant', ended),
    ]
    const all = processes.length * times
    const left = (processes.length - 1) * times
    const claims: Claim[] = [
      atMost('an issuer slower than the lease is called once', slow.calls, 1),
      atLeast('and everybody is refreshed', count(slow, 'refreshed'), all),
      atMost('with one pair', pairs(slow), 1),
      atLeast('whose family lives: the detection of reuse has not fired', Number(slow.familyLives), 1),
      atMost('with the winner killed, the issuer is called at most twice', Math.max(killed.calls, lost.calls), 2),
      atLeast('all who are left are refreshed by an issuer that forgives', count(killed, 'refreshed'), left),
      atMost('with one pair', pairs(killed), 1),
      atMost('and nobody is logged out', count(killed, 'rejected') + count(lost, 'rejected'), 0),
      atMost('an outage logs nobody out', count(down, 'rejected'), 0),
      atLeast('and leaves the access token good everywhere', down.accepting, processes.length),
      atLeast('a rejection reaches everybody', count(ended, 'rejected'), all),
      atMost('by one call', ended.calls, 1),
      atMost('and ends the access token everywhere', ended.accepting, 0),
    ]
    const notes = [
      `${processes.length} processes, ${times} requests at once in each; the issuer takes ${delay} s, the lease is ${lease} s.`,
      'The requests of a killed process are lost with it, and come again.',
    ]
    return { rows, claims, notes }
  } finally {
    await fleet.close()
    await redis.close()
  }
}

/** @param killAfter seconds until the first process, which asks, is killed */
async function run(
  fleet: Fleet,
  tokens: TokenSet,
  times: number,
  calls: () => number,
  killAfter: number | undefined,
): Promise<Storm> {
  const started = performance.now()
  const first = fleet.refresh(0, { tokens, times })
  // With nobody killed all start at once; else the first has to be the one that asks.
  if (killAfter !== undefined) while (calls() === 0) await pause(1)
  const others = processes.slice(1).map((one) => fleet.refresh(one, { tokens, times }))
  if (killAfter !== undefined) {
    await pause(killAfter * 1000)
    fleet.kill(0)
  }
  const shown = (await Promise.all([first, ...others])).flat()
  const seconds = (performance.now() - started) / 1000
  // What is revoked reaches the others within milliseconds.
  await pause(200)
  const alive = killAfter === undefined ? processes : processes.slice(1)
  const verdicts = await Promise.all(alive.map((one) => fleet.verify(one, tokens.accessToken)))
  return { shown, calls: calls(), seconds, accepting: verdicts.filter((verdict) => verdict === 'good').length }
}

function count({ shown }: Storm, wanted: Shown['outcome']): number {
  return shown.filter(({ outcome }) => outcome === wanted).length
}

function pairs({ shown }: Storm): number {
  return new Set(shown.flatMap(({ pair }) => (pair === undefined ? [] : [JSON.stringify(pair)]))).size
}

function row(setting: string, storm: Storm): Row {
  return {
    setting,
    subject: 'claviger',
    values: {
      'calls upstream': storm.calls,
      refreshed: count(storm, 'refreshed'),
      pairs: pairs(storm),
      unavailable: count(storm, 'unavailable'),
      rejected: count(storm, 'rejected'),
      'access token good in': storm.accepting,
      seconds: storm.seconds,
    },
  }
}
