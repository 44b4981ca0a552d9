const most = 20

// For each set of issuers, one mark for each authenticator that is in use. Nothing here holds an authenticator.
const living = new Map<string, Set<object>>()
const abandoned = new FinalizationRegistry<() => void>((leave) => leave())
let warned = false

/**
 * Counts an authenticator until it is closed, or nobody holds it any more. Many of the same issuers at a time have been made for each
 * request, or for each call, which is told once in a process warning.
 * @returns what ends its count, to be called when it is closed
 */
export function countLiving(authenticator: object, issuers: readonly string[]): () => void {
  const name = [...new Set(issuers)].sort().join(', ')
  const mark = {}
  const marks = living.get(name) ?? new Set<object>()
  living.set(name, marks.add(mark))
  const leave = () => {
    if (marks.delete(mark) && marks.size === 0) living.delete(name)
  }
  abandoned.register(authenticator, leave)
  if (marks.size >= most && !warned) {
    warned = true
    process.emitWarning(
      `There are ${most} authenticators of ${name}. Each fetches keys and remembers tokens for itself: make one when the app starts, not one for each request.`,
      { type: 'ClavigerWarning', code: 'CLAVIGER_MANY_AUTHENTICATORS' },
    )
  }
  return leave
}
