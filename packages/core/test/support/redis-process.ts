import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { createClient, type RedisClientType } from 'redis'

/** The server's program; nothing where none is installed. */
export const program = ['redis-server', 'valkey-server'].find((name) => spawnSync(name, ['--version']).status === 0)

/** A `redis-server` of its own on a free port of loopback. */
export interface RedisServer {
  readonly port: number
  readonly url: string
  /** Whether the process runs, paused or not. */
  readonly running: boolean
  /** A connected client with the options of an app; `close()` of the server closes it. */
  client(): Promise<RedisClientType>
  /** Writes all data to disk, for the next `start()`. What comes later is lost with `kill()`, unless the server is durable. */
  save(): Promise<void>
  /** Deletes all data. */
  flush(): Promise<void>
  /** Ends the process at once, as a crash does. */
  kill(): Promise<void>
  /** Starts again on the same port: with the data last saved, or empty. */
  start(how?: { empty: boolean }): Promise<void>
  /** Stops the process where it is: connections stay open, and nothing answers. */
  pause(): void
  resume(): void
  /** Ends everything, and deletes the data. */
  close(): Promise<void>
}

/**
 * Starts a server and waits until it answers.
 * @param options `durable`: each write is on disk before it is answered
 */
export async function startRedis({ durable = false }: { durable?: boolean } = {}): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), 'claviger-redis-'))
  const port = await freePort()
  const url = `redis://127.0.0.1:${port}`
  const clients: RedisClientType[] = []
  let child: ChildProcess | undefined
  let output = ''

  async function start({ empty } = { empty: false }): Promise<void> {
    if (child !== undefined) throw new Error('redis-server runs already')
    if (empty)
      for (const data of ['dump.rdb', 'appendonlydir']) rmSync(join(folder, data), { recursive: true, force: true })
    output = ''
    const persistence = durable ? ['--appendonly', 'yes', '--appendfsync', 'always'] : ['--appendonly', 'no']
    const network = ['--port', String(port), '--bind', '127.0.0.1']
    const started = spawn(program ?? 'redis-server', [...network, '--dir', folder, '--save', '', ...persistence])
    child = started
    started.stdout.on('data', (text) => {
      output += text
    })
    started.once('exit', () => {
      if (child === started) child = undefined
    })
    for (const deadline = Date.now() + 20_000; !/Ready to accept connections/.test(output); await pause(5)) {
      if (child !== started || Date.now() > deadline) throw new Error(`redis-server did not start: ${output}`)
    }
  }

  async function kill(): Promise<void> {
    const ending = child
    if (ending === undefined) return
    const ended = once(ending, 'exit')
    ending.kill('SIGKILL')
    await ended
  }

  async function client(): Promise<RedisClientType> {
    const made: RedisClientType = createClient({ url, socket: { reconnectStrategy: 50 } })
    made.on('error', () => {}) // the tests end servers
    clients.push(made)
    await made.connect()
    return made
  }

  /** With a connection of its own, so that nothing of a cut one is in the way. */
  async function command(...args: string[]): Promise<void> {
    const connection = createClient({ url })
    connection.on('error', () => {})
    await connection.connect()
    await connection.sendCommand(args)
    connection.destroy()
  }

  await start()
  return {
    port,
    url,
    get running() {
      return child !== undefined
    },
    client,
    save: () => command('SAVE'),
    flush: () => command('FLUSHALL', 'SYNC'),
    kill,
    start,
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    async close() {
      for (const one of clients) one.destroy()
      await kill()
      if (existsSync(folder)) rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  return address.port
}
