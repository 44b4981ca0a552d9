import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Clock } from '../clock.ts'
import type { HttpRequest } from '../credentials.ts'
import { AuthError, isAuthError } from '../errors.ts'
import type { Seconds } from '../types.ts'
import type { CookieJar } from './cookies.ts'
import type { SessionSettings } from './options.ts'
import { isRecord, type SessionRecord } from './record.ts'
import type { SessionSeal } from './seal.ts'
import type { SessionStore } from './store.ts'

/** A session of a request, with the cookies that its answer has to set. */
export interface Kept {
  readonly record: SessionRecord
  readonly cookies: readonly string[]
}

/** Where sessions are, between two requests. */
export interface SessionKeeper {
  /** The session of a request, if it has one that has not ended. @throws {AuthError} `ERR_STORE_UNAVAILABLE` */
  find(request: HttpRequest): Promise<Kept | undefined>
  /**
   * Keeps a session: a new one, or the next version of one. Of two next versions the first is kept, and both callers get it; nothing if
   * the session has ended meanwhile.
   * @throws {AuthError} `ERR_SESSION_TOO_LARGE`, `ERR_STORE_UNAVAILABLE`
   */
  keep(request: HttpRequest, record: SessionRecord): Promise<Kept | undefined>
  /** A later version of this session than this one, if there is any. @throws {AuthError} `ERR_STORE_UNAVAILABLE` */
  later(request: HttpRequest, record: SessionRecord): Promise<Kept | undefined>
  /** The id of the session that a request has, by its cookie alone: it may have ended. */
  idOf(request: HttpRequest): Promise<string | undefined>
  /** The end of the cookies that a request has. */
  forget(request: HttpRequest): readonly string[]
  /** Ends a session where it is kept outside of the browser. @throws {AuthError} `ERR_STORE_UNAVAILABLE` */
  end(record: Pick<SessionRecord, 'id'>): Promise<void>
}

interface Tools {
  readonly settings: SessionSettings
  readonly seal: SessionSeal
  readonly jar: CookieJar
  readonly clock: Clock
}

/** Makes the keeper that the options ask for. */
export function createKeeper(tools: Tools): SessionKeeper {
  const { store } = tools.settings
  return store === undefined ? createCookieKeeper(tools) : createStoreKeeper(tools, store)
}

// Requests that were sent with the cookies of before come later than those that bring new ones.
const maxRemembered = 5000

/**
 * Keeps sessions in the browser. When one was last used stands in a cookie of its own, so that a request that only uses a session never
 * writes over one that changes it.
 */
function createCookieKeeper({ settings, seal, jar, clock }: Tools): SessionKeeper {
  const { cookieName, rolling, absolute } = settings
  const useName = `${cookieName}-use`
  const latest = new LRUCache<string, SessionRecord>({ max: maxRemembered })
  const now = () => clock.now() / 1000

  async function open(request: HttpRequest): Promise<Readonly<Record<string, unknown>> | undefined> {
    return seal.open('session', jar.readParts(request, cookieName) ?? '')
  }

  async function used(id: string): Promise<string> {
    const { text } = await seal.seal('use', { id, at: Math.floor(now()) })
    return jar.write(useName, text, rolling)
  }

  async function lastUse(request: HttpRequest, id: string): Promise<Seconds | undefined> {
    const use = await seal.open('use', jar.read(request, useName) ?? '')
    return use?.id === id ? Number(use.at) : undefined
  }

  async function write(request: HttpRequest, record: SessionRecord): Promise<Kept> {
    const { text } = await seal.seal('session', record, jar.partsFor)
    const left = record.signedInAt + absolute - now()
    return { record, cookies: [...jar.writeParts(request, cookieName, text, left), await used(record.id)] }
  }

  return {
    async find(request) {
      const opened = await open(request)
      if (!isRecord(opened) || opened.signedInAt + absolute <= now()) return undefined
      const at = await lastUse(request, opened.id)
      if (at === undefined || at + rolling <= now()) return undefined
      const later = latest.get(opened.id)
      if (later !== undefined && later.version > opened.version) return write(request, later)
      return { record: opened, cookies: now() - at >= rolling / 20 ? [await used(opened.id)] : [] }
    },
    async keep(request, record) {
      const kept = await write(request, record)
      // Only now: of those who come at the same time, all get the first.
      const other = latest.get(record.id)
      if (other !== undefined && other.version >= record.version) return write(request, other)
      latest.set(record.id, record)
      return kept
    },
    // What `find` does not know of, no other request of this process has got meanwhile: one refresh is for all of them.
    async later() {
      return undefined
    },
    async idOf(request) {
      const opened = await open(request)
      return isRecord(opened) ? opened.id : undefined
    },
    forget: (request) => [...jar.end(request, cookieName), ...jar.end(request, useName)],
    async end() {},
  }
}

// Between two attempts to store what a store did not take, and for how long.
const saveEvery: Seconds = 0.5
const saveFor: Seconds = 3600

/** Keeps sessions in a store; the browser has a sealed id. */
function createStoreKeeper({ settings, seal, jar, clock }: Tools, store: SessionStore): SessionKeeper {
  const { cookieName, rolling, absolute } = settings
  // Later versions that the store did not take. What they replace is used up at the provider, so they must not be lost.
  const unsaved = new LRUCache<string, { readonly record: SessionRecord; readonly until: Seconds }>({
    max: maxRemembered,
  })
  let isSaving = false
  const now = () => clock.now() / 1000

  async function write(record: SessionRecord): Promise<boolean> {
    const { id, version, signedInAt } = record
    const { text: sealed } = await seal.seal('stored session', record)
    const lives = { rolling, until: signedInAt + absolute }
    const isWritten = await ofStore(() => store.write(nameOf(id), { sealed, version }, lives))
    const later = unsaved.get(id)?.record
    if (later !== undefined && later.version <= version) unsaved.delete(id)
    return isWritten
  }

  /** @throws for the first that is not taken: as long as one is not, the others would not be either */
  async function save(): Promise<void> {
    for (const [id, { record, until }] of [...unsaved]) {
      if (until > now()) await write(record)
      else unsaved.delete(id)
    }
  }

  function saveLater(): void {
    if (isSaving || unsaved.size === 0) return
    isSaving = true
    clock.after(saveEvery * 1000, async () => {
      await save().catch(() => {})
      isSaving = false
      saveLater()
    })
  }

  async function read(id: string): Promise<SessionRecord | undefined> {
    const stored = await ofStore(() => store.read(nameOf(id), rolling))
    const opened = stored === undefined ? undefined : await seal.open('stored session', stored.sealed)
    const isGood = isRecord(opened) && opened.id === id && opened.signedInAt + absolute > now()
    if (!isGood) return undefined
    const later = unsaved.get(id)?.record
    if (later === undefined || later.version <= opened.version) return opened
    return (await write(later)) ? later : read(id)
  }

  async function idOf(request: HttpRequest): Promise<string | undefined> {
    const opened = await seal.open('session', jar.readParts(request, cookieName) ?? '')
    return opened?.id as string | undefined
  }

  return {
    async find(request) {
      const id = await idOf(request)
      const record = id === undefined ? undefined : await read(id)
      return record && { record, cookies: [] }
    },
    async keep(request, record) {
      const { id, version, signedInAt } = record
      const isFirst = await write(record).catch((error: unknown) => {
        if (version > 1) unsaved.set(id, { record, until: now() + saveFor })
        saveLater()
        throw error
      })
      if (!isFirst) {
        const other = await read(id)
        return other && { record: other, cookies: [] }
      }
      // The id does not change with the version.
      if (version > 1) return { record, cookies: [] }
      const { text } = await seal.seal('session', { id }, jar.partsFor)
      return { record, cookies: jar.writeParts(request, cookieName, text, signedInAt + absolute - now()) }
    },
    async later(_, { id, version }) {
      const other = await read(id)
      return other !== undefined && other.version > version ? { record: other, cookies: [] } : undefined
    },
    idOf,
    forget: (request) => jar.end(request, cookieName),
    async end({ id }) {
      unsaved.delete(id)
      await ofStore(() => store.end(nameOf(id)))
    },
  }
}

// Who reads the store learns no id.
function nameOf(id: string): string {
  return createHash('sha256').update(id).digest('base64url')
}

async function ofStore<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (cause) {
    if (isAuthError(cause)) throw cause
    throw new AuthError('ERR_STORE_UNAVAILABLE', { explanation: 'the session store failed', cause })
  }
}
