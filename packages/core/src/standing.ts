/** Whether what was decided still stands: a key flips it when its issuer removes it. */
export interface Standing {
  readonly alive: boolean
}

interface Provenance {
  /** The verdict is worth nothing once one of these is not alive. */
  readonly standing: Standing
  /** How long the verdict may be remembered, in seconds; by default as long as the cache likes. */
  readonly cacheFor?: number
}

const provenances = new WeakMap<object, Provenance>()

/** Notes on what a verdict (a verified token, or the error of a bad signature) rests. The cache asks for it. */
export function restsOn<T extends object>(verdict: T, provenance: Provenance): T {
  provenances.set(verdict, provenance)
  return verdict
}

/** On what a verdict rests; nothing for verdicts that must not be remembered. */
export function provenanceOf(verdict: object): Provenance | undefined {
  return provenances.get(verdict)
}
