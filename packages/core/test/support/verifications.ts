import { createHook } from 'node:async_hooks'

/** Counts the signatures that Node makes or verifies from now on, until `end()`. */
export function countSignatures() {
  let count = 0
  const hook = createHook({
    init(_, type) {
      if (type === 'SIGNREQUEST') count += 1
    },
  }).enable()
  return {
    /** How many since this was last asked. */
    take(): number {
      const found = count
      count = 0
      return found
    },
    end(): void {
      hook.disable()
    },
  }
}
