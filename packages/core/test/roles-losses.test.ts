import { createTestClock } from '@claviger/testing'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { createLosses } from '../src/roles/losses.ts'
import { inputOf, person } from './support/people.ts'
import { createRoleStage, rightsOf } from './support/roles.ts'

const all = ['machine:delete', 'machine:start']
const day = 86_400

describe('a role that was taken away', () => {
  let stage: Awaited<ReturnType<typeof createRoleStage>>
  beforeEach(async () => {
    stage = await createRoleStage()
  })
  afterEach(() => stage.close())

  const alice = () => ({ issuer: stage.issuer.issuer, id: 'alice' })
  const rights = (token: string) => rightsOf(stage.auth, token)
  /** By an opaque token that does not tell when it was issued. */
  const rightsAtAnyTime = async () => {
    const { auth } = inputOf(person({ issuer: stage.issuer.issuer, roles: ['admin'] }))
    return (await stage.directory.judge(auth)).verified.user.permissions
  }

  it('is refused at once for tokens issued before, and for no others', async () => {
    const [token, bob] = [stage.token(['admin', 'guest']), stage.issuer.tokenFor({ subject: 'bob', roles: ['admin'] })]
    expect(await rights(token)).toEqual(all)
    stage.directory.changed(alice(), { remove: ['admin'] })
    expect(await rights(token)).toEqual([])
    expect((await stage.auth.verify(token)).user.roles).toMatchObject([{ id: 'guest' }])
    expect(await rights(bob)).toEqual(all)
    await stage.clock.advance(1)
    expect(await rights(stage.token(['admin']))).toEqual(all)
    expect(await rights(token)).toEqual([])
  })

  it('is refused at once though the token has been known for long', async () => {
    const token = stage.token(['admin'])
    for (let i = 0; i < 3; i++) expect(await rights(token)).toEqual(all)
    stage.directory.changed(alice(), { remove: ['admin'] })
    for (let i = 0; i < 3; i++) expect(await rights(token)).toEqual([])
    stage.directory.changed(alice(), { add: ['admin'] })
    expect(await rights(token)).toEqual(all)
  })

  it('is had again once it is given again', async () => {
    const token = stage.token(['admin'])
    stage.directory.changed(alice(), { remove: ['admin'] })
    expect(await rights(token)).toEqual([])
    stage.directory.changed(alice(), { add: ['admin'] })
    expect(await rights(token)).toEqual(all)
  })

  it('in one organization stays in another', async () => {
    for (const organization of ['acme', 'beta']) {
      stage.roles.lists.set(organization, [{ name: 'owner', permissions: ['bill:pay'] }])
    }
    const tokenIn = (organization: string) =>
      stage.token([], { org: organization, org_roles: [[organization, 'owner', 'owner']] })
    const [acme, beta] = [tokenIn('acme'), tokenIn('beta')]
    stage.directory.changed(alice(), { remove: ['owner'], organization: 'acme' })
    expect(await rights(acme)).toEqual([])
    expect(await rights(beta)).toEqual(['bill:pay'])
    stage.directory.changed({ issuer: 'https://elsewhere', id: 'alice' }, { remove: ['owner'], organization: 'beta' })
    expect(await rights(beta)).toEqual(['bill:pay'])
  })

  it('is refused for as long as a token of the time before may be accepted', async () => {
    const lifetime = 30 * day + 5
    const token = stage.issuer.tokenFor({ subject: 'alice', roles: ['admin'], expiresIn: lifetime })
    stage.directory.changed(alice(), { remove: ['admin'] })
    await stage.clock.advance(lifetime + 4)
    expect(await rights(token)).toEqual([])
    expect(await rightsAtAnyTime()).toEqual([])
    await stage.clock.advance(1)
    expect(await rights(token)).toBe('ERR_TOKEN_EXPIRED')
    await stage.clock.advance(1)
    expect(await rightsAtAnyTime()).toEqual(all)
  })
})

describe('losses', () => {
  const create = () => {
    const clock = createTestClock()
    return { clock, losses: createLosses(clock) }
  }
  const alice = person()
  const { auth: timeless } = inputOf(alice)

  it('are forgotten once no token is left that they concern, and not before', async () => {
    const { clock, losses } = create()
    losses.remember(10)
    losses.remember(100)
    losses.remember(1)
    losses.note(alice, { remove: ['a', 'b'] })
    await clock.advance(60)
    losses.note(alice, { remove: ['b'] })
    expect(losses.size).toBe(2)
    await clock.advance(40)
    expect(['a', 'b'].map((id) => losses.concern(timeless, id, undefined))).toEqual([true, true])
    await clock.advance(1)
    expect(['a', 'b'].map((id) => losses.concern(timeless, id, undefined))).toEqual([false, true])
    await clock.advance(60)
    expect(losses.concern(timeless, 'b', undefined)).toBe(false)
    expect(losses.size).toBe(0)
  })

  it('take no more room than those of one life of a token, however many there were', async () => {
    const { clock, losses } = create()
    losses.remember(100)
    for (let i = 0; i < 1000; i++) {
      losses.note({ ...alice, id: String(i) }, { remove: ['admin'] })
      await clock.advance(1)
    }
    expect(losses.size).toBe(101)
  })

  it('are kept while nobody has told how long tokens live', async () => {
    const { clock, losses } = create()
    losses.note(alice, { remove: ['admin'] })
    await clock.advance(3660 * day)
    losses.note(alice, {})
    expect(losses.concern(timeless, 'admin', undefined)).toBe(true)
    expect(losses.size).toBe(1)
  })

  it('are not forgotten by a clock that is set ahead', () => {
    const { clock, losses } = create()
    losses.remember(100)
    losses.note(alice, { remove: ['admin'] })
    clock.set(clock.now() / 1000 + 3660 * day)
    expect(losses.concern(timeless, 'admin', undefined)).toBe(true)
  })
})
