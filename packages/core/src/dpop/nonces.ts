import { createHmac } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { Seconds } from '../types.ts'

/** What clients have to put into their proofs, so that none can be made long before it is used. */
export interface Nonces {
  /** The one to hand out. */
  current(): string
  /** Taken for as long again. */
  previous(): string
}

/**
 * Makes nonces that every process with the same secret makes too. Nothing is remembered: each is good for a slot of time, and the next.
 * @see https://www.rfc-editor.org/rfc/rfc9449#section-8
 */
export function createNonces(secret: string, clock: Clock, slot: Seconds): Nonces {
  const back = (slots: number) => {
    const number = Math.floor(clock.now() / 1000 / slot) - slots
    return createHmac('sha256', secret).update(`claviger dpop nonce ${number}`).digest('base64url')
  }
  return { current: () => back(0), previous: () => back(1) }
}

/** How a nonce is handed out: kept by no cache, which would hand it out when it is old. */
export function nonceHeaders(nonce: string): Record<string, string> {
  return { 'DPoP-Nonce': nonce, 'Cache-Control': 'no-store' }
}
