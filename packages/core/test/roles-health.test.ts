import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from '@jest/globals'
import { createRoleStage } from './support/roles.ts'

type Stage = Awaited<ReturnType<typeof createRoleStage>>
let stage: Stage
afterEach(() => stage.close())

describe('those who watch', () => {
  it('are told when roles were read, could not be, and are too old', async () => {
    stage = await createRoleStage({ maxAge: 10, staleIfError: 10 })
    const told: unknown[] = []
    const note = (message: unknown) => told.push(message)
    subscribe('claviger:roles', note)
    await stage.directory.all('acme')
    stage.roles.isDown = true
    await stage.clock.advance(10)
    await expect(stage.directory.all('acme')).resolves.toEqual([])
    await stage.clock.advance(11)
    await stage.directory.all('acme').catch(() => {})
    unsubscribe('claviger:roles', note)
    const shared = { source: 'the roles of the function', organization: 'acme' }
    expect(told[0]).toEqual({ ...shared, outcome: 'replaced', roles: 0, error: undefined, retryIn: undefined })
    expect(told[1]).toEqual({
      ...shared,
      outcome: 'failed',
      roles: 0,
      error: 'the roles of the function could not be read',
      retryIn: expect.any(Number),
    })
    expect(told).toContainEqual({ ...shared, outcome: 'died', roles: 0, error: undefined, retryIn: undefined })
  })

  it('see in its health how many roles there are, and what went wrong', async () => {
    stage = await createRoleStage()
    expect(stage.directory.health()).toEqual({ ok: true, lists: 0, roles: 0, lastError: undefined })
    const asked = stage.directory.all()
    expect(stage.directory.health()).toEqual({ ok: true, lists: 1, roles: 0, lastError: undefined })
    await asked
    await stage.directory.all('acme')
    expect(stage.directory.health()).toEqual({ ok: true, lists: 2, roles: 2, lastError: undefined })
    stage.roles.isDown = true
    await stage.directory.all('beta').catch(() => {})
    await stage.directory.all('acme')
    expect(stage.directory.health()).toEqual({
      ok: false,
      lists: 3,
      roles: 2,
      lastError: 'the roles of the function could not be read',
    })
    expect(stage.auth.health().ok).toBe(false)
  })

  it('see nothing any more once it is closed', async () => {
    stage = await createRoleStage({ maxAge: 10 })
    await stage.directory.all()
    await stage.directory.all()
    stage.directory.close()
    await stage.clock.advance(100)
    await sleep(5)
    expect(stage.roles.asked).toHaveLength(1)
  })
})
