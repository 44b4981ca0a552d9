import { createTestIssuer } from '../issuer.ts'
import { createItsYouOnlineEmulator } from './itsyouonline/index.ts'
import { createJustAuthenticateMeEmulator } from './justauthenticateme/index.ts'
import { createLogtoEmulator } from './logto/index.ts'
import { createOpenvCloudEmulator } from './openvcloud/index.ts'
import { createTrustAuthXEmulator } from './trustauthx/index.ts'

/** Every emulator, with what its clients need to know. */
export interface RunningEmulators {
  /** Emulator → address and throw-away credentials, as plain JSON. */
  readonly credentials: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  close(): Promise<void>
}

const api = 'https://api.example.test'

/**
 * Starts every emulator on 127.0.0.1, each with people, roles and clients of its own.
 * @param firstPort The ports are consecutive from here; 0 for free ones, wherever they are.
 * @throws {Error} when a port is taken
 */
export async function startEmulators(firstPort: number): Promise<RunningEmulators> {
  const portAt = (offset: number) => (firstPort === 0 ? 0 : firstPort + offset)
  const started: { close(): Promise<void> }[] = []
  const keep = <T extends { close(): Promise<void> }>(emulator: T): T => {
    started.push(emulator)
    return emulator
  }
  const close = async () => {
    await Promise.all(started.map((emulator) => emulator.close()))
  }

  try {
    const oidc = keep(await createTestIssuer({ port: portAt(0), audience: api }))
    const logto = keep(
      await createLogtoEmulator({
        port: portAt(1),
        resources: [{ indicator: api, scopes: ['read:orders', 'write:orders'] }],
        roles: [{ name: 'admin', scopes: { [api]: ['read:orders', 'write:orders'] } }],
        users: [
          { id: 'alice', username: 'alice', name: 'Alice Example', email: 'alice@example.test', roles: ['admin'] },
        ],
      }),
    )
    const machine = logto.addApp({
      name: 'machine',
      type: 'MachineToMachine',
      roles: ['admin', 'Logto Management API access'],
    })
    const trustauthx = keep(
      await createTrustAuthXEmulator({
        port: portAt(2),
        roles: [{ name: 'admin', permissions: [{ machine: 'delete' }] }],
        users: [{ email: 'alice@example.test', roles: ['admin'] }],
      }),
    )
    const itsyouonline = keep(await createItsYouOnlineEmulator({ port: portAt(3) }))
    const justauthenticateme = keep(await createJustAuthenticateMeEmulator({ port: portAt(4) }))
    const openvcloud = keep(await createOpenvCloudEmulator({ port: portAt(5), jwtKey: itsyouonline.publicJwk }))

    return {
      credentials: {
        oidc: {
          url: oidc.issuer,
          issuer: oidc.issuer,
          audience: oidc.audience,
          clientId: oidc.clientId,
          clientSecret: oidc.clientSecret,
        },
        logto: { url: logto.endpoint, issuer: logto.issuer, resource: api, ...machine },
        trustauthx: {
          url: trustauthx.url,
          loginUrl: trustauthx.loginUrl,
          apiKey: trustauthx.apiKey,
          secretKey: trustauthx.secretKey,
          orgId: trustauthx.orgId,
        },
        itsyouonline: {
          url: itsyouonline.url,
          publicKey: itsyouonline.publicKey,
          user: itsyouonline.user,
          organization: itsyouonline.organization,
        },
        justauthenticateme: {
          url: justauthenticateme.baseUrl,
          appId: justauthenticateme.appId,
          issuer: justauthenticateme.issuer,
        },
        openvcloud: { url: openvcloud.url, ...openvcloud.user },
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}
