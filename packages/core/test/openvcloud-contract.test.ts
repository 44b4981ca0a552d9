import { createItsYouOnlineEmulator, createOpenvCloudEmulator } from '@claviger/testing'
import { openvCloud } from '../src/providers/openvcloud/index.ts'
import { describeProvider, tampered } from './support/provider-contract.ts'

describeProvider('openvcloud, sessions', async () => {
  const [portal, other] = await Promise.all([createOpenvCloudEmulator(), createOpenvCloudEmulator()])
  const ended = () => {
    const authkey = portal.login('bob@itsyouonline')
    portal.endSessions('bob@itsyouonline')
    return authkey
  }
  return {
    provider: openvCloud({ baseUrl: portal.url }),
    id: 'ann',
    good: () => portal.login('ann'),
    bad: {
      expired: ended,
      tampered: () => tampered(portal.login('ann')),
      foreignIssuer: () => other.login('ann'),
      foreignAudience: () => '0123456789abcdef0123456789abcdef',
      wrongKind: () => portal.user.password,
    },
    fail: (fault) => portal.fail('whoami', fault),
    heal: () => portal.heal(),
    close: async () => {
      await Promise.all([portal.close(), other.close()])
    },
  }
})

describeProvider('openvcloud, JWTs', async () => {
  const organizations = [{ globalid: 'other', owners: ['bob'] }]
  const iyo = await createItsYouOnlineEmulator({ organizations })
  const foreign = await createItsYouOnlineEmulator({ organizations })
  const good = { clientId: 'petshop', scopes: ['user:memberof:petshop'] }
  return {
    // Verified by pinned keys: the portal is not asked, and need not be there.
    provider: openvCloud({
      baseUrl: 'http://127.0.0.1:9',
      jwt: { organization: 'petshop', keys: iyo.publicJwk },
    }),
    id: 'bob@itsyouonline',
    good: () => iyo.tokenFor('bob', good),
    bad: {
      expired: () => iyo.sign({ username: 'bob', azp: 'petshop', iss: 'itsyouonline', scope: [], exp: 1_500_000_000 }),
      tampered: () => tampered(iyo.tokenFor('bob', good)),
      foreignIssuer: () => foreign.tokenFor('bob', good),
      foreignAudience: () => iyo.tokenFor('bob', { clientId: 'other', scopes: ['user:memberof:other'] }),
      wrongKind: () => iyo.tokenFor('petshop'),
    },
    close: async () => {
      await Promise.all([iyo.close(), foreign.close()])
    },
  }
})
