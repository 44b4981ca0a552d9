import { createJustAuthenticateMeEmulator } from '@claviger/testing'
import { afterEach, expect, it } from '@jest/globals'
import { createJustAuthenticateMeClient, justAuthenticateMe } from '../src/providers/justauthenticateme/index.ts'
import { everythingOf, faultsThatTell } from './support/canary.ts'
import { contextOf } from './support/provider-context.ts'

// With what base64 has besides letters, so that no part is long enough to look random by itself.
const refreshToken = Array.from({ length: 12 }, (_, at) => `canaryRefresh${at}`).join('/+=')
const marks = ['canaryRefresh', 'CANARYSIGNATURE']

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})

it('shows no token in errors, hooks and addresses, however a call fails', async () => {
  const jam = await createJustAuthenticateMeEmulator()
  const { appId, baseUrl } = jam
  const good = jam.tokenFor('alice@example.com')
  const idToken = `${good.slice(0, -60)}${'CANARYSIGNATURE'.repeat(4)}`
  const seen: unknown[] = []
  const client = createJustAuthenticateMeClient({
    appId,
    baseUrl,
    retries: 0,
    timeout: 1,
    onRequest: (event) => seen.push(event),
    onResponse: (event) => seen.push(event),
  })
  open.push(jam, client)
  const provider = justAuthenticateMe({ appId, baseUrl })
  const context = contextOf(provider, { timeout: 1 })
  const calls: readonly (() => Promise<unknown> | undefined)[] = [
    () => client.verifyToken(idToken),
    () => client.refresh(refreshToken),
    () => client.deleteRefreshToken(idToken, refreshToken),
    () => client.deleteAllRefreshTokens(idToken),
    () => client.verifyRemote(idToken),
    () => client.readCallback(`/in?idToken=${idToken}&refreshToken=${encodeURIComponent(refreshToken)}`),
    () => provider.refresh?.({ refreshToken, accessToken: idToken }, context),
    () => provider.revoke?.({ kind: 'refreshToken', token: refreshToken, accessToken: idToken }, context),
    () => provider.revoke?.({ kind: 'refreshToken', token: refreshToken }, context),
    () => provider.revoke?.({ kind: 'allOfUser', token: idToken }, context),
  ]
  let failures = 0
  for (const fault of [undefined, ...faultsThatTell([refreshToken, idToken])]) {
    if (fault !== undefined) jam.fail('all', fault)
    for (const outcome of await Promise.allSettled(calls.map((call) => call()))) {
      failures += outcome.status === 'rejected' ? 1 : 0
      const told = everythingOf(outcome.status === 'rejected' ? outcome.reason : outcome.value)
      for (const mark of marks) expect(told).not.toContain(mark)
    }
  }
  for (const mark of marks) expect(everythingOf(seen)).not.toContain(mark)
  expect(failures).toBeGreaterThan(200)
  expect(seen.length).toBeGreaterThan(200)
})
