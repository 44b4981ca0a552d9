import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/** An example app that runs as a process of its own. */
export interface Running {
  readonly url: string
  stop(): Promise<void>
}

/** Starts an example from its sources on a free port, and waits until it says where it listens. */
export async function startExample(main: string, environment: Record<string, string>): Promise<Running> {
  const child = spawn(process.execPath, ['--conditions=source-dev', '--import', 'tsx', main], {
    env: { ...process.env, NODE_OPTIONS: '', PORT: '0', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = once(child, 'exit')
  let errors = ''
  child.stderr.on('data', (chunk) => {
    errors += String(chunk)
  })
  for await (const line of createInterface(child.stdout)) {
    const url = /listening on (\S+)/.exec(line)?.[1]
    if (url === undefined) continue
    return {
      url,
      async stop() {
        child.kill('SIGTERM')
        const timer = setTimeout(() => child.kill('SIGKILL'), 2000)
        await ended
        clearTimeout(timer)
      },
    }
  }
  throw new Error(`the example ended before it listened: ${errors}`)
}
