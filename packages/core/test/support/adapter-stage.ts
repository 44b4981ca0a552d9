import { createTestIssuer, type TestIssuer } from '@claviger/testing'
import { afterAll, afterEach, beforeAll } from '@jest/globals'
import { type Authenticator, createAuthenticator } from '../../src/authenticator.ts'
import { allOf, anyOf, not, organization, role, scope } from '../../src/guards/index.ts'
import { oidc } from '../../src/providers/oidc.ts'
import type { VerifiedToken } from '../../src/types.ts'
import { type AppSetup, type BuildApp, type OnUpgrade, type RouteSetup, type RunningApp, serve } from './adapter-app.ts'

const ok = () => ({ ok: true })

/** Routes with every guard. */
export const routes: RouteSetup[] = [
  { path: '/me', handle: ({ user }) => user ?? null },
  { path: '/signed-in', guards: (g) => [g.requireAuth()], handle: ok },
  { path: '/admin', guards: (g) => [g.requireRole('admin', 'root')], handle: ok },
  { method: 'delete', path: '/machines/:id', guards: (g) => [g.requirePermission('machine:delete')], handle: ok },
  {
    method: 'post',
    path: '/machines/:id',
    guards: (g) => [g.requirePermission({ machine: 'start', disk: 'read' })],
    handle: ok,
  },
  { path: '/scoped', guards: (g) => [g.requireScope('read', 'write')], handle: ok },
  {
    path: '/reports',
    guards: (g) => [g.authorize(anyOf(role('auditor'), allOf(scope('read:reports'), not(role('banned')))))],
    handle: ok,
  },
  { path: '/stacked', guards: (g) => [g.requireRole('admin'), g.requireScope('read')], handle: ok },
  {
    path: '/organizations/:organization/admin',
    guards: (g) => [
      g.authorize(organization((request: { params?: { organization: string } }) => request.params?.organization)),
      g.requireRole('admin'),
    ],
    handle: ok,
  },
  { method: 'post', path: '/echo', handle: ok },
]

/** What the parts of the contract work with. */
export interface Stage {
  readonly issuer: TestIssuer
  /** An app that trusts the issuer, unless told otherwise; it ends with the test. */
  start(setup?: Partial<AppSetup>, onUpgrade?: OnUpgrade): Promise<RunningApp>
  authenticatorFor(issuer: TestIssuer): Authenticator
  /** An authenticator whose verdicts the test makes up. */
  verifying(verify: (token: string) => Promise<VerifiedToken>): Authenticator
}

/** Sets the stage for the tests of one adapter. */
export function createStage(buildApp: BuildApp): Stage {
  let issuer: TestIssuer
  let authenticator: Authenticator
  const running: RunningApp[] = []

  beforeAll(async () => {
    issuer = await createTestIssuer()
    authenticator = authenticatorFor(issuer)
  })
  afterEach(async () => {
    await Promise.all(running.splice(0).map((app) => app.close()))
  })
  afterAll(async () => {
    await authenticator.close()
    await issuer.close()
  })

  function authenticatorFor({ issuer, audience }: TestIssuer): Authenticator {
    const rights = { rolesFrom: 'roles', permissionsFrom: 'permissions', organizationFrom: 'organization_id' }
    return createAuthenticator({ providers: [oidc({ issuer, audience, ...rights })] })
  }

  return {
    get issuer() {
      return issuer
    },
    async start(setup = {}, onUpgrade) {
      const app = await serve(buildApp({ auth: authenticator, routes, ...setup }), onUpgrade)
      running.push(app)
      return app
    },
    authenticatorFor,
    verifying: (verify) => ({ ...authenticator, verify }),
  }
}
