import { createHash, hkdfSync } from 'node:crypto'
import { isObject } from './json.ts'

/** Closes what others keep for us: nobody else can read it, make it, or change it. */
export interface Seal {
  /** @param header that stands readable in what is sealed, and cannot be changed either */
  seal(value: object, header?: Readonly<Record<string, unknown>>): Promise<string>
  /** What was sealed; nothing for what was not sealed by one of our keys for this purpose. */
  open(text: string): Promise<Readonly<Record<string, unknown>> | undefined>
}

const algorithms = { keyManagementAlgorithms: ['dir'], contentEncryptionAlgorithms: ['A256GCM'] }

/**
 * @param secrets the first seals, all open
 * @param purpose what is sealed for one cannot be opened for another: each has keys of its own
 * @see https://www.rfc-editor.org/rfc/rfc7516
 */
export function createSeal(secrets: readonly string[], purpose: string): Seal {
  const keys = secrets.map((secret) => {
    const bytes = new Uint8Array(hkdfSync('sha256', secret, '', `claviger ${purpose}`, 32))
    return { bytes, kid: createHash('sha256').update(bytes).digest('base64url').slice(0, 6) }
  })
  const [first] = keys
  if (first === undefined) throw new TypeError('There is no key.')

  return {
    async seal(value, header = {}) {
      const { CompactEncrypt } = await import('jose')
      return new CompactEncrypt(Buffer.from(JSON.stringify(value)))
        .setProtectedHeader({ ...header, alg: 'dir', enc: 'A256GCM', kid: first.kid })
        .encrypt(first.bytes)
    },
    async open(text) {
      const { compactDecrypt } = await import('jose')
      try {
        const keyFor = ({ kid }: { kid?: string }) => {
          const key = keys.find((one) => one.kid === kid)
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
