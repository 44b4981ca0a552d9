import { createTestClock } from '@claviger/testing'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createAuthenticator, createBackchannelLogout, createRevocationList } from '../src/index.ts'
import { logto } from '../src/providers/logto/index.ts'
import { oidc } from '../src/providers/oidc.ts'
import { serve } from './support/adapter-app.ts'
import { accepted, form, refusal } from './support/logout-request.ts'
import { isGood } from './support/logout-stage.ts'
import { createLogtoStub, endpoints, recorded, recordedAt, type Version } from './support/logto-capture.ts'
import { app, createKeys, type OidcServer, resources, startOidcServer } from './support/oidc-provider.ts'

describe.each(Object.keys(endpoints) as Version[])('the logout token that a real Logto %s has sent', (version) => {
  it('ends the session that it names', async () => {
    const stub = await createLogtoStub(version)
    const { logout_token: token } = recorded<{ logout_token: string }>(version, 'backchannel-logout')
    const { aud, sid, iat } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
    const at = createTestClock(iat + 1)
    const ended: unknown[] = []
    const list = createRevocationList({ clock: at })
    const by = createAuthenticator({
      providers: [logto({ endpoint: endpoints[version], audience: 'a', client: { clientId: aud } })],
      clock: at,
      fetch: stub.fetch,
      revocations: {
        ...list,
        add(revocation) {
          ended.push(revocation)
          return list.add(revocation)
        },
      },
    })
    const receive = createBackchannelLogout(by)
    expect(await receive(form(`logout_token=${token}`))).toEqual(accepted)
    expect(ended).toMatchObject([{ kind: 'session', id: sid, issuer: `${endpoints[version]}/oidc` }])
    expect(await receive(form(`logout_token=${token}`))).toEqual(refusal)
    await at.advance(400)
    expect((await createBackchannelLogout(by)(form(`logout_token=${token}`))).status).toBe(400)
    expect(Math.abs(iat - recordedAt)).toBeLessThan(3600)
    await by.close()
    await stub.close()
  })
})

describe('a real authorization server', () => {
  let server: OidcServer
  beforeAll(async () => {
    server = await startOidcServer(await createKeys())
  })
  afterAll(() => server.kill())

  it('sends tokens that end its sessions here', async () => {
    const audience = resources.ES256
    const by = createAuthenticator({
      providers: [oidc({ issuer: server.issuer, audience, client: app })],
    })
    const receive = createBackchannelLogout(by)
    const running = await serve(async (request, response) => {
      const { status, headers, body } = await receive(request)
      response.writeHead(status, headers).end(body)
    })
    const uri = `${running.origin}/backchannel-logout`
    const { access_token: alices } = await server.signIn('alice', audience)
    const { access_token: bobs } = await server.signIn('bob', audience)
    expect(await server.sendLogoutToken(uri, { sub: 'alice', sid: 'of-a-browser' })).toBeUndefined()
    expect([await isGood(alices, by), await isGood(bobs, by)]).toEqual([true, true])
    await new Promise((resolve) => setTimeout(resolve, 1001))
    expect(await server.sendLogoutToken(uri, { sub: 'alice' })).toBeUndefined()
    expect([await isGood(alices, by), await isGood(bobs, by)]).toEqual(['ERR_TOKEN_REVOKED', true])
    await running.close()
    await by.close()
  })
})
