import { createRoleAdministration } from '@claviger/core'
import type { TestIssuer } from '@claviger/testing'
import { type RunningApp, startApps } from './apps.ts'
import { type Providers, type SignIn, startProviders } from './providers.ts'
import { type SharedRevocations, shareRevocations } from './revocations.ts'
import type { Line } from './table.ts'

/** The providers of the demo, and the APIs that trust them. */
export interface Stage {
  readonly providers: Providers
  readonly revocations: SharedRevocations
  readonly apps: readonly RunningApp[]
  close(): Promise<void>
}

/** Starts every provider, and the same API on Express and on Koa. */
export async function setStage(): Promise<Stage> {
  const providers = await startProviders()
  const revocations = await shareRevocations()
  const apps = await startApps(() => ({ ...providers.options(), revocations: revocations.list() }))
  return {
    providers,
    revocations,
    apps,
    async close() {
      await Promise.all(apps.map((app) => app.close()))
      await Promise.all([providers.close(), revocations.close()])
    },
  }
}

/** Plays the story against one API, through real HTTP, and gives its lines. */
export async function play({ providers, revocations, apps }: Stage, app: RunningApp): Promise<Line[]> {
  const { issuer, tenant, trust, api, member, signIns } = providers
  const lines: Line[] = []

  async function ask(step: string, route: string, token: string | undefined, expected: number): Promise<void> {
    const [path = '', method = 'GET'] = route.split(' ').reverse()
    const started = performance.now()
    const status = await statusOf(app, path, token, method)
    const milliseconds = performance.now() - started
    lines.push({ step, framework: app.framework, request: `${method} ${path}`, expected, status, milliseconds })
  }

  // Asks the other API until it answers so; the time is that since it was told here.
  async function askElsewhere(step: string, token: string, expected: number, since: number): Promise<void> {
    for (const other of apps.filter((one) => one !== app)) {
      let status = 0
      for (const end = since + 10_000; status !== expected && performance.now() < end; await pause(1))
        status = await statusOf(other, '/me', token)
      const milliseconds = performance.now() - since
      lines.push({ step, framework: other.framework, request: 'GET /me', expected, status, milliseconds })
    }
  }

  const atLogto = (user: string) => tenant.tokenFor(user, { resource: api })
  const alice = issuer.tokenFor({ subject: 'alice', roles: ['admin'] })
  const bob = issuer.tokenFor({ subject: 'bob', roles: ['administrator'] })

  async function signInAt({ provider, signIn, refreshes, refreshCalls }: SignIn): Promise<void> {
    let tokens = await signIn()
    await ask(`${provider}: signed in`, '/me', tokens.accessToken, 200)
    await ask(`${provider}: tampered with`, '/me', tampered(tokens.accessToken), 401)
    if (refreshes) {
      const before = refreshCalls()
      const outcomes = await Promise.all(Array.from({ length: 50 }, () => app.auth.refresh(tokens)))
      count(`${provider}: 50 refreshes at once`, 'calls of the provider', 1, refreshCalls() - before)
      for (const outcome of outcomes) if (outcome.outcome === 'refreshed') tokens = outcome.tokens
      await ask(`${provider}: the new token`, '/me', tokens.accessToken, 200)
    }
    await app.auth.revoke({ token: tokens.accessToken })
    await ask(`${provider}: revoked`, '/me', tokens.accessToken, 401)
  }

  function count(step: string, request: string, expected: number, status: number): void {
    lines.push({ step, framework: app.framework, request, expected, status, milliseconds: 0 })
  }

  await ask('nobody', '/me', undefined, 401)
  await ask('who am I, at the OpenID issuer', '/me', alice, 200)
  await ask('who am I, once more: a known token', '/me', alice, 200)
  await ask('who am I, at Logto', '/me', await atLogto('alice'), 200)
  await ask('Alice has the role admin', '/admin', alice, 200)
  await ask('Bob has a role called administrator', '/admin', bob, 403)
  await ask('Alice of Logto has the role too', '/admin', await atLogto('alice'), 200)
  await ask('and the scope', '/orders', await atLogto('alice'), 200)
  await ask('Bob of Logto has no scope', '/orders', await atLogto('bob'), 403)
  await ask('one character of the signature changed', '/me', tampered(alice), 401)
  await ask('an ID token is no access token', '/me', issuer.idTokenFor({ subject: 'alice' }), 401)

  const oldKey = issuer.current.kid
  await issuer.rotate()
  await ask('keys rotated: the old token still works', '/me', alice, 200)
  await ask('and so does a new one', '/me', issuer.tokenFor({ subject: 'carol' }), 200)
  issuer.removeKey(oldKey)
  await pause(1100) // the cool-down of unknown keys, 1 s here
  await issuer.rotate()
  const dora = issuer.tokenFor({ subject: 'dora' })
  await ask('the old key removed: a stranger makes us look', '/me', dora, 200)
  await ask('and its tokens are dead at once', '/me', alice, 401)
  await tenant.rotate(app.framework === 'Express' ? 'RSA' : 'EC')
  await pause(1100)
  await ask('Logto rotates to another kind of key', '/me', await atLogto('alice'), 200)

  issuer.fail('jwks', 'reset')
  issuer.fail('discovery', 'reset')
  await ask('the issuer is down: known users keep working', '/me', dora, 200)
  await pause(1100)
  const stranger = await strangerTo(issuer)
  await ask('somebody signed with a key nobody has seen', '/me', stranger, 503)
  issuer.heal()
  await pause(1500)
  await ask('the issuer is back', '/me', stranger, 200)

  const machine = 'DELETE /machines/7'
  const may = [{ machine: 'delete' }]
  await ask('deleting machines takes a role that allows it', machine, stranger, 403)
  const ada = issuer.tokenFor({ subject: 'ada', roles: ['admin'] })
  await ask('and Ada has it', machine, ada, 200)
  trust.setPermissions('admin', [])
  await pause(1100) // maxAge of the role directory, 1 s here
  await ask('the role is changed at its provider: seen within a second', machine, ada, 403)
  trust.setPermissions('admin', may)
  await pause(1100)
  await ask('and changed back: her token is the same all the time', machine, ada, 200)

  const admin = createRoleAdministration({ source: member.roles, auth: app.auth, provider: 'trustauthx' })
  const adminId = trust.roles().admin?.id ?? ''
  const session = trust.signIn(member.uid)
  await ask('Alice of TrustAuthX may delete machines', machine, session.accessToken, 200)
  const signedOffAt = performance.now()
  const { tokens } = await admin.assign(member.uid, { remove: [adminId], session })
  await ask('her role is taken away, and her session signed off', machine, session.accessToken, 401)
  await askElsewhere(`at the other API too (by ${revocations.by})`, session.accessToken, 401, signedOffAt)
  await ask('her new token is good, without the role', machine, tokens?.accessToken, 403)
  await admin.assign(member.uid, { add: [adminId] })

  const revokedAt = performance.now()
  await app.auth.revoke({ subject: 'dora', provider: 'oidc' })
  await ask('Dora revoked, her token still unexpired', '/me', dora, 401)
  await askElsewhere(`and refused by the other API too (by ${revocations.by})`, dora, 401, revokedAt)
  await ask('the others are not concerned', '/me', stranger, 200)

  for (const each of signIns) await signInAt(each)
  return lines
}

async function statusOf({ url }: RunningApp, path: string, token?: string, method = 'GET'): Promise<number> {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const response = await fetch(url + path, { method, headers })
  await response.text()
  return response.status
}

async function strangerTo(issuer: TestIssuer): Promise<string> {
  await issuer.rotate()
  return issuer.tokenFor({ subject: 'erin' })
}

// In the middle, where every bit counts.
function tampered(token: string): string {
  const at = token.length - 20
  return token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1)
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
