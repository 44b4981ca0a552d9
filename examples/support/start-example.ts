import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'

/** An example app that runs as a process of its own. */
export interface Running {
  readonly url: string
  stop(): Promise<void>
}

/** An example that has run to its end. */
export interface Ran {
  readonly code: number | null
  readonly output: string
  readonly errors: string
}

function start(main: string, environment: Record<string, string>) {
  return spawn(process.execPath, ['--conditions=source-dev', '--import', 'tsx', main], {
    env: { ...process.env, NODE_OPTIONS: '', PORT: '0', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

/** Starts an example from its sources on a free port, and waits until it says where it listens. */
export async function startExample(main: string, environment: Record<string, string>): Promise<Running> {
  const child = start(main, environment)
  const ended = once(child, 'exit')
  let errors = ''
  child.stderr.on('data', (chunk) => {
    errors += String(chunk)
  })
  for await (const line of createInterface(child.stdout)) {
    const url = /listening on (\S+)/.exec(line)?.[1]
    if (url !== undefined) return { url, stop: () => stop(child, ended) }
  }
  throw new Error(`the example ended before it listened: ${errors}`)
}

/** Runs an example from its sources to its end. */
export async function runExample(main: string, environment: Record<string, string>): Promise<Ran> {
  const child = start(main, environment)
  const ended = once(child, 'exit')
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)])
  await ended
  return { code: child.exitCode, output, errors }
}

async function stop(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 2000)
  await ended
  clearTimeout(timer)
}
