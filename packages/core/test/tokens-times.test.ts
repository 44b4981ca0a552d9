import { describe, expect, it } from '@jest/globals'
import { type AuthenticatorOptions, createAuthenticator } from '../src/index.ts'
import { oidc } from '../src/providers/oidc.ts'
import {
  accepts,
  type Forge,
  type HostileToken,
  type OddToken,
  refusalOf,
  refuses,
  useForge,
} from './support/tokens.ts'

const forge = useForge()
const day = 86_400

/** A token whose times are so many seconds from now. */
function at(times: Record<string, number>) {
  return ({ token, clock }: Forge) =>
    token(Object.fromEntries(Object.entries(times).map(([claim, ahead]) => [claim, clock.now() / 1000 + ahead])))
}

function odd(name: string, times: Record<string, number>): OddToken {
  return { name, token: at(times) }
}

function wrong(name: string, times: Record<string, number>, code: HostileToken['code']): HostileToken {
  return { name, token: at(times), code }
}

accepts('times at the edge of the tolerance of 5 s', forge, [
  odd('expired 4 s ago', { exp: -4 }),
  odd('expired 4.999 s ago', { exp: -4.999 }),
  odd('good from 5 s ahead', { nbf: 5 }),
  odd('issued 5 s ahead', { iat: 5 }),
  odd('ends in 30 days and 5 s', { exp: 30 * day + 5 }),
  odd('issued 29 days ago', { iat: -29 * day }),
  odd('expires before it is issued', { iat: 4, exp: 1 }),
])

refuses('times beyond the tolerance of 5 s', forge, [
  wrong('expired 5 s ago', { exp: -5 }, 'ERR_TOKEN_EXPIRED'),
  wrong('expired a year ago', { exp: -365 * day }, 'ERR_TOKEN_EXPIRED'),
  wrong('good from 5.001 s ahead', { nbf: 5.001 }, 'ERR_TOKEN_NOT_YET_VALID'),
  wrong('good from 6 s ahead', { nbf: 6 }, 'ERR_TOKEN_NOT_YET_VALID'),
  wrong('good from a year ahead', { nbf: 365 * day }, 'ERR_TOKEN_NOT_YET_VALID'),
  wrong('issued 5.001 s ahead', { iat: 5.001 }, 'ERR_TOKEN_NOT_YET_VALID'),
  wrong('issued 6 s ahead', { iat: 6 }, 'ERR_TOKEN_NOT_YET_VALID'),
  wrong('ends in 30 days and 6 s', { exp: 30 * day + 6 }, 'ERR_TOKEN_CLAIMS'),
  wrong('issued 31 days ago: it must not become good by growing old', { iat: -31 * day }, 'ERR_TOKEN_CLAIMS'),
  wrong('ends in 100 years', { exp: 36_500 * day }, 'ERR_TOKEN_CLAIMS'),
  wrong('exp in milliseconds', { exp: Date.now() }, 'ERR_TOKEN_CLAIMS'),
  wrong('expired and for later: the end is told', { exp: -10, nbf: 10 }, 'ERR_TOKEN_EXPIRED'),
])

function authenticator(options: Partial<AuthenticatorOptions>) {
  const { issuer, clock } = forge()
  const provider = oidc({ issuer: issuer.issuer, audience: issuer.audience })
  return createAuthenticator({ providers: [provider], clock, ...options })
}

describe('the option clockTolerance', () => {
  it.each([
    { clockTolerance: 0, accepted: { exp: 0.001 }, refused: { exp: 0 }, code: 'ERR_TOKEN_EXPIRED' },
    { clockTolerance: 0, accepted: { nbf: 0 }, refused: { nbf: 0.001 }, code: 'ERR_TOKEN_NOT_YET_VALID' },
    { clockTolerance: 0, accepted: { iat: 0 }, refused: { iat: 0.001 }, code: 'ERR_TOKEN_NOT_YET_VALID' },
    { clockTolerance: 300, accepted: { exp: -299 }, refused: { exp: -300 }, code: 'ERR_TOKEN_EXPIRED' },
    { clockTolerance: 300, accepted: { nbf: 300 }, refused: { nbf: 301 }, code: 'ERR_TOKEN_NOT_YET_VALID' },
    { clockTolerance: 300, accepted: { iat: 300 }, refused: { iat: 301 }, code: 'ERR_TOKEN_NOT_YET_VALID' },
  ])(
    'of $clockTolerance accepts $accepted and refuses $refused',
    async ({ clockTolerance, accepted, refused, code }) => {
      const auth = authenticator({ clockTolerance })
      await auth.verify(at(accepted as never)(forge()))
      expect(await refusalOf(auth, at(refused as never)(forge()))).toMatchObject({ code, status: 401 })
      await auth.close()
    },
  )
})

describe('the option maxTokenLifetime', () => {
  it.each([60, 3600, 400 * day])('of %d s is the longest life', async (maxTokenLifetime) => {
    const auth = authenticator({ maxTokenLifetime })
    await auth.verify(at({ exp: maxTokenLifetime + 5 })(forge()))
    const error = await refusalOf(auth, at({ exp: maxTokenLifetime + 6 })(forge()))
    expect(error).toMatchObject({ code: 'ERR_TOKEN_CLAIMS', explanation: expect.stringContaining('maxTokenLifetime') })
    await auth.close()
  })
})

it.each([
  ['with a cache', {}],
  ['without', { cache: false as const }],
])('a token that is verified now is refused from its end on, %s', async (_, options) => {
  const auth = authenticator(options)
  const token = at({ exp: 60 })(forge())
  for (const seconds of [0, 60, 4]) {
    await forge().clock.advance(seconds)
    await auth.verify(token)
  }
  await forge().clock.advance(1.1)
  expect(await refusalOf(auth, token)).toMatchObject({ code: 'ERR_TOKEN_EXPIRED' })
  await auth.close()
})

it('a token for later is refused until its time, and not remembered as refused', async () => {
  const auth = authenticator({})
  const token = at({ nbf: 65, exp: 600 })(forge())
  expect(await refusalOf(auth, token)).toMatchObject({ code: 'ERR_TOKEN_NOT_YET_VALID' })
  await forge().clock.advance(59)
  expect(await refusalOf(auth, token)).toMatchObject({ code: 'ERR_TOKEN_NOT_YET_VALID' })
  await forge().clock.advance(1.1)
  await auth.verify(token)
  await auth.close()
})

it('the end of a token is a matter of wall time, also when that is set back', async () => {
  const auth = authenticator({})
  const now = forge().clock.now() / 1000
  const token = at({ exp: 60 })(forge())
  await auth.verify(token)
  forge().clock.set(now + 70)
  expect(await refusalOf(auth, token)).toMatchObject({ code: 'ERR_TOKEN_EXPIRED' })
  forge().clock.set(now)
  await auth.verify(token)
  await auth.close()
})
