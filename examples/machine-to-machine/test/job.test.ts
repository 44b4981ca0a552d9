import { fileURLToPath } from 'node:url'
import { createLogtoEmulator, type LogtoEmulator } from '@claviger/testing'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Running, runExample, startExample } from '../../support/start-example.ts'

const file = (name: string) => fileURLToPath(new URL(`../src/${name}`, import.meta.url))
const resource = 'https://reviews.example.test'

describe('examples/machine-to-machine', () => {
  let tenant: LogtoEmulator
  let api: Running

  beforeAll(async () => {
    tenant = await createLogtoEmulator({
      resources: [{ indicator: resource, scopes: ['write:reviews'] }],
      roles: [
        { name: 'admin', scopes: {} },
        { name: 'reviewer', type: 'MachineToMachine', scopes: { [resource]: ['write:reviews'] } },
      ],
      users: [
        { id: 'alice', name: 'Alice', roles: ['admin'] },
        { id: 'bob', name: 'Bob' },
        { id: 'carol', roles: ['admin'] },
      ],
    })
    api = await startExample(file('api.ts'), { LOGTO_ENDPOINT: tenant.endpoint, API_RESOURCE: resource })
  }, 60_000)

  afterAll(async () => {
    await api?.stop()
    await tenant?.close()
  })

  function runJob(roles: readonly string[]) {
    const app = tenant.addApp({ name: 'review', type: 'MachineToMachine', roles })
    return runExample(file('job.ts'), {
      LOGTO_ENDPOINT: tenant.endpoint,
      LOGTO_M2M_ID: app.clientId,
      LOGTO_M2M_SECRET: app.clientSecret ?? '',
      API_URL: api.url,
      API_RESOURCE: resource,
    }).then((ran) => ({ ...ran, id: app.clientId }))
  }

  it('reads from the Management API, and calls its own API as itself', async () => {
    tenant.resetCounts()
    const { code, output, id } = await runJob(['Logto Management API access', 'reviewer'])
    expect(output).toMatch(/^201 /)
    const alice = { user: 'alice', name: 'Alice', roles: ['admin'] }
    expect(JSON.parse(output.slice(4))).toEqual({
      from: id,
      reviewed: [alice, { user: 'carol', name: null, roles: ['admin'] }],
    })
    expect([code, tenant.requests('token')]).toEqual([0, 2])
  }, 60_000)

  it.each([
    ['the Management API', ['reviewer']],
    ['its own API', ['Logto Management API access']],
  ])(
    'says that it may not call %s, instead of calling',
    async (_, roles) => {
      const { code, errors } = await runJob(roles)
      expect(code).not.toBe(0)
      expect(errors).toContain('ERR_UPSTREAM_FORBIDDEN')
    },
    60_000,
  )
})
