const { once } = require('node:events')

/** Calls an app once, through real HTTP, and gives the status and the body. */
async function call(app, method, path, token) {
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
    const response = await fetch(`http://127.0.0.1:${server.address().port}${path}`, { method, headers })
    return { status: response.status, body: await response.json() }
  } finally {
    server.close()
  }
}

module.exports = { call }
