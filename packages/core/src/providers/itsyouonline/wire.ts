import { STATUS_CODES } from 'node:http'
import type { ErrorReader } from '../../client.ts'
import { isMarkup } from '../../http.ts'
import { isObject } from '../../json.ts'
import { readCompactJws } from '../../jws.ts'
import type { Claims } from '../../types.ts'

/** What `iss` says on every host, so it does not tell them apart; their keys do. */
export const issuer = 'itsyouonline'

/** Clients in the field name the host with `/api` or without. */
export function baseOf(address: string): string {
  return address.replace(/\/+$/, '').replace(/\/api$/, '')
}

/** The claims of a JWT of ItsYou.online, unverified; nothing for anything else. */
export function readToken(token: string | undefined): Claims | undefined {
  try {
    const claims = token === undefined ? undefined : readCompactJws(token)?.claims
    return claims?.iss === issuer ? claims : undefined
  } catch {
    return undefined
  }
}

/**
 * Errors come in three shapes: the words of the status, JSON with a code under any content type, or nothing. Some are a code
 * without the JSON. Whatever else is said is not repeated: it could be what was sent.
 */
export const readItsYouOnlineError: ErrorReader = (response) => {
  if (isMarkup(response)) return undefined
  const { status, body, text: words } = response
  const said = isObject(body) ? body.error : words.trim()
  if (typeof said !== 'string') return {}
  if (said === STATUS_CODES[status] || sentences.includes(said)) return { message: said }
  return /^[a-z]+(_[a-z']+)+$/.test(said) ? { code: said } : {}
}

const sentences = [
  '404 page not found',
  'Parent organization does not exist',
  'You have reached the maximum request limit.',
]
