import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Events } from '@claviger/core'

/** An event of the library, and the request of the page in whose course it was told. */
export interface Told {
  readonly id: number
  readonly at: number
  readonly name: string
  readonly request: string | undefined
  readonly message: Events[keyof Events]
}

/** What the library has told, and tells. */
export interface EventLog {
  /** Runs something in the course of a request of the page. */
  during(request: string | undefined, run: () => void): void
  /** Calls back with what was told after the event `since`, and with everything from then on. Returns what ends it. */
  follow(since: number, listener: (told: Told) => void): () => void
  close(): void
}

const names = Object.keys({
  'claviger:verify': 1,
  'claviger:cache': 1,
  'claviger:admission': 1,
  'claviger:refusal': 1,
  'claviger:keys': 1,
  'claviger:session': 1,
  'claviger:revocation': 1,
  'claviger:roles': 1,
  'claviger:revocation-stream': 1,
} satisfies Record<keyof Events, 1>)
const kept = 200

/** Listens to everything the library tells on `node:diagnostics_channel`. */
export function createEventLog(): EventLog {
  const course = new AsyncLocalStorage<string | undefined>()
  const listeners = new Set<(told: Told) => void>()
  const log: Told[] = []
  let last = 0

  const heard = (message: unknown, name: string | symbol) => {
    const told: Told = {
      id: ++last,
      at: Date.now(),
      name: String(name).replace('claviger:', ''),
      request: course.getStore(),
      message: message as Told['message'],
    }
    log.push(told)
    if (log.length > kept) log.shift()
    for (const listener of listeners) listener(told)
  }
  for (const name of names) subscribe(name, heard)

  return {
    during: (request, run) => course.run(request, run),
    follow(since, listener) {
      for (const told of log) if (told.id > since) listener(told)
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close() {
      for (const name of names) unsubscribe(name, heard)
    },
  }
}
