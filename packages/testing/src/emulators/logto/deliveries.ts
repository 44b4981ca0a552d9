import { urlOf } from '../../url.ts'

/** One request that the tenant sent to somebody. */
export interface LogtoDelivery {
  /** The name of the event; `backchannel-logout` for a logout token. */
  readonly event: string
  readonly url: string
  /** What was answered; absent when nothing was. */
  readonly status?: number
}

const timeout = 10_000

/** What a tenant sends by itself: to loopback only, once, and never again whatever the answer is, as Logto does. */
export class Deliveries {
  readonly #done: LogtoDelivery[] = []
  readonly #underWay = new Set<Promise<void>>()
  readonly #closing = new AbortController()

  send(event: string, url: string, headers: Readonly<Record<string, string>>, body: string): void {
    const sending = this.#post(url, headers, body).then((status) => {
      this.#done.push({ event, url, ...(status !== undefined && { status }) })
      this.#underWay.delete(sending)
    })
    this.#underWay.add(sending)
  }

  /** Everything sent so far, once all of it was answered. */
  async all(): Promise<readonly LogtoDelivery[]> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay)
    return [...this.#done]
  }

  close(): void {
    this.#closing.abort()
  }

  async #post(url: string, headers: Readonly<Record<string, string>>, body: string): Promise<number | undefined> {
    const signal = AbortSignal.any([AbortSignal.timeout(timeout), this.#closing.signal])
    try {
      const response = await fetch(url, { method: 'POST', headers, body, signal })
      await response.body?.cancel()
      return response.status
    } catch {
      return undefined
    }
  }
}

export function isLoopback(url: string): boolean {
  return /^(127\.\d+\.\d+\.\d+|localhost|\[::1\])$/.test(urlOf(url)?.hostname ?? '')
}

/** @throws {Error} for an address that is not on this machine */
export function assertLoopback(url: string): void {
  if (!isLoopback(url)) throw new Error('The emulator sends to loopback addresses only.')
}
