import { createHash, createPublicKey } from 'node:crypto'
import {
  createItsYouOnlineEmulator,
  createTestClock,
  createTestKey,
  type ItsYouOnlineEmulator,
} from '@claviger/testing'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  allOf,
  createAuthenticator,
  isAuthError,
  organization,
  type Predicate,
  role,
  userOf,
  type VerifiedToken,
} from '../src/index.ts'
import {
  createItsYouOnlineClient,
  type ItsYouOnlineOptions,
  itsYouOnline,
} from '../src/providers/itsyouonline/index.ts'

const clock = createTestClock()
const now = () => clock.now() / 1000
let provider: ItsYouOnlineEmulator

beforeAll(async () => {
  provider = await createItsYouOnlineEmulator({
    clock,
    users: [{ username: 'eve' }],
    organizations: [
      { globalid: 'petshop.admins', members: ['bob'] },
      { globalid: 'petshop2', owners: ['eve'] },
      { globalid: 'admins', owners: ['eve'] },
    ],
  })
})
afterAll(() => provider.close())

function verify(token: string, options: ItsYouOnlineOptions = { organization: 'petshop' }): Promise<VerifiedToken> {
  const auth = createAuthenticator({ providers: [itsYouOnline({ keys: provider.publicJwk, ...options })], clock })
  return auth.verify(token).finally(() => auth.close())
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
  } catch (error) {
    if (isAuthError(error)) return error.code
    throw error
  }
  return 'accepted'
}

const claims = { azp: 'app', iss: 'itsyouonline', scope: ['user:memberof:petshop'], username: 'bob' }
const signed = (more: Record<string, unknown>) => provider.sign({ ...claims, exp: now() + 3600, ...more })

/** With other header members, or another key. */
async function forged(header: object, key?: Parameters<typeof signWith>[1]): Promise<string> {
  return signWith({ alg: 'ES384', typ: 'JWT', ...header }, key ?? (await createTestKey('ES384')))
}

async function signWith(header: object, key: Awaited<ReturnType<typeof createTestKey>>): Promise<string> {
  const { CompactSign } = await import('jose')
  const payload = Buffer.from(JSON.stringify({ ...claims, exp: now() + 3600 }))
  return new CompactSign(payload).setProtectedHeader(header as { alg: string }).sign(key.signer as never)
}

describe('a user of ItsYou.online', () => {
  it('comes with memberships of the organization as roles', async () => {
    const token = provider.tokenFor('bob', {
      scopes: ['user:memberof:petshop', 'user:memberof:petshop.admins', 'user:name'],
      audience: ['shop'],
    })
    const { user, issuedAt, expiresAt, claims } = await verify(token)
    expect(user).toEqual({
      id: 'bob',
      provider: 'itsyouonline',
      issuer: 'itsyouonline',
      organization: 'petshop',
      roles: [
        { id: 'petshop', name: 'petshop', organization: 'petshop', permissions: [] },
        { id: 'petshop.admins', name: 'admins', organization: 'petshop', permissions: [] },
      ],
      permissions: [],
      scopes: ['user:memberof:petshop', 'user:memberof:petshop.admins', 'user:name'],
    })
    expect(claims.aud).toEqual(['shop'])
    expect(issuedAt).toBeUndefined()
    expect(expiresAt).toBe(now() + 86_400)
  })

  it('has no role of an organization that anybody may have founded', async () => {
    const token = provider.tokenFor('eve', { scopes: ['user:memberof:admins'], clientId: 'petshop' })
    const { user } = await verify(token)
    expect(user.roles).toEqual([])
    expect(user.organization).toBeUndefined()
  })

  it('has name and validated address from stored information, which makes no scopes', async () => {
    provider.consent('ann', 'petshop', [])
    const scopes = ['user:memberof:petshop', 'user:name', 'user:email', 'user:validated:email']
    const token = provider.tokenFor('ann', { scopes, storeInfo: true, clientId: 'petshop' })
    expect((await verify(token)).user).toMatchObject({ name: 'Ann Example', email: 'ann@example.com', scopes })
    // Bob has neither a first nor a last name.
    const nameless = provider.tokenFor('bob', { scopes: ['user:memberof:petshop', 'user:name'], storeInfo: true })
    expect((await verify(nameless)).claims.scope).toContain('[user:name]: ')
    expect((await verify(nameless)).user).not.toHaveProperty('name')
    const unvalidated = provider.tokenFor('ann', { scopes: scopes.slice(0, 3), storeInfo: true, clientId: 'petshop' })
    expect((await verify(unvalidated)).user.email).toBeUndefined()
  })

  // Anybody can found an organization, and grant there what is called the same.
  it('has the grants of the organization, and of no other client', async () => {
    const scope = ['user:memberof:petshop', 'grant:vip']
    expect((await verify(signed({ azp: 'petshop', scope }))).user.scopes).toEqual(scope)
    expect((await verify(signed({ azp: 'petshop2', scope }))).user.scopes).toEqual(['user:memberof:petshop'])
    expect((await verify(signed({ azp: 'constructor', scope }))).user.scopes).toEqual(['user:memberof:petshop'])
  })

  it('may be an organization', async () => {
    const { user } = await verify(provider.tokenFor('petshop'))
    expect(user).toMatchObject({ id: 'petshop', organization: 'petshop', roles: [], scopes: ['organization:owner'] })
  })

  it('has a scope also where it is one text, which commas divide', async () => {
    const { user } = await verify(signed({ scope: 'user:memberof:petshop, user:memberof:a b' }))
    expect(user.scopes).toEqual(['user:memberof:petshop', 'user:memberof:a b'])
  })

  it('has no memberships in a token made of another one, where nobody checks them', async () => {
    const token = signed({ globalid: null, azp: 'petshop', scope: ['user:memberof:petshop', 'user:name'] })
    const { user } = await verify(token)
    expect(user).toMatchObject({ roles: [], scopes: ['user:name'] })
    expect(await codeOf(verify(signed({ globalid: null })))).toBe('ERR_TOKEN_REFUSED')
  })
})

describe('itsYouOnline', () => {
  const accepted = ['accepted'] as const
  const refused = ['ERR_TOKEN_REFUSED'] as const
  it.each<[string, Record<string, unknown>, ItsYouOnlineOptions, readonly [string]]>([
    ['a member', {}, { organization: 'petshop' }, accepted],
    ['a token given to the organization', { azp: 'petshop', scope: [] }, { organization: 'petshop' }, accepted],
    ['one of several organizations', {}, { organization: ['other', 'petshop'] }, accepted],
    ['no member', { scope: ['user:name'] }, { organization: 'petshop' }, refused],
    ['a longer name', { scope: ['user:memberof:petshop2'] }, { organization: 'petshop' }, refused],
    ['a child only', { scope: ['user:memberof:petshop.admins'] }, { organization: 'petshop' }, refused],
    ['a scope that only contains it', { scope: ['x:user:memberof:petshop'] }, { organization: 'petshop' }, refused],
    ['a scope that is no text', { scope: [['user:memberof:petshop']] }, { organization: 'petshop' }, refused],
    ['a member, whoever the token was given to', {}, { memberOf: 'petshop' }, accepted],
    ['a client of the organization that is no member', { azp: 'petshop', scope: [] }, { memberOf: 'petshop' }, refused],
    ['the client', { azp: 'app' }, { authorizedParty: 'app' }, accepted],
    ['another client', { azp: 'app2' }, { authorizedParty: 'app' }, refused],
    ['all scopes', { scope: ['a', 'b', 'c'] }, { requiredScopes: ['a', 'b'] }, accepted],
    ['not all scopes', { scope: ['a', 'bc'] }, { requiredScopes: ['a', 'b'] }, refused],
    [
      'a grant of the organization',
      { azp: 'petshop', scope: ['grant:vip'] },
      { organization: 'petshop', requiredScopes: ['grant:vip'] },
      accepted,
    ],
    [
      'a grant of a client that is wanted',
      { azp: 'app', scope: ['grant:vip'] },
      { authorizedParty: 'app', requiredScopes: ['grant:vip'] },
      accepted,
    ],
    [
      'a grant of somebody else',
      { scope: ['user:memberof:petshop', 'grant:vip'] },
      { organization: 'petshop', requiredScopes: ['grant:vip'] },
      refused,
    ],
    [
      'a grant of anybody',
      { azp: 'x', scope: ['grant:vip'] },
      { organization: null, requiredScopes: ['grant:vip'] },
      refused,
    ],
    ['the audience', { aud: ['x', 'shop'] }, { audience: 'shop' }, accepted],
    ['another audience', { aud: ['x'] }, { audience: 'shop' }, ['ERR_TOKEN_AUDIENCE']],
    ['no audience', {}, { audience: 'shop' }, ['ERR_TOKEN_AUDIENCE']],
    ['anybody, where that is spelled out', { scope: [], azp: 'x' }, { organization: null }, accepted],
    ['a user, where organizations are wanted', {}, { organization: null, principals: ['organization'] }, refused],
    ['nobody', { username: undefined }, { organization: null }, refused],
    ['a user without a name', { username: '' }, { organization: null }, refused],
    ['a user and an organization', { globalid: 'petshop' }, { organization: null }, refused],
    ['a token without azp', { azp: undefined }, { organization: null }, ['ERR_TOKEN_CLAIMS']],
    ['an odd azp', { azp: ['petshop'] }, { organization: 'petshop' }, refused],
    ['another issuer', { iss: 'itsyouonline2' }, { organization: null }, ['ERR_TOKEN_ISSUER']],
    ['an end long ago', { exp: 1_000_000_000 }, { organization: null }, ['ERR_TOKEN_EXPIRED']],
    ['no end', { exp: undefined }, { organization: null }, ['ERR_TOKEN_CLAIMS']],
    ['a refusal of the app', {}, { organization: null, validate: () => 'no' }, refused],
  ])('for %s', async (_, more, options, [code]) => {
    expect(await codeOf(verify(signed(more), options))).toBe(code)
  })

  it('takes an ID token for none', async () => {
    const token = provider.sign({ aud: 'petshop', exp: now() + 60, iat: now(), iss: 'itsyouonline', sub: 'bob' })
    expect(await codeOf(verify(token, { organization: null }))).not.toBe('accepted')
  })

  it('refuses tokens of other keys, types and algorithms', async () => {
    expect(await codeOf(verify(await forged({})))).toBe('ERR_TOKEN_SIGNATURE')
    expect(await codeOf(verify(await forged({ typ: 'at+jwt' })))).toBe('ERR_TOKEN_TYPE')
    expect(await codeOf(verify(await forged({ alg: 'ES256' }, await createTestKey('ES256'))))).toBe(
      'ERR_TOKEN_ALGORITHM',
    )
    const [header, , signature] = provider.tokenFor('bob').split('.')
    const payload = Buffer.from(JSON.stringify({ ...claims, username: 'ann', exp: now() + 60 })).toString('base64url')
    expect(await codeOf(verify(`${header}.${payload}.${signature}`))).toBe('ERR_TOKEN_SIGNATURE')
  })

  it('verifies without a call to the provider, so an outage of it is none of ours', async () => {
    const token = provider.tokenFor('bob', { scopes: ['user:memberof:petshop'] })
    provider.resetCounts()
    await provider.stop()
    await expect(verify(token)).resolves.toBeDefined()
    await provider.start()
    expect(provider.requests()).toBe(0)
  })

  it('refuses an expired token after the tolerance', async () => {
    const clock = createTestClock()
    const providers = [itsYouOnline({ organization: null, keys: provider.publicJwk })]
    const authenticator = createAuthenticator({ providers, clock, clockTolerance: 5 })
    const token = provider.sign({ ...claims, exp: clock.now() / 1000 + 60 })
    await authenticator.verify(token)
    await clock.advance(66)
    expect(await codeOf(authenticator.verify(token))).toBe('ERR_TOKEN_EXPIRED')
    await authenticator.close()
  })

  it('refuses what was revoked by subject, also in tokens of later, as none says when it was issued', async () => {
    const providers = [itsYouOnline({ organization: null, keys: provider.publicJwk })]
    const authenticator = createAuthenticator({ providers, clock })
    await authenticator.revoke({ provider: 'itsyouonline', subject: 'bob' })
    expect(await codeOf(authenticator.verify(signed({})))).toBe('ERR_TOKEN_REVOKED')
    await authenticator.verify(signed({ username: 'ann' }))
    await authenticator.close()
  })
})

describe('pinned keys', () => {
  it('are tried one after another, in every form', async () => {
    const [old, other] = [provider.publicKey, await createTestKey('ES384')]
    const token = provider.tokenFor('bob', { scopes: ['user:memberof:petshop'] })
    const line = old.replace(/-----[A-Z ]+-----|\n/g, '')
    for (const keys of [old, line, old.replaceAll('\n', '\\n'), ['production', 'staging', other.publicJwk, line]]) {
      await expect(verify(token, { organization: 'petshop', keys })).resolves.toBeDefined()
    }
    expect(await codeOf(verify(token, { organization: 'petshop', keys: 'production' }))).toBe('ERR_TOKEN_SIGNATURE')
  })

  it.each([
    ['production', 'fiHK83VBPWwaKFDZoqAFG2kOnWzDuYWsmETBUTNJZfs'],
    ['staging', 's8zt8INvP6soI4i31bAkHgJgZPhHgC3UPqNgGpwhqEc'],
  ] as const)('of %s are those the provider prints', async (environment, thumbprint) => {
    const { calculateJwkThumbprint } = await import('jose')
    const source = itsYouOnline({ organization: null, environment }).jwt?.keys
    const [key] = source !== undefined && 'pinned' in source ? source.pinned.keys : []
    expect(await calculateJwkThumbprint(key as Record<string, string>)).toBe(thumbprint)
  })

  const development = {
    kty: 'EC',
    crv: 'P-384',
    x: 'SINcG7010Uwk1Q8ih0TO4EYxVS0HP7NwY6NlN6bSCSQg-AVW9Z12ZTifGiGzimiK',
  }

  it('are not the one whose private half is published, unless that is spelled out', () => {
    const keys = { ...development, y: yOf(development.x) }
    expect(() => itsYouOnline({ organization: null, keys })).toThrow(/dangerouslyAcceptDevelopmentKey/)
    expect(itsYouOnline({ organization: null, keys, dangerouslyAcceptDevelopmentKey: true }).name).toBe('itsyouonline')
    const client = { clientId: 'petshop', clientSecret: 'a', keys }
    expect(() => createItsYouOnlineClient(client)).toThrow(/dangerouslyAcceptDevelopmentKey/)
    expect(createItsYouOnlineClient({ ...client, dangerouslyAcceptDevelopmentKey: true })).toHaveProperty(
      'verifyIdToken',
    )
  })
})

// The thumbprint tells which of the two points is meant.
function yOf(x: string): string {
  const compressed = (sign: number) => Buffer.concat([Buffer.from([sign]), Buffer.from(x, 'base64url')])
  const prefix = Buffer.from('3046301006072a8648ce3d020106052b81040022033200', 'hex')
  const points = [2, 3].map((sign) =>
    createPublicKey({ key: Buffer.concat([prefix, compressed(sign)]), format: 'der', type: 'spki' }).export({
      format: 'jwk',
    }),
  )
  const thumbprint = (y: string | undefined) => JSON.stringify({ crv: 'P-384', kty: 'EC', x, y })
  return points
    .map(({ y }) => y as string)
    .find((y) => sha256(thumbprint(y)) === 'N9xQnoYk4s2jdSCn-O5xhoTJY1xIzopKwVxx4vj-Ypw') as string
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}

describe('a role in one organization', () => {
  const both = { organization: ['petshop', 'bakery'] }
  const passes = async (scope: string[], options: ItsYouOnlineOptions, ...guards: Predicate[]) => {
    const auth = await verify(signed({ scope, azp: 'petshop' }), options)
    return guards.map((guard) => guard({ user: userOf(auth), auth, request: {} }).granted)
  }

  it('is none in another, whatever it is called', async () => {
    const admins = [role('admins'), allOf(organization('petshop'), role('admins')), role('bakery.admins')]
    const member = 'user:memberof:petshop'
    expect(await passes([member, 'user:memberof:bakery.admins'], both, ...admins)).toEqual([false, false, true])
    expect(await passes([member, 'user:memberof:petshop.admins'], both, ...admins)).toEqual([true, true, false])
    expect(await passes([member, 'user:memberof:bakery'], both, role('bakery'))).toEqual([true])
  })

  it('is none where no organization of that name was named: anybody can found one', async () => {
    const scope = ['user:memberof:admin', 'user:memberof:petshop.admins']
    for (const options of [{ organization: null }, { authorizedParty: 'petshop' }, { requiredScopes: scope }]) {
      expect(await passes(scope, options, role('admin'), role('petshop.admins'))).toEqual([false, false])
      const named = { ...options, subOrganizations: ['petshop.admins'] }
      expect(await passes(scope, named, role('admin'), role('petshop.admins'))).toEqual([false, true])
    }
  })
})

describe('rights in a hierarchy of organizations', () => {
  const rolesFor = async (scope: string[], options: ItsYouOnlineOptions) => {
    const { user } = await verify(signed({ scope, azp: 'petshop' }), options)
    return user.roles.map(({ id, name, organization }) => [id, name, organization])
  }
  const below = { organization: 'petshop', subOrganizations: ['petshop.staff', 'petshop.staff.night'] }
  const [petshop, staff, night] = [
    ['petshop', 'petshop', 'petshop'],
    ['petshop.staff', 'staff', 'petshop'],
    ['petshop.staff.night', 'staff.night', 'petshop'],
  ]

  it.each<[string, string[], (string[] | undefined)[]]>([
    ['at the top, all', ['petshop'], [petshop, staff, night]],
    ['in the middle, what is below', ['petshop.staff'], [staff, night]],
    ['at the end, that alone', ['petshop.staff.night'], [night]],
    ['beside, nothing', ['petshop.staf', 'petshops', 'staff', 'petshop2.staff'], [['petshop.staf', 'staf', 'petshop']]],
    ['twice, each once', ['petshop', 'petshop.staff'], [petshop, staff, night]],
    ['nowhere, nothing', [], []],
  ])('flow down and never up: a member %s', async (_, memberships, expected) => {
    expect(
      await rolesFor(
        memberships.map((one) => `user:memberof:${one}`),
        below,
      ),
    ).toEqual(expected)
  })

  it('flow to an organization of the options too', async () => {
    const roles = await rolesFor(['user:memberof:petshop'], { organization: ['petshop', 'petshop.staff'] })
    expect(roles.map(([id]) => id)).toEqual(['petshop', 'petshop.staff'])
    expect(
      (await rolesFor(['user:memberof:petshop.staff'], { organization: ['petshop', 'petshop.staff'] })).length,
    ).toBe(1)
  })

  it('are of no organization that is not below those of the options', () => {
    const build = (subOrganizations: string[]) => () =>
      itsYouOnline({ organization: 'petshop', subOrganizations, keys: provider.publicJwk })
    for (const astray of ['petshop', 'petshop2.staff', 'staff']) {
      expect(build(['petshop.staff', astray])).toThrow(/is below none of/)
    }
    expect(build(['petshop.staff'])).not.toThrow()
  })
})
