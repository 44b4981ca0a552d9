import { randomFillSync } from 'node:crypto'

/** Where the tokens of a load come from. */
export type Feed =
  /** These, over and over. */
  | { readonly kind: 'known'; readonly tokens: readonly string[] }
  /** Each of these once. */
  | { readonly kind: 'once'; readonly tokens: readonly string[] }
  /** What these say, each time with another signature that nobody made. */
  | { readonly kind: 'forged'; readonly tokens: readonly string[] }

/** Gives one token after the other, and nothing when there are no more. */
export function createFeed({ kind, tokens }: Feed): () => string | undefined {
  let sent = 0
  const next = () => {
    sent += 1
    return tokens[(sent - 1) % tokens.length]
  }
  if (kind === 'known') return next
  if (kind === 'once') return () => (sent < tokens.length ? next() : undefined)
  const templates = tokens.map((token) => {
    const end = token.lastIndexOf('.') + 1
    return { signed: token.slice(0, end), signature: Buffer.from(token.slice(end), 'base64url') }
  })
  return () => {
    sent += 1
    const { signed, signature } = templates[sent % templates.length] as (typeof templates)[0]
    return signed + forged(signature).toString('base64url')
  }
}

/**
 * Another signature of the same length, which costs as much to refuse: a number that is too large for its key or curve
 * is refused without a calculation.
 */
function forged(signature: Buffer): Buffer {
  const made = randomFillSync(Buffer.allocUnsafe(signature.length))
  const half = made.length / 2
  // P-521 in two numbers of 66 bytes, of which the first has one bit; else a bit less than the modulus or the order has.
  const spare = made.length === 132 ? 0 : 0x7f
  for (const start of [0, half]) made[start] = (made[start] as number) & spare
  return made
}
