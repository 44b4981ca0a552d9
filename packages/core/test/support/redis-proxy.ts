import { once } from 'node:events'
import { createConnection, createServer, type Socket } from 'node:net'

/** What stands between a client and a server, and fails as networks do. */
export interface RedisProxy {
  readonly port: number
  readonly url: string
  /** Connections open now. */
  readonly connections: number
  /** Ends all connections, and refuses none that come after. */
  cut(): void
  /** Lets so many bytes of the next reply through, on any connection, and ends that connection there. */
  cutReply(bytes: number): void
  /** Nothing passes any more, in either direction, while connections stay open and new ones are taken. */
  stall(): void
  /** Stalls when the next command that has this word in it is sent: that one does not arrive. */
  stallAt(word: string): void
  /** Nothing passes any more on the connections that are open now, and they stay open. New ones work. */
  abandon(): void
  /** Ends the stall: what waited goes on, but for what was lost. */
  flow(): void
  close(): Promise<void>
}

/** Starts a proxy on a free port of loopback, for a server on another. */
export async function startRedisProxy(target: number): Promise<RedisProxy> {
  const pairs = new Set<readonly [Socket, Socket]>()
  let left: number | undefined
  let stalled = false
  let fatal: string | undefined

  const server = createServer((inner) => {
    const outer = createConnection(target, '127.0.0.1')
    const pair = [inner, outer] as const
    pairs.add(pair)
    const end = () => {
      pairs.delete(pair)
      inner.destroy()
      outer.destroy()
    }
    for (const socket of pair) {
      socket.setNoDelay(true)
      socket.on('error', end)
      socket.on('close', end)
      if (stalled) socket.pause()
    }
    inner.on('data', (data) => {
      if (fatal !== undefined && data.includes(fatal)) stall()
      else outer.write(data)
    })
    outer.on('data', (data) => {
      if (left === undefined) {
        inner.write(data)
        return
      }
      const part = data.subarray(0, left)
      left = undefined
      inner.write(part, end)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('no port')

  function cut(): void {
    for (const [inner] of pairs) inner.destroy()
  }

  function abandon(): void {
    for (const socket of [...pairs].flat()) socket.pause()
  }

  function stall(): void {
    stalled = true
    fatal = undefined
    abandon()
  }

  return {
    port: address.port,
    url: `redis://127.0.0.1:${address.port}`,
    get connections() {
      return pairs.size
    },
    cut,
    abandon,
    cutReply(bytes) {
      left = bytes
    },
    stall,
    stallAt(word) {
      fatal = word
    },
    flow() {
      stalled = false
      for (const socket of [...pairs].flat()) socket.resume()
    },
    async close() {
      const closed = once(server, 'close')
      server.close()
      cut()
      await closed
    },
  }
}
