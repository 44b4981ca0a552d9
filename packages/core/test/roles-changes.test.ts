import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { allows, createRoleStage, rightsOf } from './support/roles.ts'

type Stage = Awaited<ReturnType<typeof createRoleStage>>
let stage: Stage
afterEach(() => stage.close())

const all = ['machine:delete', 'machine:start']

async function turn(): Promise<void> {
  await sleep(5)
}

describe('a change', () => {
  beforeEach(async () => {
    stage = await createRoleStage({ maxAge: 60, staleIfError: 120 })
  })

  it.each<[string, () => void]>([
    [
      'a permission that is deleted',
      () => stage.roles.lists.set('', [{ name: 'admin', permissions: ['machine:start'] }]),
    ],
    ['a role that is deleted', () => stage.roles.lists.set('', [])],
    ['a role that is renamed', () => stage.roles.lists.set('', [{ name: 'chief', permissions: ['machine:delete'] }])],
  ])('of %s is refused at the next request of a known token after invalidate()', async (_, change) => {
    const token = stage.token(['admin'])
    expect(await allows(stage.auth, token)).toBe(true)
    expect(await allows(stage.auth, token)).toBe(true)
    change()
    stage.directory.invalidate()
    expect(await allows(stage.auth, token)).toBe(false)
  })

  it('that was made elsewhere is seen within maxAge, without a request that waits', async () => {
    const token = stage.token(['admin'])
    expect(await allows(stage.auth, token)).toBe(true)
    expect(await allows(stage.auth, token)).toBe(true)
    stage.roles.lists.set('', [{ name: 'admin', permissions: ['machine:start'] }])
    expect(await allows(stage.auth, token)).toBe(true)
    await stage.clock.advance(60)
    await turn()
    expect(stage.roles.asked).toHaveLength(2)
    expect(await allows(stage.auth, token)).toBe(false)
    expect(stage.roles.asked).toHaveLength(2)
  })

  it('is not missed by a look that began before invalidate()', async () => {
    const first = stage.directory.all()
    await Promise.resolve()
    expect(stage.roles.asked).toHaveLength(1)
    stage.directory.invalidate()
    stage.roles.lists.set('', [])
    expect(await stage.directory.all()).toEqual([])
    await first
    expect(await rightsOf(stage.auth, stage.token(['admin']))).toEqual([])
    expect(stage.roles.asked).toHaveLength(2)
  })

  it('is not missed by a look in the background that began before invalidate()', async () => {
    await stage.directory.all()
    await stage.directory.all()
    // Due, and on its way.
    let answer = () => {}
    const held = new Promise<void>((resolve) => {
      answer = resolve
    })
    stage.roles.gate = held
    await stage.clock.advance(58)
    expect(stage.roles.asked).toHaveLength(2)
    stage.directory.invalidate()
    const asked = stage.directory.all()
    stage.roles.gate = undefined
    answer()
    await asked
    expect(stage.roles.asked).toHaveLength(3)
  })

  it('is not slept through when nobody has asked for long', async () => {
    const token = stage.token(['admin'])
    expect(await allows(stage.auth, token)).toBe(true)
    for (let i = 0; i < 10; i++) {
      await stage.clock.advance(60)
      await turn()
    }
    expect(stage.roles.asked.length).toBeLessThanOrEqual(2)
    stage.roles.lists.set('', [{ name: 'admin', permissions: ['machine:start'] }])
    expect(await allows(stage.auth, token)).toBe(false)
  })

  it('that adds a role is looked for once in ten seconds', async () => {
    await stage.clock.advance(3600)
    expect(await rightsOf(stage.auth, stage.token(['admin']))).toEqual(all)
    const token = stage.token(['new'])
    stage.roles.lists.get('')?.push({ name: 'new', permissions: ['log:read'] })
    expect(await rightsOf(stage.auth, token)).toEqual([])
    await stage.clock.advance(9)
    expect(await rightsOf(stage.auth, stage.token(['new']))).toEqual([])
    expect(stage.roles.asked).toHaveLength(1)
    await stage.clock.advance(1)
    await Promise.all([1, 2, 3].map(() => rightsOf(stage.auth, stage.token(['new']))))
    expect(stage.roles.asked).toHaveLength(2)
    expect(await rightsOf(stage.auth, token)).toEqual(['log:read'])
    expect(stage.roles.asked).toHaveLength(2)
  })
})

describe('while the roles cannot be read', () => {
  beforeEach(async () => {
    stage = await createRoleStage({ maxAge: 60, staleIfError: 120 })
  })

  it('those that are known hold for a while, then it is an outage, never a grant', async () => {
    const token = stage.token(['admin'])
    expect(await rightsOf(stage.auth, token)).toEqual(all)
    stage.roles.isDown = true
    for (const [seconds, expected] of [
      [59, all],
      [60, all],
      [60, all],
      [1, 'ERR_PROVIDER_UNAVAILABLE'],
      [3600, 'ERR_PROVIDER_UNAVAILABLE'],
    ] as const) {
      await stage.clock.advance(seconds)
      await turn()
      expect([seconds, await rightsOf(stage.auth, token)]).toEqual([seconds, expected])
      expect(stage.directory.health()).toMatchObject({ ok: expected === all, lastError: expect.any(String) })
    }
    expect(stage.auth.health()).toMatchObject({ ok: false, roles: { ok: false, lastError: expect.any(String) } })
    stage.roles.isDown = false
    await stage.clock.advance(31)
    expect(await rightsOf(stage.auth, token)).toEqual(all)
    expect(stage.auth.health()).toMatchObject({ ok: true, roles: { ok: true, lists: 1, roles: 2 } })
  })

  it('that were never read, who has some gets 503, and who has none does not', async () => {
    stage.roles.isDown = true
    await expect(stage.auth.verify(stage.token(['admin']))).rejects.toMatchObject({
      code: 'ERR_PROVIDER_UNAVAILABLE',
      status: 503,
      headers: { 'Retry-After': expect.any(String) },
    })
    expect(await rightsOf(stage.auth, stage.token([]))).toEqual([])
    expect(await rightsOf(stage.auth, stage.token(['admin']))).toBe('ERR_PROVIDER_UNAVAILABLE')
    expect(stage.roles.asked).toHaveLength(1)
    stage.roles.isDown = false
    await stage.clock.advance(2)
    expect(await rightsOf(stage.auth, stage.token(['admin']))).toEqual(all)
  })

  it('a change by this process leaves none that could be used', async () => {
    const token = stage.token(['admin'])
    expect(await rightsOf(stage.auth, token)).toEqual(all)
    stage.roles.isDown = true
    stage.directory.invalidate()
    expect(await rightsOf(stage.auth, token)).toBe('ERR_PROVIDER_UNAVAILABLE')
    expect(await rightsOf(stage.auth, token)).toBe('ERR_PROVIDER_UNAVAILABLE')
    stage.roles.isDown = false
    await stage.clock.advance(2)
    expect(await rightsOf(stage.auth, token)).toEqual(all)
  })

  it('an unknown role is no reason to refuse what is known', async () => {
    expect(await rightsOf(stage.auth, stage.token(['admin']))).toEqual(all)
    stage.roles.isDown = true
    await stage.clock.advance(11)
    expect(await rightsOf(stage.auth, stage.token(['admin', 'new']))).toEqual(all)
  })

  it('a revoked token is refused as such, and can be revoked', async () => {
    const token = stage.token(['admin'])
    stage.roles.isDown = true
    await stage.auth.revoke({ token })
    stage.roles.isDown = false
    await stage.clock.advance(2)
    expect(await rightsOf(stage.auth, token)).toBe('ERR_TOKEN_REVOKED')
  })
})
