import type { ServerResponse } from 'node:http'
import onHeaders from 'on-headers'

/** What an answer must have in its header section, whatever it is. */
export interface AnswerHeaders {
  readonly headers: Readonly<Record<string, string>>
  /** Values of `Set-Cookie`, beside those that the app sets. */
  readonly cookies: readonly string[]
}

/**
 * Adds headers to an answer that the app has begun, or will begin: now, and once more when it is sent. A handler may set one anew, and Koa
 * takes all of them back where it answers an error. Of what the app says beside them, that stays which allows no more than they do.
 */
export function addHeaders(response: ServerResponse, { headers, cookies }: AnswerHeaders): void {
  const added = Object.entries(headers)
  if (response.headersSent || (added.length === 0 && cookies.length === 0)) return
  const add = () => {
    for (const [name, value] of added) response.setHeader(name, besides(response.getHeader(name), value))
    const set = [response.getHeader('Set-Cookie') ?? []].flat()
    for (const cookie of cookies) if (!set.includes(cookie)) response.appendHeader('Set-Cookie', cookie)
  }
  add()
  onHeaders(response, add)
}

// What would let a shared cache keep the answer. Caches that know the last one take no heed of `no-store` beside it.
const lax = /^(public|s-maxage|must-understand)\b/i

/** The list of a header, with what it lacks of another. */
function besides(said: number | string | readonly string[] | undefined, value: string): string {
  const kept = listOf([said ?? []].flat().join()).filter((one) => !lax.test(one))
  const isSaid = (name: string) => kept.some((one) => one === '*' || one.toLowerCase() === name.toLowerCase())
  return [...kept, ...listOf(value).filter((name) => !isSaid(name))].join(', ')
}

function listOf(text: string): string[] {
  const items = text.split(',').map((one) => one.trim())
  return items.filter((one) => one !== '')
}
