import type { LoopbackRequest, Reply } from '../../server/routes.ts'

/** A refusal, with the answer it gets. */
export class PortalError extends Error {
  readonly status: number
  /** `json`: a JSON string; `html`: a page; `bare`: no content type; `text`: as it is. */
  readonly form: 'json' | 'html' | 'bare' | 'text'
  /** Whether JSONP wraps it: what the portal raises is not wrapped. */
  readonly isWrapped: boolean

  constructor(status: number, message: string, form: PortalError['form'] = 'json', isWrapped = false) {
    super(message)
    this.status = status
    this.form = form
    this.isWrapped = isWrapped
  }
}

/** The fault page of the portal. */
export function crash(): PortalError {
  const id = `eco-1-${crypto.randomUUID()}`
  const text = `Your service request could not be fulfilled correctly, please contact support and mention "${id}".`
  return new PortalError(500, text, 'html')
}

const types = { json: 'application/json', html: 'text/html', text: 'text/plain' }

export function refusalReply({ status, message, form }: PortalError): Reply {
  if (form === 'bare') return { status, body: message }
  const body = form === 'json' ? JSON.stringify(message) : form === 'html' ? page(message) : message
  return { status, headers: { 'content-type': types[form] }, body }
}

const page = (text: string) => `<!DOCTYPE html><html><body><h1>${escaped(text)}</h1></body></html>`

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`)
}

const statusTexts: Readonly<Record<number, string>> = {
  200: 'OK',
  400: 'Bad Request',
  401: 'Unauthorized',
  404: 'Not Found',
}

/** What is not an identifier would be a script of the sender's. */
export function readCallback(name: unknown): string {
  if (typeof name === 'string' && /^[A-Za-z_$][\w$]{0,99}(\.[A-Za-z_$][\w$]{0,99}){0,5}$/.test(name)) return name
  throw new PortalError(400, '_jsonp is not an identifier')
}

/** JSONP: the status is in the body, and 200 outside. */
export function jsonpReply(callback: string, status: number, body: unknown): Reply {
  const wrapper = { httpStatus: status, httpMessage: statusTexts[status] ?? 'Error', body }
  // Such separators end a line in a script, though not in JSON.
  const text = JSON.stringify(wrapper).replace(/[\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16)}`)
  return { headers: { 'content-type': 'application/javascript' }, body: `${callback}(${text});` }
}

/** A result in the format that `format`, the `Accept` header or the request's own type ask for. */
export function resultReply(result: unknown, format: unknown, headers: LoopbackRequest['headers']): Reply {
  switch (typeof format === 'string' ? format : negotiated(headers)) {
    case 'json':
      return as('application/json', JSON.stringify({ result }))
    case 'application/json':
    case 'jsonraw':
      return as('application/json', JSON.stringify(result ?? null))
    case 'yaml':
    case 'application/yaml':
      // JSON is YAML.
      return as('application/yaml', JSON.stringify(result ?? null))
    case 'html':
    case 'text/html':
      return as('text/html', `<html><body><pre>${escaped(pretty(result))}</pre></body></html>`)
    case 'text':
    case 'raw':
    case 'text/plain':
      return as('text/plain', pretty(result))
    default:
      throw crash()
  }
}

// Exactly this type, without a charset: there are clients that compare it as a text.
const as = (type: string, body: string): Reply => ({ headers: { 'content-type': type }, body })

const pretty = (result: unknown) => (typeof result === 'string' ? result : JSON.stringify(result ?? null, null, 2))

const offered = ['text/plain', 'text/html', 'application/yaml', 'application/json']

function negotiated(headers: LoopbackRequest['headers']): string | undefined {
  const { accept, 'content-type': type = '' } = headers
  if (accept === undefined)
    return type.startsWith('application/x-www-form-urlencoded') ? 'text/plain' : 'application/json'
  const wanted = accept
    .split(',')
    .map((one) => {
      const [name = '', ...parameters] = one.split(';').map((part) => part.trim())
      const quality = parameters.find((part) => part.startsWith('q='))?.slice(2)
      return { name, quality: Number(quality ?? 1) }
    })
    .sort((a, b) => b.quality - a.quality)
  for (const { name } of wanted) {
    if (name === '*/*' || name === 'application/*') return 'application/json'
    if (offered.includes(name)) return name
  }
  return undefined
}
