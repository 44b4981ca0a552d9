import { isObject } from '../json.ts'
import { createSeal } from '../seal.ts'

/** What is sealed under one purpose cannot be opened under another. */
export type Purpose = 'session' | 'stored session' | 'use' | 'sign-in'

/** Closes what browsers keep for us, by what it is for. */
export interface SessionSeal {
  /** @param parts tells how many pieces a text of this length is cut into; the number stands in the seal */
  seal(purpose: Purpose, value: object, parts?: (length: number) => number): Promise<{ text: string; parts: number }>
  /** What was sealed; nothing for what was not sealed here under this purpose. */
  open(purpose: Purpose, text: string): Promise<Readonly<Record<string, unknown>> | undefined>
}

/** @param secrets the first seals, all open */
export function createSessionSeal(secrets: readonly string[]): SessionSeal {
  const seals = {
    session: createSeal(secrets, 'session'),
    'stored session': createSeal(secrets, 'stored session'),
    use: createSeal(secrets, 'use'),
    'sign-in': createSeal(secrets, 'sign-in'),
  }
  return {
    async seal(purpose, value, parts = () => 1) {
      for (let n = 1; ; ) {
        const text = await seals[purpose].seal(value, { n })
        const needed = parts(text.length)
        if (needed <= n) return { text, parts: n }
        n = needed
      }
    },
    open: (purpose, text) => seals[purpose].open(text),
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
