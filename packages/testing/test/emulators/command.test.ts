import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createAuthenticator } from '@claviger/core'
import { createItsYouOnlineClient, itsYouOnline } from '@claviger/core/itsyouonline'
import { createJustAuthenticateMeClient } from '@claviger/core/justauthenticateme'
import { createLogtoClient, logto } from '@claviger/core/logto'
import { oidc } from '@claviger/core/oidc'
import { createOpenvCloudClient } from '@claviger/core/openvcloud'
import { createTrustAuthXClient } from '@claviger/core/trustauthx'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { startEmulators } from '../../src/emulators/all.ts'

const root = join(import.meta.dirname, '..', '..', '..', '..')

type Texts = Readonly<Record<string, string>>
type Printed = Readonly<Record<string, Texts>>

function run(...args: string[]): ChildProcess {
  const script = ['--conditions=source-dev', '--import', 'tsx', 'packages/testing/src/cli/emulators.ts']
  return spawn(process.execPath, [...script, ...args], {
    cwd: root,
    env: { ...process.env, NODE_OPTIONS: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

describe('the command that starts every emulator', () => {
  let child: ChildProcess
  let printed: Record<string, Record<string, string>>
  const lines: string[] = []
  beforeAll(async () => {
    child = run('--port', '0')
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => lines.push(line))
    while (lines.length === 0 && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 20))
    printed = JSON.parse(lines[0] ?? '')
  }, 60_000)
  afterAll(() => void child.kill('SIGKILL'))

  const of = (name: string): Texts => printed[name] ?? {}

  it('prints one line: addresses on this machine', () => {
    const names = ['itsyouonline', 'justauthenticateme', 'logto', 'oidc', 'openvcloud', 'trustauthx']
    expect(lines).toHaveLength(1)
    expect(Object.keys(printed).sort()).toEqual(names)
    expect(names.map((name) => new URL(of(name).url ?? '').hostname)).toEqual(names.map(() => '127.0.0.1'))
  })

  it('and credentials that work, at each of them', async () => {
    const { apiKey = '', secretKey = '', orgId = '', url: apiBaseUrl = '' } = of('trustauthx')
    const trust = createTrustAuthXClient({ apiKey, secretKey, orgId, apiBaseUrl })
    expect((await trust.roles.getAll()).map(({ name }) => name)).toEqual(['admin'])

    const { url: endpoint = '', clientId = '', clientSecret = '', resource = '' } = of('logto')
    const tenant = createLogtoClient({ endpoint, clientId, clientSecret })
    expect((await tenant.listUsers().toArray()).map(({ username }) => username)).toEqual(['alice'])

    const { url: baseUrl = '', publicKey = '' } = of('itsyouonline')
    const online = createItsYouOnlineClient({ ...(of('itsyouonline').user as unknown as Credentials), baseUrl })
    const user = await online.user()

    const jam = createJustAuthenticateMeClient({
      appId: of('justauthenticateme').appId ?? '',
      baseUrl: of('justauthenticateme').url ?? '',
    })
    await jam.authenticate('alice@example.test')
    await jam.close()

    const { url: portal = '', username = '', password = '' } = of('openvcloud')
    const cloud = createOpenvCloudClient({ baseUrl: portal, username, password })
    expect((await cloud.whoami()).name).toBe(username)

    const issuer = of('oidc')
    const auth = createAuthenticator({
      providers: [
        oidc({ issuer: issuer.issuer ?? '', audience: issuer.audience ?? '' }),
        logto({ endpoint, audience: resource }),
        itsYouOnline({ organization: null, keys: publicKey, baseUrl }),
      ],
    })
    const basic = Buffer.from(`${issuer.clientId}:${issuer.clientSecret}`).toString('base64')
    const answer = await fetch(`${issuer.issuer}/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${basic}` },
      body: new URLSearchParams({ grant_type: 'client_credentials' }),
    })
    const { access_token } = (await answer.json()) as { access_token: string }
    expect((await auth.verify(access_token)).user.id).toBe(issuer.clientId)
    const { accessToken } = await tenant.tokens.get({ resource, scopes: ['read:orders'] })
    expect((await auth.verify(accessToken)).user).toMatchObject({ id: clientId, scopes: ['read:orders'] })
    expect((await auth.verify(await online.getJwt())).user.id).toBe(user.username)
    await auth.close()
  })

  it('ends when it is told to', async () => {
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    expect(await ended).toEqual([0, null])
  })

  it.each(['-1', '65001', 'many'])('says which ports there are, for %s', async (port) => {
    const refused = run(`--port=${port}`)
    let said = ''
    refused.stderr?.on('data', (chunk) => {
      said += chunk
    })
    expect(await once(refused, 'close')).toEqual([2, null])
    expect(said).toBe('--port takes a number from 0 (any free ports) to 65000.\n')
  })
})

describe('all emulators', () => {
  it('are at consecutive ports, and none is left where one of them is taken', async () => {
    const first = await freePorts(6)
    const { credentials, close } = await startEmulators(first)
    const ports = Object.values(credentials as Printed).map(({ url = '' }) => Number(new URL(url).port))
    expect(ports).toEqual([0, 1, 2, 3, 4, 5].map((offset) => first + offset))
    await close()

    const taken = createServer().listen(first + 3, '127.0.0.1')
    await once(taken, 'listening')
    await expect(startEmulators(first)).rejects.toMatchObject({ code: 'EADDRINUSE' })
    for (const offset of [0, 1, 2]) await listenOnce(first + offset)
    taken.close()
  })
})

interface Credentials {
  readonly clientId: string
  readonly clientSecret: string
}

/** The first of so many free ports in a row. */
async function freePorts(count: number): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const first = 20_000 + Math.floor(Math.random() * 10_000)
    try {
      for (let offset = 0; offset < count; offset += 1) await listenOnce(first + offset)
      return first
    } catch {
      // One is taken.
    }
  }
  throw new Error('no free ports')
}

async function listenOnce(port: number): Promise<void> {
  const server = createServer().listen(port, '127.0.0.1')
  await once(server, 'listening')
  server.close()
  await once(server, 'close')
}
