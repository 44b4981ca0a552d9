import type { Commands } from './connection.ts'
import { entriesPerMessage, messagesOf } from './message.ts'

/** Revocations of this process that have not been read back from the stream. */
export interface Outbox {
  readonly size: number
  /** Writes an entry. Resolves when Redis has it; whatever happens, it is kept until it is read back. */
  write(text: string): Promise<void>
  /** An entry has been read. Returns whether it was one of these. */
  read(text: string): boolean
  /**
   * Writes again what Redis has lost, or never got: what had been written, well or not, before the stream was read to its end and
   * is not there. Something may thus be written twice, which changes nothing.
   * @param round the number of that look at the stream
   */
  repeat(round: number): void
}

interface OutboxOptions {
  readonly commands: Commands
  readonly key: string
  /** The number of the present look at the stream. */
  round(): number
  /** Told of what goes wrong where nobody waits. */
  failed(error: unknown): void
}

const underWay = Number.POSITIVE_INFINITY

/** Makes what is told until it is known to have been heard. */
export function createOutbox({ commands, key, round, failed }: OutboxOptions): Outbox {
  /** Entry → the look at the stream during which its writing ended. */
  const entries = new Map<string, number>()

  let gathering: { readonly texts: string[]; readonly written: Promise<void> } | undefined

  // What comes in one turn of the event loop is one message: to write and to read one costs more than all that is in it.
  function gather(): { readonly texts: string[]; readonly written: Promise<void> } {
    const texts: string[] = []
    const turn = new Promise<void>((resolve) => setImmediate(resolve))
    const written = turn.then(() => {
      if (gathering?.texts === texts) gathering = undefined
      return send(texts)
    })
    return { texts, written }
  }

  async function send(texts: readonly string[]): Promise<void> {
    for (const text of texts) entries.set(text, underWay)
    try {
      for (const message of messagesOf(texts)) await commands.run((connection) => connection.xAdd(key, '*', message))
    } finally {
      const ended = round()
      for (const text of texts) if (entries.has(text)) entries.set(text, ended)
    }
  }

  return {
    get size() {
      return entries.size
    },
    write(text) {
      entries.set(text, underWay)
      if (gathering === undefined || gathering.texts.length >= entriesPerMessage) gathering = gather()
      gathering.texts.push(text)
      return gathering.written
    },
    read: (text) => entries.delete(text),
    repeat(present) {
      if (entries.size === 0) return
      const texts = [...entries].filter(([, ended]) => ended < present).map(([text]) => text)
      if (texts.length > 0) send(texts).catch(failed)
    },
  }
}
