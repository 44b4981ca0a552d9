import { createHash, hkdfSync } from 'node:crypto'
import { CompactEncrypt, compactDecrypt } from 'jose'
import { isObject } from '../json.ts'

/** Closes what goes through Redis: who reads or writes there can neither read it, nor make it, nor put it elsewhere. */
export interface Seal {
  /** @param place where it is kept: it cannot be opened anywhere else */
  seal(place: string, value: object): Promise<string>
  /** What was sealed; nothing for what was not sealed by one of our keys for this place. */
  open(place: string, text: string): Promise<Readonly<Record<string, unknown>> | undefined>
}

const algorithms = { keyManagementAlgorithms: ['dir'], contentEncryptionAlgorithms: ['A256GCM'] }

/**
 * @param secrets the first seals, all open
 * @param purpose what is sealed for one cannot be opened for another
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
    seal(place, value) {
      const plain = Buffer.from(JSON.stringify({ place, value }))
      const header = { alg: 'dir', enc: 'A256GCM', kid: first.kid }
      return new CompactEncrypt(plain).setProtectedHeader(header).encrypt(first.bytes)
    },
    async open(place, text) {
      try {
        const keyFor = ({ kid }: { kid?: string }) => {
          const key = keys.find((one) => one.kid === kid)
          if (key === undefined) throw new Error('no such key')
          return key.bytes
        }
        const { plaintext } = await compactDecrypt(text, keyFor, algorithms)
        const opened: unknown = JSON.parse(Buffer.from(plaintext).toString('utf8'))
        return isObject(opened) && opened.place === place && isObject(opened.value) ? opened.value : undefined
      } catch {
        return undefined
      }
    },
  }
}
