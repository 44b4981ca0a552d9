import type { Jwks } from '@claviger/core'
import { serve } from '../child.ts'
import { each } from './each.ts'
import { type IssuerFacts, type Verify, verifiers } from './verifiers.ts'

const { subtle } = globalThis.crypto
const parameters = {
  ES256: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  ES384: { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' },
  ES512: { name: 'ECDSA', namedCurve: 'P-521', hash: 'SHA-512' },
  RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
}

let tokens: readonly string[] = []
let verifyAll: (atOnce: number) => Promise<void> = async () => {}

const calls = {
  /** Gets ready to verify these tokens, as if none had been seen before. */
  async prepare(wanted: { subject: string; facts: IssuerFacts; tokens?: readonly string[] }): Promise<void> {
    tokens = wanted.tokens ?? tokens
    verifyAll = await (wanted.subject === 'the machine' ? bare(wanted.facts) : whole(wanted.subject, wanted.facts))
  },
  /** Verifies all, so many at once. */
  async verify(atOnce: number) {
    const idle = performance.eventLoopUtilization()
    const used = process.cpuUsage()
    const started = performance.now()
    await verifyAll(atOnce)
    const seconds = (performance.now() - started) / 1000
    const { user, system } = process.cpuUsage(used)
    return {
      perSecond: tokens.length / seconds,
      eventLoop: performance.eventLoopUtilization(idle).utilization,
      cpu: (user + system) / tokens.length,
    }
  },
}

/** What this process can be asked for. */
export type ColdCalls = typeof calls

serve(calls)

/** Signatures alone, with everything but `crypto.subtle.verify` done beforehand: what no verifier can do better. */
async function bare({ jwksUri, algorithm }: IssuerFacts): Promise<typeof verifyAll> {
  const { keys } = (await (await fetch(jwksUri)).json()) as Jwks
  const key = await subtle.importKey('jwk', { ...keys[0] }, parameters[algorithm], false, ['verify'])
  const parts = tokens.map((token) => {
    const end = token.lastIndexOf('.')
    return { signed: Buffer.from(token.slice(0, end)), signature: Buffer.from(token.slice(end + 1), 'base64url') }
  })
  return (atOnce) =>
    each(parts, atOnce, async ({ signed, signature }) => {
      if (!(await subtle.verify(parameters[algorithm], key, signature, signed))) throw new Error('a bad signature')
    })
}

async function whole(subject: string, facts: IssuerFacts): Promise<typeof verifyAll> {
  const makers: Record<string, (facts: IssuerFacts) => Promise<Verify>> = verifiers
  const verify = await makers[subject]?.(facts)
  if (verify === undefined) throw new Error(`no verifier is called ${subject}`)
  return (atOnce) =>
    each(tokens, atOnce, async (token) => {
      if ((await verify(token)) === undefined) throw new Error('a token without a subject')
    })
}
