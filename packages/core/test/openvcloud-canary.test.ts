import { createOpenvCloudEmulator } from '@claviger/testing'
import { afterEach, expect, it } from '@jest/globals'
import { createAuthenticator } from '../src/index.ts'
import { createOpenvCloudClient, openvCloud } from '../src/providers/openvcloud/index.ts'
import { everythingOf, faultsThatTell } from './support/canary.ts'

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const jwt = `${encode({ alg: 'ES384', typ: 'JWT' })}.${encode({ username: 'ann', exp: 4e9 })}.CANARYSIGNATURE${'A'.repeat(113)}`
const password = 'canary-password-1!'
const uploadPassword = 'canary upload'
const authkey = `${'cafe'.repeat(7)}c0de`
const marks = ['CANARYSIGNATURE', 'canary-password', 'canary+password', 'canary upload', 'canary%20upload', authkey]

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})

it('shows no secret in errors, hooks and addresses, however a call fails', async () => {
  const portal = await createOpenvCloudEmulator()
  const seen: unknown[] = []
  const options = {
    baseUrl: portal.url,
    retries: 0,
    timeout: 1,
    onRequest: (event: unknown) => void seen.push(event),
    onResponse: (event: unknown) => void seen.push(event),
  }
  const byPassword = createOpenvCloudClient({ ...options, username: 'ann', password })
  const byJwt = createOpenvCloudClient({ ...options, getJwt: () => jwt })
  const auth = createAuthenticator({ providers: [openvCloud({ baseUrl: portal.url, cacheFor: 0 })], timeout: 1 })
  open.push(portal, auth)
  const upload = { link: 'https://store.example', username: 'ann', passwd: uploadPassword, path: 'a.ova', machineId: 1 }
  const calls: readonly (readonly [readonly string[], () => Promise<unknown>])[] = [
    [[password], () => byPassword.authenticate({ username: 'ann', password })],
    [[password], () => byPassword.api.accounts.list()],
    [[password], () => byPassword.whoami()],
    [[jwt], () => byJwt.api.accounts.list()],
    [[jwt, uploadPassword], () => byJwt.api.machines.exportOVF(upload)],
    [[password], () => byJwt.api.users.authenticate({ username: 'ann', password })],
    [[jwt, uploadPassword], () => byJwt.start('machines.exportOVF', upload)],
    [[jwt], () => byJwt.task('any')],
    [[authkey], () => auth.verify(authkey)],
  ]
  let failures = 0
  for (const [secrets, call] of calls) {
    for (const fault of [undefined, ...faultsThatTell(secrets)]) {
      portal.heal()
      if (fault !== undefined) portal.fail('all', fault)
      const error = await call().catch((thrown: unknown) => thrown)
      failures += error instanceof Error ? 1 : 0
      const told = error instanceof Error ? everythingOf(error) : ''
      for (const mark of marks) expect(told).not.toContain(mark)
    }
  }
  for (const mark of marks) expect(everythingOf(seen)).not.toContain(mark)
  expect(failures).toBeGreaterThan(200)
  expect(seen.length).toBeGreaterThan(400)
})

it('shows no session of the portal that a client has got', async () => {
  const portal = await createOpenvCloudEmulator()
  open.push(portal)
  const client = createOpenvCloudClient({ ...portal.user, baseUrl: portal.url, retries: 0, timeout: 1 })
  portal.fail('authenticate', { status: 200, body: JSON.stringify(authkey) })
  for (const fault of faultsThatTell([authkey])) {
    portal.fail('cloudapi', fault)
    const told = everythingOf(await client.api.accounts.list().catch((error: unknown) => error))
    expect(told).not.toContain(authkey)
  }
})
