// Without tokens: a line says who calls.
import { type ActingUser, actingAs } from '@claviger/testing'
import { expect, test } from '@jest/globals'
import { createApp } from './app.js'
import { call } from './call.js'

const as = (user: ActingUser) => createApp(actingAs(user))

test.each<[string, ActingUser, string, string, number]>([
  ['an editor', { id: 'ada', roles: ['editor'] }, 'DELETE', '/articles/7', 200],
  ['a reader', { id: 'bob', roles: ['reader'] }, 'DELETE', '/articles/7', 403],
  ['an author', { id: 'bob' }, 'GET', '/users/bob/drafts', 200],
  ['somebody else', { id: 'eve' }, 'GET', '/users/bob/drafts', 403],
])('%s', async (_, user, method, path, status) => {
  expect((await call(as(user), method, path)).status).toBe(status)
})
