import { type ChildProcess, fork } from 'node:child_process'
import { Agent, request as httpRequest } from 'node:http'
import { fileURLToPath } from 'node:url'
import { createTestIssuer } from '@claviger/testing'
import type { Health } from '../../src/index.ts'
import type { RedisRevocationListOptions } from '../../src/redis/index.ts'

export interface WorkerOptions {
  readonly redis: string
  readonly issuer: string
  readonly audience: string
  readonly list: Omit<Partial<RedisRevocationListOptions>, 'client' | 'clock'>
}

/** What a process of the fleet can be told to do. Times are milliseconds, and comparable between the processes. */
export interface WorkerMethods {
  /** Returns the port of the API. */
  start(options: WorkerOptions): Promise<number>
  revoke(tokenId: string): Promise<{ at: number; confirmed: number; code: string | undefined }>
  /** Asks all the time, and tells when the token was refused for the first time. */
  refusedAt(token: string): Promise<number>
  /** Revokes so many tokens a second that nobody has. */
  flood(perSecond: number, seconds: number): Promise<{ sent: number; failed: number }>
  health(): Promise<Health>
}

export interface Call {
  readonly id: number
  readonly method: keyof WorkerMethods
  readonly args: readonly unknown[]
}

/** A process of the fleet. */
export interface FleetProcess {
  readonly call: Omit<WorkerMethods, 'start'>
  /** Whether the process has ended by itself. */
  readonly ended: boolean
  /** The status that the API answers a token with. @throws when it takes more than 10 s */
  request(token: string): Promise<number>
}

export interface Fleet {
  readonly processes: readonly FleetProcess[]
  token(tokenId: string): string
  close(): Promise<void>
}

interface FleetOptions {
  /** One address for each process. */
  readonly redis: readonly string[]
  readonly list?: WorkerOptions['list']
}

/** Starts processes that share a revocation list; each has read it when this resolves. */
export async function startFleet({ redis, list = {} }: FleetOptions): Promise<Fleet> {
  const issuer = await createTestIssuer()
  const agent = new Agent({ keepAlive: true, maxSockets: 1000 })
  const all = await Promise.all(
    redis.map((url) => startProcess({ redis: url, issuer: issuer.issuer, audience: issuer.audience, list }, agent)),
  )
  return {
    processes: all,
    token: (tokenId) => issuer.tokenFor({ subject: 'alice', expiresIn: 7200, claims: { jti: tokenId } }),
    async close() {
      agent.destroy()
      await Promise.all(all.map((one) => one.kill()))
      await issuer.close()
    },
  }
}

async function startProcess(options: WorkerOptions, agent: Agent): Promise<FleetProcess & { kill(): Promise<void> }> {
  const child = fork(fileURLToPath(new URL('./fleet-worker.ts', import.meta.url)), {
    execArgv: ['--conditions=source-dev', '--import', 'tsx', '--unhandled-rejections=strict'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const isOver = () => child.exitCode !== null || child.signalCode !== null
  const call = caller(child)
  const port = await call('start')(options)
  return {
    call: {
      revoke: call('revoke'),
      refusedAt: call('refusedAt'),
      flood: call('flood'),
      health: call('health'),
    },
    get ended() {
      return isOver()
    },
    request: (token) => request(port, token, agent),
    async kill() {
      if (isOver()) return
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGKILL')
      await ended
    },
  }
}

function caller(child: ChildProcess) {
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>()
  let next = 0
  child.on('message', ({ id, result, error }: { id: number; result?: unknown; error?: string }) => {
    if (error === undefined) waiting.get(id)?.resolve(result)
    else waiting.get(id)?.reject(new Error(error))
    waiting.delete(id)
  })
  child.once('exit', () => {
    for (const { reject } of waiting.values()) reject(new Error('the process has ended'))
  })
  return <Name extends keyof WorkerMethods>(method: Name): WorkerMethods[Name] => {
    const run = (...args: unknown[]) =>
      new Promise((resolve, reject) => {
        const id = next++
        waiting.set(id, { resolve, reject })
        child.send({ id, method, args } satisfies Call)
      })
    return run as WorkerMethods[Name]
  }
}

function request(port: number, token: string, agent: Agent): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` }
    const sent = httpRequest({ host: '127.0.0.1', port, agent, headers, timeout: 10_000 }, (response) => {
      response.resume()
      response.once('end', () => resolve(response.statusCode ?? 0))
    })
    sent.once('timeout', () => sent.destroy(new Error('the request hangs')))
    sent.once('error', reject)
    sent.end()
  })
}
