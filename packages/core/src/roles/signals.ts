/** What this process knows of a set of roles somewhere else, beside the roles themselves. Shared by all who read or write them. */
export interface Signals {
  /** How many writes of this process there have been: roles that were read before the last are not used any more. */
  writes: number
  /** How many roles the owner last said there are. Only a hint. */
  count: number | undefined
}

// By where the roles are and whose they are: what one client changes is stale for all, and for nobody else's roles.
const shared = new Map<string, Signals>()

/** The signals of one owner of roles. */
export function signalsOf(key: string): Signals {
  let signals = shared.get(key)
  if (signals === undefined) {
    signals = { writes: 0, count: undefined }
    shared.set(key, signals)
  }
  return signals
}

/** Notes a write of this process, before its answer is known: what looks like a failure may have been applied. */
export function noteWrite(key: string): void {
  signalsOf(key).writes += 1
}
