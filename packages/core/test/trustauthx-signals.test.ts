import { afterEach, describe, expect, it } from '@jest/globals'
import { AuthError, type Authenticator, createRevocationList, type RevocationRequest } from '../src/index.ts'
import { createStage, type Stage } from './support/trustauthx.ts'

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

/** Two processes that know a token of alice's, and would believe in it for five minutes more. */
async function start() {
  const stage: Stage = await createStage()
  closing.push(() => stage.emulator.close())
  const revocations = createRevocationList({ clock: stage.clock })
  const [one, other] = [1, 2].map(() => stage.authenticator({ cacheFor: 300 }, { revocations })) as [
    Authenticator,
    Authenticator,
  ]
  closing.push(
    () => one.close(),
    () => other.close(),
  )
  const session = stage.emulator.signIn('alice')
  const isGood = (auth: Authenticator, token = session.accessToken) =>
    auth.verify(token).then(
      () => true,
      ({ code }) => code,
    )
  for (const auth of [one, other]) expect(await isGood(auth)).toBe(true)
  return { ...stage, one, other, session, isGood }
}

describe('a session that the client of TrustAuthX signs off', () => {
  it('ends at once in all processes, and the new one is good', async () => {
    const { client, one, other, session, isGood } = await start()
    const [role] = await client().roles.query()
    const { tokens } = await client({ auth: one }).updateRole(
      'alice',
      { add: role?.id ?? '' },
      { signOffSession: session },
    )
    for (const auth of [one, other]) {
      expect(await isGood(auth)).toBe('ERR_TOKEN_REVOKED')
      expect(await isGood(auth, tokens?.accessToken)).toBe(true)
    }
  })

  it('lives on when the provider refuses the change', async () => {
    const { client, emulator, one, session, isGood } = await start()
    emulator.fail('assignRoles', { status: 403 })
    const changed = client({ auth: one }).attachRole('alice', 'role', { signOffSession: session })
    await expect(changed).rejects.toMatchObject({ code: 'ERR_UPSTREAM_FORBIDDEN' })
    expect(await isGood(one)).toBe(true)
  })

  it('gives its new tokens also when nobody can be told of the old ones', async () => {
    const { client, session } = await start()
    const [role] = await client().roles.query()
    const auth = () => Promise.reject(new AuthError('ERR_REVOCATION_UNAVAILABLE'))
    const given = { signOffSession: session }
    expect((await client({ auth }).attachRole('alice', role?.id ?? '', given)).tokens?.accessToken).toBeDefined()
  })

  it('is known for good as long as before without the option', async () => {
    const { client, one, session, isGood } = await start()
    const [role] = await client().roles.query()
    await client().attachRole('alice', role?.id ?? '', { signOffSession: session })
    expect(await isGood(one)).toBe(true)
  })
})

describe('an access token that the client revokes', () => {
  it('is refused at once in all processes, and the provider is told once', async () => {
    const { client, emulator, one, other, session, isGood } = await start()
    await client({ auth: one }).revokeToken({ accessToken: session.accessToken, all: true })
    expect([await isGood(one), await isGood(other)]).toEqual(['ERR_TOKEN_REVOKED', 'ERR_TOKEN_REVOKED'])
    expect(emulator.requests('revoke')).toBe(1)
    expect(emulator.isAlive(session.accessToken)).toBe(false)
  })

  it('is refused here also when the provider cannot be told', async () => {
    const { client, emulator, one, session, isGood } = await start()
    emulator.fail('revoke', { status: 503 })
    await expect(client({ auth: one }).revokeToken({ accessToken: session.accessToken })).rejects.toBeDefined()
    expect(await isGood(one)).toBe('ERR_TOKEN_REVOKED')
  })

  it('is ended at the provider also when nobody else can be told', async () => {
    const { client, emulator, session } = await start()
    const auth = () => Promise.reject(new AuthError('ERR_REVOCATION_UNAVAILABLE'))
    await expect(client({ auth }).revokeToken({ accessToken: session.accessToken })).rejects.toMatchObject({
      code: 'ERR_REVOCATION_UNAVAILABLE',
    })
    expect(emulator.isAlive(session.accessToken)).toBe(false)
  })

  it('is asked for by its name alone: what is no one token is refused, and ends nothing', async () => {
    const { client, session } = await start()
    const told: RevocationRequest[] = []
    const auth = async (what: RevocationRequest) => void told.push(what)
    await expect(client({ auth }).revokeToken({ ...session } as never)).rejects.toMatchObject({
      code: 'ERR_OPTIONS_INVALID',
    })
    await client({ auth }).revokeToken({ refreshToken: session.refreshToken })
    expect(told).toEqual([])
  })
})
