import { channel } from 'node:diagnostics_channel'
import { debuglog } from 'node:util'
import type { AuthError, AuthErrorCode } from './errors.ts'
import type { Seconds } from './types.ts'

/**
 * What Claviger tells on `node:diagnostics_channel`: channel name → message. Names and members are API.
 * Every value is redacted: no token, key or secret is in them, and of a token that was not verified at most how it names its issuer,
 * its type and its algorithm, quoted and cut.
 */
export interface Events {
  /** A token passed every check, for the first time or again after it had left the cache. */
  'claviger:verify': { provider: string; issuer: string; kind: 'jwt' | 'opaque'; milliseconds: number }
  /** The cache was asked: the token was known, was known to have a bad signature, or was not known. */
  'claviger:cache': { outcome: 'hit' | 'miss' | 'refused' }
  /** A token that is not known did not have its turn at once: its request waits, or was refused. `suspect`: its source sent bad signatures. */
  'claviger:admission': { outcome: 'waits' | 'refused'; waiting: number; suspect: boolean }
  /** A request was refused. `explanation` tells which check failed. */
  'claviger:refusal': {
    code: AuthErrorCode
    status: number
    explanation: string | undefined
    provider: string | undefined
  }
  /** The keys of an issuer were fetched, could not be, or changed. */
  'claviger:keys': {
    issuer: string
    outcome: 'replaced' | 'unchanged' | 'failed' | 'died' | 'purged'
    /** Usable keys held now. */
    keys: number
    /** Keys of the set that were left out, with the reason. */
    ignored: readonly { kid: string | undefined; reason: string }[]
    error: string | undefined
    /** Until the next attempt after a failure. */
    retryIn: Seconds | undefined
  }
  /** A session of a browser began, got new tokens, or ended; `code` tells why. */
  'claviger:session': {
    outcome: 'started' | 'refreshed' | 'ended'
    provider: string
    code: AuthErrorCode | undefined
  }
  /** Something was revoked: in this process, or in another that shares the list. */
  'claviger:revocation': {
    kind: 'token' | 'tokenId' | 'session' | 'sessionTokens' | 'subject' | 'provider'
    /** Known for those of this process alone: what processes share is hashed. */
    issuer: string | undefined
    from: 'here' | 'elsewhere'
    size: number
  }
  /** Roles of a directory were read, could not be, or are too old to be used. */
  'claviger:roles': {
    /** Whose roles. */
    source: string
    organization: string | undefined
    outcome: 'replaced' | 'failed' | 'died'
    /** Roles read. */
    roles: number
    error: string | undefined
    /** Until the next attempt after a failure. */
    retryIn: Seconds | undefined
  }
  /** The list that processes share was read, was lost or came back. */
  'claviger:revocation-stream': {
    /**
     * `following`: all of it is known again, `lost`: the connection, `emptied`: Redis has forgotten what it had, `restored`: it has
     * been told again, `ignored`: an entry that is no revocation, `failed`: a write in the background.
     */
    outcome: 'following' | 'lost' | 'emptied' | 'restored' | 'ignored' | 'failed'
    size: number
    error: string | undefined
  }
}

const channels = {
  'claviger:verify': channel('claviger:verify'),
  'claviger:cache': channel('claviger:cache'),
  'claviger:admission': channel('claviger:admission'),
  'claviger:refusal': channel('claviger:refusal'),
  'claviger:keys': channel('claviger:keys'),
  'claviger:session': channel('claviger:session'),
  'claviger:revocation': channel('claviger:revocation'),
  'claviger:roles': channel('claviger:roles'),
  'claviger:revocation-stream': channel('claviger:revocation-stream'),
} satisfies Record<keyof Events, ReturnType<typeof channel>>

/** Whether anybody listens; asked first where building the message costs. */
export function listening(name: keyof Events): boolean {
  return channels[name].hasSubscribers
}

/** Tells those who listen. */
export function publish<Name extends keyof Events>(name: Name, message: Events[Name]): void {
  if (channels[name].hasSubscribers) channels[name].publish(message)
}

const log = debuglog('claviger')

/** Tells of a refusal, once per request: the HTTP layer calls it where it answers. With `NODE_DEBUG=claviger` the terminal is told too. */
export function publishRefusal(error: AuthError, provider?: string): void {
  log('%d %s: %s', error.status, error.code, error.explanation ?? error.message)
  publish('claviger:refusal', { code: error.code, status: error.status, explanation: error.explanation, provider })
}
