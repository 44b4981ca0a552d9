import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

/** What a child process does for its parent, by name. Arguments and answers are copied. */
export type Calls = Record<string, (argument: never) => unknown>

/** A process of its own, and what it can be asked to do. */
export interface Child<C extends Calls> {
  /** @throws {Error} with what the child threw, or when it has ended */
  ask<N extends keyof C & string>(name: N, ...argument: Parameters<C[N]>): Promise<Awaited<ReturnType<C[N]>>>
  /** Resolves when the process is gone. */
  end(): Promise<void>
}

interface Question {
  readonly id: number
  readonly name: string
  readonly argument: unknown
}
interface Answer {
  readonly id: number
  readonly result?: unknown
  readonly error?: string
}

/**
 * Starts a module of the benchmark as a process of its own, in production mode.
 * @param file - Below `bench/src`; it has to call `serve`.
 * @param flags - For Node.
 */
export function startChild<C extends Calls>(file: string, flags: readonly string[] = []): Child<C> {
  const child = fork(join(import.meta.dirname, file), {
    execArgv: [...process.execArgv, ...flags],
    env: { ...process.env, NODE_ENV: 'production' },
    serialization: 'advanced',
  })
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>()
  let last = 0
  let over: Error | undefined

  child.on('message', ({ id, result, error }: Answer) => {
    const asked = waiting.get(id)
    waiting.delete(id)
    if (error === undefined) asked?.resolve(result)
    else asked?.reject(new Error(`${file}: ${error}`))
  })
  child.on('exit', (code, signal) => {
    over = new Error(`${file} ended (${signal ?? code})`)
    for (const { reject } of waiting.values()) reject(over)
  })

  return {
    ask(name, ...[argument]) {
      return new Promise((resolve, reject) => {
        if (over !== undefined) return reject(over)
        last += 1
        waiting.set(last, { resolve: resolve as (value: unknown) => void, reject })
        child.send({ id: last, name, argument } satisfies Question)
      })
    },
    async end() {
      if (over !== undefined) return
      const gone = once(child, 'exit')
      child.disconnect()
      await gone
    },
  }
}

/** Does in this process what its parent asks for, until the parent has had enough. */
export function serve(calls: Calls): void {
  // What is measured is to run as its users run it: the loader for TypeScript makes each stack trace dearer.
  process.setSourceMapsEnabled(false)
  process.on('disconnect', () => process.exit())
  process.on('message', async ({ id, name, argument }: Question) => {
    const answer = (rest: Partial<Answer>) => process.send?.({ id, ...rest } satisfies Answer)
    try {
      answer({ result: await calls[name]?.(argument as never) })
    } catch (error) {
      answer({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
    }
  })
}
