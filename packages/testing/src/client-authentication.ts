import type { LoopbackRequest } from './server/routes.ts'

/** The credentials a client sent, and where; `duplicate` when it sent them twice. */
export interface ClientCredentials {
  readonly method: 'basic' | 'body' | 'none' | 'duplicate'
  readonly id?: string
  readonly secret?: string
}

/** Reads client credentials from the header or the body. @see https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1 */
export function readClientCredentials({ headers, form }: LoopbackRequest): ClientCredentials {
  const basic = /^basic +(\S+)$/i.exec(headers.authorization ?? '')?.[1]
  const secret = form.get('client_secret')
  if (basic !== undefined) {
    if (secret !== null) return { method: 'duplicate' }
    const [id = '', ...rest] = Buffer.from(basic, 'base64').toString('utf8').split(':')
    return { method: 'basic', id: formDecode(id), secret: formDecode(rest.join(':')) }
  }
  const id = form.get('client_id')
  if (id === null) return { method: 'none' }
  return secret === null ? { method: 'none', id } : { method: 'body', id, secret }
}

function formDecode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}
