import { createJustAuthenticateMeEmulator } from '@claviger/testing'
import { justAuthenticateMe } from '../src/providers/justauthenticateme/index.ts'
import { describeProvider, tampered } from './support/provider-contract.ts'

describeProvider('justauthenticateme', async () => {
  const emulator = await createJustAuthenticateMeEmulator()
  const { appId, baseUrl } = emulator
  const other = await emulator.addApp()
  const alice = 'alice@example.com'
  return {
    provider: justAuthenticateMe({ appId, baseUrl }),
    id: alice,
    good: () => emulator.signIn(alice).idToken,
    bad: {
      expired: () => emulator.tokenFor(alice, { expiresIn: -60 }),
      tampered: () => tampered(emulator.tokenFor(alice)),
      foreignIssuer: () => emulator.signIn(alice, { appId: other }).idToken,
      foreignAudience: () => emulator.tokenFor(alice, { claims: { aud: other } }),
      wrongKind: () => emulator.tokenFor(alice, { claims: { token_use: 'access' } }),
    },
    fail: (fault) => emulator.fail('jwks', fault),
    heal: () => emulator.heal(),
    close: () => emulator.close(),
  }
})
