import type { ErrorReader } from '../../client.ts'
import { isMarkup } from '../../http.ts'

/** Where the calls of a portal are: `https://<host>/restmachine`, from an address with `/restmachine` or without. */
export function restmachineOf(baseUrl: string): string {
  return `${baseUrl.replace(/\/+$/, '').replace(/\/restmachine$/, '')}/restmachine`
}

/** How a legacy session id looks: a UUID without hyphens. */
export const authkeyShape = /^[0-9a-f]{32}$/

/** What `whoami` calls whoever it does not know. */
export const guest = 'guest'

/** The status of a dead `authkey`; not in any RFC. */
export const authenticationTimeout = 419

const refusals = [401, 403, authenticationTimeout]

// Session ids, and whatever else is as long.
const secretLike = /[\w+/=~-]{32,}/g

/** An error is a JSON string; the portal's own faults are pages that name an id for its support, `eco-<grid>-<id>`. */
export const readOpenvCloudError: ErrorReader = (response) => {
  const { status, body, json, text } = response
  // It refuses tokens with pages too, and has faults on pages; all else it says in words.
  if (isMarkup(response) && status < 500 && !refusals.includes(status)) return undefined
  const requestId = /\beco-\d+-([\w-]{1,39})/.exec(text)?.[1]
  const said = json && typeof body === 'string' ? body : text
  const message = /^\s*</.test(said) ? undefined : said.slice(0, 1000).replace(secretLike, '[redacted]').trim()
  return { requestId, message: message === '' || message?.startsWith('{') ? undefined : message }
}
