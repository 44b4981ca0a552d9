import { createTestIssuer } from '@claviger/testing'
import { afterEach, expect, it, jest } from '@jest/globals'
import { createAuthenticator } from '../src/index.ts'
import { oidc } from '../src/providers/oidc.ts'

afterEach(() => {
  jest.useRealTimers()
})

it('goes by the clock that a test of an app puts into the place of the real one, also for a token that is known', async () => {
  await using issuer = await createTestIssuer()
  const auth = createAuthenticator({ providers: [oidc({ issuer: issuer.issuer, audience: issuer.audience })] })
  const token = issuer.tokenFor({ expiresIn: 3600 })
  await auth.verify(token)
  jest.useFakeTimers({ advanceTimers: true, now: Date.now() + 3700_000 })
  await expect(auth.verify(token)).rejects.toMatchObject({ code: 'ERR_TOKEN_EXPIRED' })
  jest.setSystemTime(Date.now() - 3700_000)
  await expect(auth.verify(issuer.tokenFor())).resolves.toBeDefined()
  await auth.close()
})
