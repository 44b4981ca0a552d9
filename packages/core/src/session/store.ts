import type { Seconds } from '../types.ts'

/** A session as a store keeps it. */
export interface StoredSession {
  /** Sealed: the store cannot read it. */
  readonly sealed: string
  /** Grows with each write. */
  readonly version: number
}

/**
 * Keeps sessions outside of the browser. Names are hashes of session ids, and what is kept is sealed: who reads the store cannot take
 * a session over. Each of the functions rejects when the store is out of reach.
 */
export interface SessionStore {
  /** A session that has not ended. @param rolling seconds that it is to live from now on, unless it ends earlier */
  read(name: string, rolling: Seconds): Promise<StoredSession | undefined>
  /**
   * Writes a session, in one step, if the version there is the one before it (0 for none). Tells whether it was.
   * @param until when it ends at the latest, since the epoch
   */
  write(
    name: string,
    session: StoredSession,
    lives: { readonly rolling: Seconds; readonly until: Seconds },
  ): Promise<boolean>
  /** Ends a session. One that has ended writes itself not again. */
  end(name: string): Promise<void>
}
