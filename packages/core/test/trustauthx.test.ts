import { createTrustAuthXEmulator } from '@claviger/testing'
import { SignJWT } from 'jose'
import { trustAuthX } from '../src/providers/trustauthx/index.ts'
import { describeProvider, tampered } from './support/provider-contract.ts'

describeProvider('trustauthx', async () => {
  const emulator = await createTrustAuthXEmulator({
    roles: [{ name: 'editor', permissions: [{ machine: 'delete' }] }],
    users: [{ uid: 'alice', email: 'alice@example.com', roles: ['editor'] }],
  })
  const other = emulator.addOrganization()
  emulator.addUser({ uid: 'mallory', email: 'mallory@example.com' }, other)
  const { apiKey, secretKey, orgId, url } = emulator
  const good = () => emulator.signIn('alice').accessToken
  return {
    provider: trustAuthX({ apiKey, secretKey, orgId, apiBaseUrl: url }),
    id: 'alice',
    good,
    bad: {
      expired() {
        const token = good()
        emulator.expire(token)
        return token
      },
      tampered: () => tampered(good()),
      foreignIssuer: () =>
        new SignJWT({ sub: 'alice', iss: 'https://elsewhere.example' })
          .setProtectedHeader({ alg: 'HS256' })
          .setExpirationTime('5m')
          .sign(Buffer.from('a secret of somebody else')),
      foreignAudience: () => emulator.signIn('mallory').accessToken,
      wrongKind: () => emulator.mintUserToken('alice'),
    },
    fail: (fault) => emulator.fail('all', fault),
    heal: () => emulator.heal(),
    close: () => emulator.close(),
  }
})
