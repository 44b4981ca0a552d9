import {
  assertAllowed,
  createAuthenticator,
  createRoleDirectory,
  permission,
  type RoleDefinitions,
} from '@claviger/core'
import { oidc } from '@claviger/core/oidc'
import { createTestIssuer } from '@claviger/testing'
import { atMost, type Result, type Row, type RunOptions } from '../scenario.ts'
import { median } from '../statistics.ts'

const perRole = 50

/** Loads a large directory, asks guards about users of it, and verifies known tokens by its word. */
export async function roles({ quick, rounds = 15 }: RunOptions): Promise<Result> {
  const count = quick ? 100 : 10_000
  const times = quick ? 3 : rounds
  const definitions: RoleDefinitions = { roles: Object.fromEntries(rolesOf(count)) }
  const source = async () => rolesOf(count).map(([name, permissions]) => ({ name, permissions }))
  const issuer = await createTestIssuer()
  // Nothing is fetched meanwhile.
  const keys = { jwksUri: null, jwks: issuer.jwks() }
  const provider = oidc({ issuer: issuer.issuer, audience: issuer.audience, rolesFrom: 'roles', ...keys })

  const loads: number[] = []
  const reads: number[] = []
  const checks = new Map<number, number[]>()
  const warm: number[] = []
  const without: number[] = []
  for (let round = -1; round < times; round += 1) {
    const started = cpuMilliseconds()
    const directory = createRoleDirectory({ source: round % 2 === 0 ? source : definitions })
    await directory.find('role-1')
    const loaded = cpuMilliseconds() - started
    await directory.all()
    const read = cpuMilliseconds() - started
    const auth = createAuthenticator({ providers: [provider], roles: directory })
    const plain = createAuthenticator({ providers: [provider] })
    for (const held of [1, 20, 400].filter((each) => each <= count)) {
      const names = Array.from({ length: held }, (_, index) => `role-${Math.floor((index * count) / held)}`)
      const token = issuer.tokenFor({ roles: names })
      const verified = await auth.verify(token)
      const last = verified.user.permissions.at(-1) ?? ''
      const [granting, refusing] = [permission(last), permission('nobody:has')]
      const input = { user: verified.user, auth: verified, request: {} }
      const ask = () => {
        assertAllowed(granting, input)
        if (refusing(input).granted === true) throw new Error('granted what nobody has')
      }
      timed(20_000, ask)
      const taken = timed(20_000, ask)
      if (round >= 0) checks.set(held, [...(checks.get(held) ?? []), taken / 2])
    }
    const token = issuer.tokenFor({ roles: ['role-1', 'role-2'] })
    const [judged, unjudged] = [await verifying(auth, token), await verifying(plain, token)]
    await auth.close()
    await plain.close()
    if (round < 0) continue
    loads.push(loaded)
    reads.push(read)
    warm.push(judged)
    without.push(unjudged)
  }
  await issuer.close()

  const rows: Row[] = [
    { setting: `${count} roles of ${perRole}`, subject: 'load, and find one', values: { 'ms of CPU': median(loads) } },
    { setting: `${count} roles of ${perRole}`, subject: 'load, and list all', values: { 'ms of CPU': median(reads) } },
    ...[...checks].map(([held, taken]) => ({
      setting: `a user with ${held} roles`,
      subject: 'a permission check',
      values: { 'µs of CPU': median(taken) },
    })),
    { setting: 'a known token', subject: 'verify by the directory', values: { 'µs of CPU': median(warm) } },
    { setting: 'a known token', subject: 'verify without one', values: { 'µs of CPU': median(without) } },
  ]
  const slowest = Math.max(...[...checks.values()].map(median))
  return {
    rows,
    claims: [
      atMost(
        `${count} roles of ${perRole} permissions are loaded and listed in at most 1000 ms of CPU time`,
        median(reads),
        1000,
      ),
      atMost('a permission check takes at most 1 µs of CPU time', slowest, 1),
      atMost('a warm verify by the word of the directory takes at most 2 µs of CPU time', median(warm), 2),
    ],
  }
}

function rolesOf(count: number): [string, string[]][] {
  return Array.from({ length: count }, (_, role) => [
    `role-${role}`,
    Array.from({ length: perRole }, (_, index) => `resource-${role}-${index}:action-${index}`),
  ])
}

// Of the whole process, its collector of garbage included: what others do on the machine does not count.
function cpuMilliseconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** Microseconds each. */
function timed(times: number, run: () => void): number {
  const started = cpuMilliseconds()
  for (let i = 0; i < times; i += 1) run()
  return ((cpuMilliseconds() - started) / times) * 1000
}

async function verifying({ verify }: { verify(token: string): Promise<unknown> }, token: string): Promise<number> {
  await verify(token)
  const times = 20_000
  const started = cpuMilliseconds()
  for (let i = 0; i < times; i += 1) await verify(token)
  return ((cpuMilliseconds() - started) / times) * 1000
}
