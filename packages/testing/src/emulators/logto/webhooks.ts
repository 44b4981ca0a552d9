import { createHmac } from 'node:crypto'
import { assertLoopback, type Deliveries } from './deliveries.ts'
import { randomId } from './state.ts'

/** Whom to tell of what. */
export interface LogtoHook {
  /** A loopback address. */
  readonly url: string
  /** Names such as `User.SuspensionStatus.Updated`. */
  readonly events: readonly string[]
  /** Added to each delivery. */
  readonly headers?: Readonly<Record<string, string>>
  readonly name?: string
  /** Default true. */
  readonly enabled?: boolean
}

export interface HookState extends Required<Omit<LogtoHook, 'headers'>> {
  readonly id: string
  readonly headers: LogtoHook['headers'] | undefined
  readonly signingKey: string
  readonly createdAt: number
}

/** The webhooks of a tenant. */
export class Webhooks {
  readonly hooks = new Map<string, HookState>()
  readonly #deliveries: Deliveries
  readonly #now: () => number

  /** @param now milliseconds */
  constructor(deliveries: Deliveries, now: () => number) {
    this.#deliveries = deliveries
    this.#now = now
  }

  /** @throws {Error} for an address that is not on this machine */
  add({ url, events, headers, name = '', enabled = true }: LogtoHook): HookState {
    assertLoopback(url)
    const createdAt = this.#now()
    const hook = { id: randomId(21), name, url, events, headers, enabled, signingKey: randomId(32), createdAt }
    this.hooks.set(hook.id, hook)
    return hook
  }

  /** Tells every hook that wants to know. @param details what Logto says of the event, in its order */
  trigger(event: string, details: Readonly<Record<string, unknown>>): void {
    const createdAt = new Date(this.#now()).toISOString()
    for (const { id, url, events, headers, enabled, signingKey } of this.hooks.values()) {
      if (!enabled || !events.includes(event)) continue
      const body = JSON.stringify({ event, createdAt, ...details, hookId: id })
      const signature = createHmac('sha256', signingKey).update(body).digest('hex')
      const own = {
        'content-type': 'application/json',
        'user-agent': 'Logto (https://logto.io/)',
        'logto-signature-sha-256': signature,
      }
      this.#deliveries.send(event, url, { ...headers, ...own }, body)
    }
  }
}
