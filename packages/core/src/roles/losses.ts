import type { Clock } from '../clock.ts'
import type { Seconds, VerifiedToken } from '../types.ts'
import type { Person, RoleDirectory } from './directory.ts'

/** Who lost which roles, for as long as tokens of the time before may live. */
export interface Losses {
  /** How many changes there have been: what was judged before may be judged otherwise now. */
  readonly changes: number
  /** How many losses are held. */
  readonly size: number
  readonly note: RoleDirectory['changed']
  /** Whether the user of a token lost a role after it was issued. A token that does not tell when it was issued is an old one. */
  concern(verified: VerifiedToken, roleId: string, organization: string | undefined): boolean
  /** Tells how long after its issue a token may be asked about. Until this is told, nothing is forgotten. */
  remember(acceptedFor: Seconds): void
}

interface Loss {
  readonly issuedBefore: Seconds
  /** The same moment on the monotonic clock: a wall clock that is set ahead makes nothing forgotten. */
  readonly steady: number
}

/** Makes a list of losses. */
export function createLosses(clock: Clock): Losses {
  // The oldest come first.
  const losses = new Map<string, Loss>()
  let changes = 0
  let longest: Seconds | undefined

  function sweep(): void {
    if (longest === undefined) return
    const over = clock.monotonic() - longest * 1000
    for (const [key, { steady }] of losses) {
      if (steady > over) return
      losses.delete(key)
    }
  }

  return {
    get changes() {
      return changes
    },
    get size() {
      return losses.size
    },
    note(person, { add = [], remove = [], organization }) {
      for (const id of [...add, ...remove]) losses.delete(keyOf(person, id, organization))
      const loss = { issuedBefore: Math.floor(clock.now() / 1000) + 1, steady: clock.monotonic() + 1000 }
      for (const id of remove) losses.set(keyOf(person, id, organization), loss)
      changes += 1
      sweep()
    },
    concern({ user, issuedAt }, roleId, organization) {
      sweep()
      const loss = losses.get(keyOf(user, roleId, organization))
      return loss !== undefined && (issuedAt === undefined || issuedAt < loss.issuedBefore)
    },
    remember(acceptedFor) {
      longest = Math.max(longest ?? 0, acceptedFor)
    },
  }
}

function keyOf({ issuer, id }: Person, roleId: string, organization: string | undefined): string {
  return JSON.stringify([issuer, id, roleId, organization])
}
