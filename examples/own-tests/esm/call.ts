import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { Express } from 'express'

/** Calls an app once, through real HTTP, and gives the status and the body. */
export async function call(app: Express, method: string, path: string, token?: string) {
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` }
    const { port } = server.address() as AddressInfo
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, headers })
    return { status: response.status, body: await response.json() }
  } finally {
    server.close()
  }
}
