// Without tokens: a line says who calls.
const { actingAs } = require('@claviger/testing')
const { createApp } = require('./app.js')
const { call } = require('./call.js')

const as = (user) => createApp(actingAs(user))

test.each([
  ['an editor', { id: 'ada', roles: ['editor'] }, 'DELETE', '/articles/7', 200],
  ['a reader', { id: 'bob', roles: ['reader'] }, 'DELETE', '/articles/7', 403],
  ['an author', { id: 'bob' }, 'GET', '/users/bob/drafts', 200],
  ['somebody else', { id: 'eve' }, 'GET', '/users/bob/drafts', 403],
])('%s', async (_, user, method, path, status) => {
  expect((await call(as(user), method, path)).status).toBe(status)
})
