import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from '@jest/globals'
import express from 'express'
import Koa from 'koa'
import { type ActingUser, actingAs } from '../src/index.ts'

const alice: ActingUser = {
  id: 'alice',
  email: 'alice@example.test',
  organization: 'acme',
  roles: [
    'reader',
    { name: 'operator', permissions: ['machine:delete', { machine: 'stop', disk: 'read' }] },
    { name: 'owner', id: 'r1', organization: 'acme', permissions: [{ resource: 'urn:x:bill', action: 'pay' }] },
    { name: 'guest', organization: 'other', permissions: ['secret:read'] },
  ],
  permissions: ['machine:delete', 'report:write', { log: 'read' }],
  scopes: ['read', 'read', 'write'],
}

const closers: (() => void)[] = []

afterEach(() => {
  for (const close of closers.splice(0)) close()
})

async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => void server.close().closeAllConnections())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

interface Seen {
  user: Record<string, unknown>
  auth: Record<string, unknown>
  requestUser?: unknown
}

function expressApp(user: ActingUser, seen: Seen[]): Promise<string> {
  const app = express()
  app.use(actingAs(user))
  app.get('/', (req, res) => {
    seen.push(req as unknown as Seen)
    res.json((req as unknown as Seen).user)
  })
  return listen(app as RequestListener)
}

function koaApp(user: ActingUser, seen: Seen[]): Promise<string> {
  const app = new Koa()
  app.use(actingAs(user))
  app.use((ctx) => {
    seen.push({ ...(ctx.state as unknown as Seen), requestUser: (ctx.req as unknown as Seen).user })
    ctx.body = ctx.state.user
  })
  const callback = app.callback()
  return listen((request, response) => void callback(request, response))
}

describe.each([
  ['Express', expressApp],
  ['Koa', koaApp],
])('actingAs on %s', (name, start) => {
  it('sets the user, with the permissions of the roles that count here', async () => {
    const url = await start(alice, [])
    expect(await (await fetch(url)).json()).toEqual({
      id: 'alice',
      provider: 'test',
      issuer: 'https://test.invalid',
      email: 'alice@example.test',
      organization: 'acme',
      roles: [
        { id: 'reader', name: 'reader', permissions: [] },
        {
          id: 'operator',
          name: 'operator',
          permissions: [
            { resource: 'machine', action: 'delete' },
            { resource: 'machine', action: 'stop' },
            { resource: 'disk', action: 'read' },
          ],
        },
        { id: 'r1', name: 'owner', organization: 'acme', permissions: [{ resource: 'urn:x:bill', action: 'pay' }] },
        { id: 'guest', name: 'guest', organization: 'other', permissions: [{ resource: 'secret', action: 'read' }] },
      ],
      permissions: ['machine:delete', 'machine:stop', 'disk:read', 'urn:x:bill:pay', 'report:write', 'log:read'],
      scopes: ['read', 'write'],
    })
  })

  it('gives each request an object of its own, whose lists are frozen', async () => {
    const seen: Seen[] = []
    const url = await start({ id: 'alice', roles: ['admin'] }, seen)
    await fetch(url)
    await fetch(url)
    const [first, second] = seen as [Seen, Seen]
    first.user.extra = 1
    expect(second.user).not.toHaveProperty('extra')
    expect(first.user).not.toBe(second.user)
    for (const list of ['roles', 'permissions', 'scopes']) expect(Object.isFrozen(first.user[list])).toBe(true)
    expect(Object.isFrozen((first.user.roles as object[])[0])).toBe(true)
    if (name === 'Koa') expect(first.requestUser).toBe(first.user)
  })

  it('sets a frozen verified token that ends in an hour', async () => {
    const seen: Seen[] = []
    await fetch(await start({ id: 'alice', provider: 'logto', issuer: 'https://id.test', boundTo: 'acme' }, seen))
    const { auth, user } = seen[0] as Seen
    const now = Date.now() / 1000
    expect(auth).toMatchObject({ provider: 'logto', issuer: 'https://id.test', boundTo: 'acme', user: { id: 'alice' } })
    expect(auth.claims).toMatchObject({ iss: 'https://id.test', sub: 'alice' })
    expect(Math.abs(Number(auth.expiresAt) - now - 3600)).toBeLessThan(5)
    expect([Object.isFrozen(auth), Object.isFrozen(auth.user), Object.isFrozen(auth.claims)]).toEqual([
      true,
      true,
      true,
    ])
    expect(auth.user).not.toBe(user)
  })
})

describe('actingAs', () => {
  it('lets the errors of a Koa route through', async () => {
    const context = { state: {}, req: {} }
    await expect(actingAs({ id: 'alice' })(context, () => Promise.reject(new Error('of the route')))).rejects.toThrow(
      'of the route',
    )
  })

  it.each<[string, unknown, string]>([
    ['nothing', undefined, 'the user must be an object such as'],
    ['no id', {}, 'the user needs an id'],
    ['an empty id', { id: '' }, 'id of the user must be a text that is not empty'],
    ['a misspelt member', { id: 'a', role: ['admin'] }, 'the user has no role; there are id, email'],
    ['a role alone', { id: 'a', roles: 'admin' }, 'roles of the user must be a list'],
    ['a role without a name', { id: 'a', roles: [{ id: 'r' }] }, 'the role {"id":"r"} needs a name'],
    ['a role that is none', { id: 'a', roles: [7] }, 'the role 7 must be an object'],
    ['a permission without an action', { id: 'a', permissions: ['machine'] }, '"machine" is no permission: write'],
    [
      'a permission of a role that is none',
      { id: 'a', roles: [{ name: 'r', permissions: [{}] }] },
      '{} is no permission',
    ],
    ['an odd permission', { id: 'a', permissions: [{ machine: 1 }] }, '{"machine":1} is no permission'],
    ['two scopes in one', { id: 'a', scopes: ['read write'] }, '"read write" is no scope: write one text for each'],
  ])('refuses %s', (_, user, message) => {
    expect(() => actingAs(user as ActingUser)).toThrow(TypeError)
    expect(() => actingAs(user as ActingUser)).toThrow(`actingAs: ${message}`)
  })
})
