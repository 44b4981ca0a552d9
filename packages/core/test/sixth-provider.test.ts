import { createTestIssuer, type TestIssuer } from '@claviger/testing'
import { textAt } from '../src/claims.ts'
import type { Provider } from '../src/index.ts'
import { describeProvider, tampered } from './support/provider-contract.ts'

// A provider of one's own is one function: data, and how it says who a user is. Nothing else has to know of it.
function guildHall(hall: { readonly url: string; readonly jwksUri: string; readonly trade: string }): Provider {
  return {
    name: 'guildhall',
    issuer: hall.url,
    jwt: {
      keys: { jwksUri: hall.jwksUri },
      algorithms: ['EdDSA'],
      tokenTypes: ['guild+jwt'],
      audience: [hall.trade],
      requiredClaims: ['member', 'rank'],
      validate: ({ rank }) => (rank === 'expelled' ? 'the member was expelled' : undefined),
      user: (claims) => ({
        id: textAt(claims, 'member') ?? '',
        roles: [
          { id: String(claims.rank), name: String(claims.rank), permissions: [{ resource: 'hall', action: 'enter' }] },
        ],
      }),
    },
  }
}

describeProvider('a sixth one, made in a test', async () => {
  const issuer = await createTestIssuer({ algorithms: ['EdDSA'], audience: 'smiths' })
  const other = await createTestIssuer({ algorithms: ['EdDSA'], audience: 'smiths' })
  const letter = (by: TestIssuer, options: { expiresIn?: number; audience?: string } = {}, typ = 'guild+jwt') =>
    by.tokenFor({ ...options, claims: { member: 'ada', rank: 'master' }, header: { typ } })
  return {
    provider: guildHall({ url: issuer.issuer, jwksUri: issuer.jwksUri, trade: 'smiths' }),
    id: 'ada',
    good: () => letter(issuer),
    bad: {
      expired: () => letter(issuer, { expiresIn: -60 }),
      tampered: () => tampered(letter(issuer)),
      foreignIssuer: () => letter(other),
      foreignAudience: () => letter(issuer, { audience: 'bakers' }),
      wrongKind: () => letter(issuer, {}, 'at+jwt'),
    },
    fail: (fault) => issuer.fail('jwks', fault),
    heal: () => issuer.heal(),
    close: async () => {
      await Promise.all([issuer.close(), other.close()])
    },
  }
})
