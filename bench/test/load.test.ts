import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it } from '@jest/globals'
import { loadCalls } from '../src/load/calls.ts'

it.each(['saturate', 'pace'] as const)(
  'calls from the address that is asked for, all at once or at a pace (%s)',
  async (call) => {
    const callers: (string | undefined)[] = []
    const server = createServer((request, response) => {
      callers.push(`${request.socket.remoteAddress} ${request.headers.authorization}`)
      response.end()
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const load = { port, seconds: 5, connections: 1, perSecond: 100 }
    try {
      await loadCalls[call]({ ...load, feed: { kind: 'once', tokens: ['plain'] } })
      const { requests, statuses } = await loadCalls[call]({
        ...load,
        from: '127.0.0.2',
        feed: { kind: 'once', tokens: ['a', 'b'] },
      })
      expect([requests, statuses]).toEqual([2, { 200: 2 }])
      expect(callers).toEqual(['127.0.0.1 Bearer plain', '127.0.0.2 Bearer a', '127.0.0.2 Bearer b'])
    } finally {
      server.close()
    }
  },
)
