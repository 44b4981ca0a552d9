import { createHash, hkdfSync } from 'node:crypto'
import { isObject } from '../json.ts'

/** What is sealed under one purpose cannot be opened under another: each has keys of its own. */
export type Purpose = 'session' | 'stored session' | 'use' | 'sign-in'

/** Closes what browsers keep for us: nobody else can read it, make it, or change it. */
export interface Seal {
  /**
   * @param parts tells how many pieces a text of this length is cut into; the number stands in the seal
   * @see https://www.rfc-editor.org/rfc/rfc7516
   */
  seal(purpose: Purpose, value: object, parts?: (length: number) => number): Promise<{ text: string; parts: number }>
  /** What was sealed; nothing for what was not sealed here under this purpose. */
  open(purpose: Purpose, text: string): Promise<Readonly<Record<string, unknown>> | undefined>
}

interface Key {
  readonly kid: string
  readonly bytes: Uint8Array
}

const algorithms = { keyManagementAlgorithms: ['dir'], contentEncryptionAlgorithms: ['A256GCM'] }

/** @param secrets the first seals, all open */
export function createSeal(secrets: readonly string[]): Seal {
  const made = new Map<Purpose, readonly Key[]>()

  function keysFor(purpose: Purpose): readonly Key[] {
    const keys = made.get(purpose) ?? secrets.map((secret) => keyOf(secret, purpose))
    made.set(purpose, keys)
    return keys
  }

  return {
    async seal(purpose, value, parts = () => 1) {
      const { CompactEncrypt } = await import('jose')
      const { kid, bytes } = keysFor(purpose)[0] as Key
      const plain = Buffer.from(JSON.stringify(value))
      for (let n = 1; ; ) {
        const header = { alg: 'dir', enc: 'A256GCM', kid, n }
        const text = await new CompactEncrypt(plain).setProtectedHeader(header).encrypt(bytes)
        const needed = parts(text.length)
        if (needed <= n) return { text, parts: n }
        n = needed
      }
    },
    async open(purpose, text) {
      const { compactDecrypt } = await import('jose')
      try {
        const keyFor = ({ kid }: { kid?: string }) => {
          const key = keysFor(purpose).find((one) => one.kid === kid)
          if (key === undefined) throw new Error('no such key')
          return key.bytes
        }
        const { plaintext } = await compactDecrypt(text, keyFor, algorithms)
        const value: unknown = JSON.parse(Buffer.from(plaintext).toString('utf8'))
        return isObject(value) ? value : undefined
      } catch {
        return undefined
      }
    },
  }
}

/** Into how many pieces a sealed text was cut, as its beginning says. It is believed only when all of them can be opened together. */
export function partsOf(beginning: string): number | undefined {
  const header = beginning.slice(0, 200).split('.', 1)[0] ?? ''
  try {
    const value: unknown = JSON.parse(Buffer.from(header, 'base64url').toString('utf8'))
    return isObject(value) && Number.isInteger(value.n) ? Number(value.n) : undefined
  } catch {
    return undefined
  }
}

function keyOf(secret: string, purpose: Purpose): Key {
  const bytes = new Uint8Array(hkdfSync('sha256', secret, '', `claviger ${purpose}`, 32))
  return { bytes, kid: createHash('sha256').update(bytes).digest('base64url').slice(0, 6) }
}
