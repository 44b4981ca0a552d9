import { LRUCache } from 'lru-cache'
import type { HttpRequest } from '../credentials.ts'
import { addressOf, sourceName } from '../source.ts'
import type { Seconds } from '../types.ts'

const window: Seconds = 900
const maxPerAddress = 3
// What each client may have sent to an address that others have used up: else three requests would keep anybody from signing in.
const maxPerClientAndAddress = 1
const maxPerAddressOfAll = 30
const maxPerClient = 30

/**
 * Makes what counts mails: anybody can have one sent to anybody, so each address gets few, and each client causes few, in 15 minutes.
 * Behind a proxy the app has to say whom to believe (`trust proxy`), or the proxy has to count.
 */
export function createMailLimit(now: () => Seconds): (email: string, request: HttpRequest) => boolean {
  const counts = new LRUCache<string, { readonly until: Seconds; count: number }>({ max: 60_000 })

  function isWithin(key: string, most: number): boolean {
    const held = counts.get(key)
    const entry = held !== undefined && held.until > now() ? held : { until: now() + window, count: 0 }
    entry.count += 1
    counts.set(key, entry)
    return entry.count <= most
  }

  return (email, request) => {
    const address = email.toLowerCase()
    const client = sourceName(request.ip ?? addressOf(request))
    // Addresses of the machine's own network are those of proxies.
    const isKnown = client !== '' && !/^((127|10|192\.168|172\.(1[6-9]|2\d|3[01]))\.|f[cd]|0:0:0:0:)/i.test(client)
    if (isKnown && !isWithin(`client ${client}`, maxPerClient)) return false
    const isFirst = isKnown && isWithin(`both ${client} ${address}`, maxPerClientAndAddress)
    const isFew = isWithin(`address ${address}`, maxPerAddress)
    return isFew || (isFirst && isWithin(`all ${address}`, maxPerAddressOfAll - maxPerAddress))
  }
}
