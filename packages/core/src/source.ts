import { isIPv6 } from 'node:net'
import type { HttpRequest } from './credentials.ts'

// Of what an app calls a source: it may come from a header of any length.
const maxLength = 128

/** Where a request comes from, as its connection tells. */
export function addressOf(request: HttpRequest): string | undefined {
  try {
    return request.socket?.remoteAddress
  } catch {
    // As below.
    return undefined
  }
}

/**
 * The name under which a source is counted. IPv6 addresses count by their network of 64 bits, since whoever has one address
 * of it has all of them; an IPv4 address in IPv6 clothes is that IPv4 address.
 */
export function sourceName(source: string | undefined): string {
  if (source === undefined || !isIPv6(source)) return String(source ?? '').slice(0, maxLength)
  const mapped = /^::ffff:([\d.]+)$/i.exec(source)?.[1]
  if (mapped !== undefined) return mapped
  const [head = [], tail = []] = source.split('::').map((part) => part.split(':').filter((group) => group !== ''))
  // `::` stands for as many zeros as there is room for.
  const zeros = Array.from({ length: Math.max(0, 8 - head.length - tail.length) }, () => '0')
  const network = [...head, ...zeros, ...tail].slice(0, 4)
  return `${network.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`
}

/** Whether nobody waits for the answer any more. */
export function isGone(request: HttpRequest | undefined): boolean {
  try {
    return request?.socket?.destroyed === true
  } catch {
    // What the socket of an HTTP/2 request does once its session has ended.
    return true
  }
}
