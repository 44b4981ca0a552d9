// A process of its own that makes every call fail in every way, and reports on its last channel what would have been shown to whoever
// prints errors, listens to events, or looks at calls. It prints nothing: what it prints all the same, the test reads too.
import { subscribe } from 'node:diagnostics_channel'
import { readdirSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { isAuthError } from '../../../src/errors.ts'
import { type Actor, actors, marks } from './actors.ts'
import { type Lie, lies, startLiar } from './liar.ts'

/** What the process found. */
export interface Report {
  /** Calls made, by provider. */
  readonly calls: Readonly<Record<string, number>>
  readonly failures: number
  /** Errors that are none of ours. */
  readonly foreign: readonly string[]
  readonly events: Readonly<Record<string, number>>
  readonly hooks: number
  /** What showed a secret: where, and what was shown. */
  readonly shown: readonly string[]
  /** Addresses of ours that had a secret in them. */
  readonly addresses: readonly string[]
  readonly unhandled: readonly string[]
}

const calls: Record<string, number> = {}
const events: Record<string, number> = {}
const shown: string[] = []
const allowed: RegExp[] = []
const unhandled: string[] = []
const foreign: string[] = []
let failures = 0
let hooks = 0

for (const kind of ['unhandledRejection', 'uncaughtException', 'warning'] as const) {
  process.on(kind, (what: unknown) => void unhandled.push(`${kind}: ${inspect(what)}`))
}
for (const name of channelNames()) {
  events[name] = 0
  subscribe(name, (message) => {
    events[name] = (events[name] ?? 0) + 1
    look(`event ${name}`, inspect(message, { depth: 20 }))
  })
}

const liar = await startLiar()
try {
  // The keys of new clients are empty: each has to ask.
  for (const lie of lies) {
    for (const isSecondStep of [false, true]) for (const start of actors) await playAll(lie, isSecondStep, start)
  }
  const addresses = liar.asked.filter((address) => hasMark(address) && !allowed.some((one) => one.test(address)))
  const report: Report = { calls, failures, foreign, events, hooks, shown, addresses, unhandled }
  writeSync(3, JSON.stringify(report))
} catch (error) {
  console.error(error)
  process.exitCode = 1
} finally {
  await liar.close()
}

async function playAll(lie: Lie, isSecondStep: boolean, start: (typeof actors)[number]): Promise<void> {
  const hook = (at: string) => (event: unknown) => {
    hooks += 1
    look(at, inspect(event, { depth: 20 }))
  }
  // `fetch` itself may tell all it knows, too.
  const fetch: typeof globalThis.fetch = (url, init) =>
    globalThis.fetch(url, init).catch((cause) => {
      throw new TypeError(`failed: ${url} ${init?.body} ${JSON.stringify(init?.headers)}`, { cause })
    })
  const telling = { fetch: fetch as never, onRequest: hook('onRequest'), onResponse: hook('onResponse') }
  const actor = start(liar.url, { timeout: 0.15, retries: 0, ...telling })
  if (isSecondStep && actor.truths === undefined) return actor.close()
  await liar.lie(lie, isSecondStep ? actor.truths : undefined)
  await Promise.all(
    Object.entries(actor.calls).map(([name, call]) => play(actor, `${actor.provider}.${name}, ${lie}`, call)),
  )
  if (actor.inAddress !== undefined) allowed.push(actor.inAddress)
  await actor.close()
}

async function play({ provider }: Actor, name: string, call: () => unknown): Promise<void> {
  calls[provider] = (calls[provider] ?? 0) + 1
  try {
    const outcome = await call()
    // An outcome with tokens in it is what was asked for; one with an error is as good as a throw.
    if (typeof outcome === 'object' && outcome !== null && 'outcome' in outcome && 'error' in outcome)
      throw outcome.error
  } catch (error) {
    failures += 1
    if (!isAuthError(error)) foreign.push(`${name}: ${error instanceof Error ? error.stack : inspect(error)}`)
    look(name, everythingOf(error))
  }
}

/** All that an error tells, to whoever prints, logs or answers it. */
function everythingOf(error: unknown): string {
  const texts = [inspect(error, { depth: 20, showHidden: true }), String(error), JSON.stringify(error)]
  for (let at = error; at instanceof Error; at = at.cause) texts.push(at.message, String(at.stack), JSON.stringify(at))
  if (isAuthError(error))
    texts.push(inspect([error.toJSON(), error.headers, error.explanation, error.upstream], { depth: 20 }))
  return texts.join('\n')
}

function look(where: string, text: string): void {
  const at = Math.max(...marks.map((one) => text.indexOf(one)))
  if (at >= 0 && shown.length < 50) shown.push(`${where}: …${text.slice(Math.max(0, at - 300), at + 100)}…`)
}

function hasMark(text: string): boolean {
  return marks.some((one) => text.includes(one))
}

/** Every channel that the sources name. */
function channelNames(): readonly string[] {
  const sources = join(import.meta.dirname, '..', '..', '..', 'src')
  const files = readdirSync(sources, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
  const texts = files.map((name) => readFileSync(join(sources, name), 'utf8'))
  return [...new Set(texts.flatMap((text) => [...text.matchAll(/'(claviger:[a-z-]+)'/g)].map(([, name = '']) => name)))]
}
