import { readFingerprint, writeFingerprint } from '../fingerprint.ts'
import { lastSecond } from '../fingerprint-table.ts'
import type { RevocationEntry } from '../revocation-index.ts'

/** The field of a message that holds entries, parted by blanks. Another form would have another field. */
export const field = 'r'

const letters = { token: 't', tokenId: 'i', session: 's', sessionTokens: 'b', subject: 'u', provider: 'p' } as const
const kinds = new Map(Object.entries(letters).map(([kind, letter]) => [letter, kind as RevocationEntry['kind']]))
const form = /^([tisbup])([A-Za-z0-9_-]{22})\.(\d{1,11})(?:\.(\d{1,11}(?:\.\d{1,9})?))?$/

/** An entry as it stands in the stream: kind, fingerprint, until when, and issued before when. About 34 characters. */
export function writeEntry({ kind, print, until, issuedBefore }: RevocationEntry): string {
  const text = `${letters[kind]}${writeFingerprint(print)}.${until}`
  return hasTime(kind) ? `${text}.${decimal(issuedBefore)}` : text
}

/** Reads an entry; nothing if it is not one, to the letter. */
export function readEntry(text: string): RevocationEntry | undefined {
  const [, letter = '', print = '', until = '', issuedBefore] = form.exec(text) ?? []
  const kind = kinds.get(letter as 't')
  if (kind === undefined || hasTime(kind) !== (issuedBefore !== undefined)) return undefined
  return {
    kind,
    print: readFingerprint(print),
    until: Math.min(Math.max(1, Number(until)), lastSecond),
    issuedBefore: Math.min(Number(issuedBefore ?? 0), lastSecond),
  }
}

function hasTime(kind: RevocationEntry['kind']): boolean {
  return kind === 'sessionTokens' || kind === 'subject' || kind === 'provider'
}

function decimal(time: number): string {
  return Number.isInteger(time) ? String(time) : time.toFixed(9)
}
