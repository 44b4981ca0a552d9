import type { RevocationEntry } from '../revocation-index.ts'
import { field, readEntry } from './revocation-entry.ts'

/** A message of the stream, as Redis holds it. */
export interface Message {
  readonly id: string
  /** What its field holds; nothing where somebody else wrote it. */
  readonly text: string | undefined
}

// We write 100 entries at once at most.
const longest = 65_536

/** How many entries one message holds at most. */
export const entriesPerMessage = 100

/**
 * Reads what XRANGE answers.
 * @throws when it is no such answer
 */
export function readMessages(reply: unknown): Message[] {
  if (!Array.isArray(reply)) throw new Error('Redis answered XRANGE with something else than a list')
  return reply.map((item: unknown) => {
    const { id, message } = (item ?? {}) as { id?: unknown; message?: Record<string, unknown> | null }
    if (typeof id !== 'string' || !/^\d+-\d+$/.test(id)) throw new Error('Redis answered XRANGE without ids')
    const text = message?.[field]
    return { id, text: typeof text === 'string' && text.length <= longest ? text : undefined }
  })
}

/** The entries of a message, and how many parts of it are none. */
export function entriesOf({ text }: Message): { entries: (readonly [string, RevocationEntry])[]; ignored: number } {
  if (text === undefined) return { entries: [], ignored: 1 }
  const entries: (readonly [string, RevocationEntry])[] = []
  let ignored = 0
  // The first message of a stream is empty.
  for (const part of text === '' ? [] : text.split(' ')) {
    const entry = readEntry(part)
    if (entry === undefined) ignored += 1
    else entries.push([part, entry])
  }
  return { entries, ignored }
}

/** Texts of entries as messages. */
export function messagesOf(texts: readonly string[]): Record<string, string>[] {
  const messages: Record<string, string>[] = []
  for (let from = 0; from < texts.length; from += entriesPerMessage)
    messages.push({ [field]: texts.slice(from, from + entriesPerMessage).join(' ') })
  return messages
}
