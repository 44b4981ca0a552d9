import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { type OpenvCloudOperation, openvCloudNeeds } from '../src/providers/openvcloud/index.ts'
import { documented } from './support/documented.ts'
import { stageOpenvCloud } from './support/openvcloud.ts'

interface Row {
  readonly id: string
  readonly path: string
  readonly params: Readonly<
    Record<string, { readonly type: string; readonly optional?: boolean; readonly default?: unknown }>
  >
}

const table = join(import.meta.dirname, '..', 'openapi', 'openvcloud-api.json')
const rows: readonly Row[] = JSON.parse(readFileSync(table, 'utf8')).operations
const stage = stageOpenvCloud()

const samples: Readonly<Record<string, unknown>> = {
  int: 1,
  float: 1.5,
  str: 'text',
  bool: true,
  obj: { a: 1 },
  'list(int)': [1],
  'list(str)': ['a'],
}

/** What each operation is called with: everything it needs, on things that are there. */
function parametersFor({ id, params }: Row): Record<string, unknown> {
  const { portal } = stage
  const cloudspaceId = portal.idOf('cloudspace', 'shop')
  const there: Record<string, unknown> = {
    accountId: portal.idOf('account', 'petshop'),
    cloudspaceId,
    machineId:
      id === 'cloudapi.machines.getConsoleUrl'
        ? String(portal.idOf('machine', 'till'))
        : portal.idOf('machine', 'till'),
    diskId: portal.addDisk(portal.idOf('account', 'petshop'), 'spare'),
    diskIds: [portal.addDisk(portal.idOf('account', 'petshop'), 'other')],
    userId: /addUser/.test(id) ? 'carl' : 'bob@itsyouonline',
    accesstype: 'RCX',
    access: 'ann',
    username: 'ann',
    password: portal.user.password,
    limit: 5,
  }
  const needed = Object.entries(params).filter(([, one]) => one.optional !== true && one.default === undefined)
  const given = id === 'cloudapi.sizes.list' ? [...needed, ['cloudspaceId', { type: 'int' }] as const] : needed
  return Object.fromEntries(given.map(([name, { type }]) => [name, there[name] ?? samples[type]]))
}

describe('operations of OpenvCloud', () => {
  it('are there: 95, in 11 groups, and five more on the client', () => {
    const { api } = stage.client
    const ours = Object.entries(api).flatMap(([group, members]) =>
      Object.keys(members).map((name) => `cloudapi.${group}.${name}`),
    )
    expect(ours.sort()).toEqual(rows.map(({ id }) => id).sort())
    expect(ours.sort()).toEqual([...documented.OpenvCloud].sort())
    expect([ours.length, Object.keys(api).length]).toEqual([95, 11])
    expect(Object.keys(stage.client).sort()).toEqual(['api', 'authenticate', 'catalogue', 'start', 'task', 'whoami'])
  })

  it.each(rows.map((row) => ({ ...row, ours: row.id.replace('cloudapi.', 'api.') })))('$id is $ours', async (row) => {
    const { portal, client } = stage
    for (const level of ['user', 'level1']) portal.setGroups('ann', ['user', level])
    portal.addUser({ id: 'carl' })
    for (const [kind, name] of [
      ['cloudspace', 'shop'],
      ['machine', 'till'],
    ] as const) {
      await client.api[`${kind}s`].addUser({
        [`${kind}Id`]: portal.idOf(kind, name),
        userId: 'bob@itsyouonline',
        accesstype: 'R',
      } as never)
    }
    const [, group = '', name = ''] = row.id.split('.')
    const members = client.api[group as 'accounts'] as unknown as Record<
      string,
      (...args: unknown[]) => Promise<unknown>
    >
    const parameters = parametersFor(row)
    portal.resetCounts()
    const hasAny = Object.keys(row.params).length > 0
    const answer = await (hasAny ? members[name]?.(parameters, { timeout: 5 }) : members[name]?.({ timeout: 5 }))
    expect(answer).toBeDefined()
    expect(portal.requests()).toBe(1)
    expect(portal.requests(row.id.endsWith('users.authenticate') ? 'authenticate' : 'cloudapi')).toBe(1)
  })

  it('say what rights they need', () => {
    expect(Object.keys(openvCloudNeeds)).toHaveLength(95)
    const names: OpenvCloudOperation[] = [
      'machines.start',
      'machines.addUser',
      'locations.list',
      'disks.addType',
      'accounts.list',
    ]
    expect(names.map((name) => openvCloudNeeds[name])).toEqual([
      { login: true, rights: { machine: ['X'] } },
      { login: true, rights: { cloudspace: ['X'], machine: ['U'] } },
      { login: false },
      { login: true, groups: ['level1', 'level2', 'level3'] },
      { login: true },
    ])
  })

  it('are refused to whoever has not logged in, or has no rights', async () => {
    const { portal } = stage
    portal.addUser({ id: 'eve' })
    const authkey = portal.login('eve')
    const statusOf = async (row: Row, parameters: object) => {
      const init = { headers: { 'content-type': 'application/json' }, body: JSON.stringify(parameters) }
      return (await fetch(`${portal.url}${row.path}`, { method: 'POST', ...init })).status
    }
    const counts = { open: 0, login: 0, rights: 0 }
    for (const row of rows) {
      const { login, rights, groups } = openvCloudNeeds[row.id.replace('cloudapi.', '') as OpenvCloudOperation]
      const parameters = parametersFor(row)
      counts[login ? ((rights ?? groups) === undefined ? 'login' : 'rights') : 'open'] += 1
      if (login) expect([row.id, await statusOf(row, parameters)]).toEqual([row.id, 401])
      if (rights !== undefined || groups !== undefined) {
        expect([row.id, await statusOf(row, { ...parameters, authkey })]).toEqual([row.id, 403])
      }
    }
    expect(counts).toEqual({ open: 4, login: 18, rights: 73 })
  })
})

describe('some operations', () => {
  it('take no parameters where none is needed', async () => {
    const { api } = stage.client
    expect((await api.accounts.list()).map(({ name }) => name)).toEqual(['petshop'])
    expect((await api.cloudspaces.list()).map(({ name, accountName }) => [name, accountName])).toEqual([
      ['shop', 'petshop'],
    ])
    expect((await api.cloudspaces.list({ includedeleted: true }, { timeout: 5 })).length).toBe(1)
  })

  it('make, change and delete', async () => {
    const { api } = stage.client
    const accountId = stage.portal.idOf('account', 'petshop')
    const cloudspaceId = await api.cloudspaces.create({ accountId, location: 'be', name: 'new', access: 'ann' })
    expect(await api.cloudspaces.deploy({ cloudspaceId })).toBe('DEPLOYED')
    const made = { cloudspaceId, name: 'first', description: 'd', imageId: 1, disksize: 10, memory: 1024, vcpus: 2 }
    const machineId = Number(await api.machines.create(made))
    expect(await api.machines.list({ cloudspaceId })).toMatchObject([
      { id: machineId, name: 'first', status: 'RUNNING', memory: 1024 },
    ])
    expect(await api.machines.stop({ machineId, force: true })).toBe(true)
    expect(await api.machines.get({ machineId })).toMatchObject({ cloudspaceid: cloudspaceId, status: 'HALTED' })
    expect(await api.machines.delete({ machineId })).toBe(true)
    expect(await api.cloudspaces.delete({ cloudspaceId })).toBe(true)
    expect((await api.cloudspaces.list()).map(({ name }) => name)).toEqual(['shop'])
  })

  it('make nothing where they are refused', async () => {
    const { client, portal } = stage
    const accountId = portal.idOf('account', 'petshop')
    const refused = client.api.cloudspaces.create({ accountId, location: 'be', name: 'new', access: 'nobody' })
    await expect(refused).rejects.toMatchObject({ code: 'ERR_UPSTREAM_NOT_FOUND' })
    expect(() => portal.idOf('cloudspace', 'new')).toThrow('There is no cloudspace new.')
  })

  it('need no session', async () => {
    const { client, portal } = stage
    portal.resetCounts()
    expect(await client.api.locations.getUrl()).toBe(portal.url)
    expect(portal.requests()).toBe(1)
  })
})
