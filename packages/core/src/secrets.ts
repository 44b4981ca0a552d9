import { isObject } from './json.ts'
import { redact } from './redact.ts'

/** What a call is made with, as far as secrets may be in it. */
export interface Sent {
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  /** Secrets that nothing in the call names as such. */
  readonly secrets?: readonly string[]
}

// Names of what nobody else should see.
const secret = /pass|secret|key|token|code|assertion|authorization|cookie/i
// A text as short as this is in any other text by chance.
const shortest = 4
// As long as this, a part of a path is no name of anything.
const longPart = 40

/**
 * Makes what a provider says fit to be shown: redacted, and without the secrets it was asked with, which it may repeat in any form.
 * What decodes them is the price of a failed call; others pay nothing.
 */
export function createMask(sent: Sent): (text: string) => string {
  const spellings = [...new Set(secretsOf(sent))]
    .filter(({ length }) => length >= shortest)
    .flatMap(spellingsOf)
    // Longest first, so that nothing is left of one that has another in it.
    .sort((a, b) => b.length - a.length)
  return (text) => redact(without(text, spellings))
}

/** Whether a text holds one of these, in any spelling. */
export function holdsSecret(text: string, secrets: readonly string[]): boolean {
  const spellings = secrets.filter(({ length }) => length > 0).flatMap(spellingsOf)
  return spellings.some((spelling) => text.includes(spelling))
}

function without(text: string, spellings: readonly string[]): string {
  return spellings.reduce((rest, spelling) => rest.replaceAll(spelling, '[redacted]'), text)
}

// As it is in a text, in an address, in a form and in JSON.
function spellingsOf(value: string): readonly string[] {
  // Half a character cannot be written in an address; in its place goes what is sent for it.
  const whole = Buffer.from(value).toString()
  return [value, whole, encodeURIComponent(whole), inForm(value), JSON.stringify(value).slice(1, -1)]
}

function inForm(value: string): string {
  return new URLSearchParams({ '': value }).toString().slice(1)
}

function secretsOf({ url, headers = {}, body, secrets = [] }: Sent): readonly string[] {
  const { pathname, searchParams } = new URL(url)
  const parts = pathname.split('/').filter(({ length }) => length >= longPart)
  return [
    ...secrets,
    ...parts,
    ...parts.map(decoded),
    ...inParameters(searchParams),
    ...inHeaders(headers),
    ...inBody(body),
  ]
}

function inHeaders(headers: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(headers).flatMap(([name, value]) => {
    if (name.toLowerCase() !== 'authorization') return secret.test(name) ? [value] : []
    const credentials = value.slice(value.indexOf(' ') + 1)
    if (!/^basic /i.test(value)) return [credentials]
    const [, password = ''] = /:(.*)/s.exec(Buffer.from(credentials, 'base64').toString('utf8')) ?? []
    return [credentials, password, ...[...new URLSearchParams(`p=${password}`).values()]]
  })
}

function inBody(body: Sent['body']): readonly string[] {
  if (typeof body !== 'string') return []
  try {
    return inJson(JSON.parse(body), false)
  } catch {
    return inParameters(new URLSearchParams(body))
  }
}

function inParameters(parameters: URLSearchParams): readonly string[] {
  return [...parameters].flatMap(([name, value]) => (secret.test(name) ? [value] : []))
}

function inJson(value: unknown, isNamed: boolean): readonly string[] {
  if (typeof value === 'string') return isNamed ? [value] : []
  if (Array.isArray(value)) return value.flatMap((one) => inJson(one, isNamed))
  if (!isObject(value)) return []
  return Object.entries(value).flatMap(([name, one]) => inJson(one, isNamed || secret.test(name)))
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
