import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { TokenSet } from '../../src/index.ts'
import type { LogtoOptions } from '../../src/providers/logto/index.ts'
import type { OidcOptions } from '../../src/providers/oidc.ts'

/** What each process of a fleet is made of. */
export type WorkerSetup = { readonly redis: string; readonly key: string; readonly lease: number } & (
  | { readonly oidc: OidcOptions }
  | { readonly logto: LogtoOptions }
)

/** What a process is to do. */
export interface Task {
  readonly tokens: TokenSet
  /** At once. */
  readonly times: number
}

/** What came of one refresh in a process. */
export interface Shown {
  readonly outcome: 'refreshed' | 'rejected' | 'unavailable'
  readonly pair?: readonly string[]
  readonly code?: string
  readonly explanation?: string
}

/** Processes of an app. */
export interface Fleet {
  /** Makes all processes what this says, those that have ended too. */
  use(setup: WorkerSetup): Promise<void>
  /** Refreshes in one process; nothing when it ends meanwhile. */
  refresh(process: number, task: Task): Promise<readonly Shown[]>
  /** What one process makes of an access token: `good`, or the code of its refusal. */
  verify(process: number, token: string): Promise<string>
  /** As a crash does. */
  kill(process: number): void
  pause(process: number): void
  resume(process: number): void
  close(): Promise<void>
}

/** Starts so many processes. */
export async function startFleet(size: number): Promise<Fleet> {
  const workers = await Promise.all(Array.from({ length: size }, startWorker))
  const of = (process: number) => workers[process] as ChildProcess
  return {
    async use(setup) {
      const using = workers.map(async (worker, index) => {
        const used = isRunning(worker) ? worker : await startWorker()
        workers[index] = used
        used.send({ setup })
        await once(used, 'message')
      })
      await Promise.all(using)
    },
    async refresh(process, task) {
      const worker = of(process)
      const answered = new AbortController()
      const { signal } = answered
      const answer = once(worker, 'message', { signal }).then(([{ outcomes }]) => outcomes as readonly Shown[])
      const nothing = once(worker, 'exit', { signal }).then((): readonly Shown[] => [])
      worker.send({ task })
      const first = await Promise.race([answer, nothing])
      Promise.all([answer, nothing]).catch(() => {}) // who is not waited for any more
      answered.abort()
      return first
    },
    async verify(process, token) {
      const worker = of(process)
      worker.send({ token })
      const [{ verdict }] = await once(worker, 'message')
      return verdict
    },
    kill: (process) => void of(process).kill('SIGKILL'),
    pause: (process) => void of(process).kill('SIGSTOP'),
    resume: (process) => void of(process).kill('SIGCONT'),
    async close() {
      const ending = workers.filter(isRunning).map(async (worker) => {
        const ended = once(worker, 'exit')
        worker.kill('SIGKILL')
        await ended
      })
      await Promise.all(ending)
    },
  }
}

function isRunning({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null
}

async function startWorker(): Promise<ChildProcess> {
  const worker = fork(fileURLToPath(new URL('./refresh-worker.ts', import.meta.url)), {
    execArgv: ['--conditions=source-dev', '--import', 'tsx'],
  })
  await once(worker, 'message')
  return worker
}
