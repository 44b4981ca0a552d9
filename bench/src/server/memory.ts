import { serve } from '../child.ts'
import { each } from './each.ts'
import { type IssuerFacts, type Verify, verifiers } from './verifiers.ts'

let verify: Verify = () => undefined

const calls = {
  /** Makes a verifier with the cache it has by default. */
  async prepare(facts: IssuerFacts): Promise<void> {
    verify = await verifiers.claviger(facts)
  },
  /** Verifies these too, and tells what the process takes. */
  async verify(tokens: readonly string[]) {
    await each(tokens, 64, async (token) => {
      await verify(token)
    })
    return process.memoryUsage.rss()
  },
}

/** What this process can be asked for. */
export type MemoryCalls = typeof calls

serve(calls)
