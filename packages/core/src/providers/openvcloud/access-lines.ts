import { LRUCache } from 'lru-cache'
import type { Clock } from '../../clock.ts'
import { isAuthError, unavailable } from '../../errors.ts'
import { createRefreshed, type Refreshed } from '../../refreshed.ts'
import type { Seconds } from '../../types.ts'
import { whileUsed } from '../../while-used.ts'
import type { OpenvCloudClient } from './client.ts'
import type { OpenvCloudResource } from './rights.ts'
import type { components } from './types.generated.ts'

/** Something that rights are given on. */
export interface OpenvCloudTarget {
  readonly kind: OpenvCloudResource
  readonly id: number
}

/** The same, or a disk, which is in an account and has no rights of its own. */
export interface Place {
  readonly kind: OpenvCloudResource | 'disk'
  readonly id: number
}

/** An entry of an access control list. */
export type Ace = components['schemas']['ACE']

/** What is remembered of a resource. */
export interface Node {
  readonly target: Place
  readonly acl: readonly Ace[]
  readonly parent: Place | undefined
}

/** Resources with what they are in, read when they are first asked about and kept fresh while they are. */
export interface Lines {
  /** A resource, what it is in, and so on; or what has to be waited for before it is asked about again. */
  of(target: Place): readonly Node[] | Promise<unknown>
  /** @throws {AuthError} `ERR_PROVIDER_UNAVAILABLE` */
  whenKnown(target: Place): Promise<readonly Node[]>
  /** Forgets all of them, and ends the background work. */
  clear(): void
}

interface Options {
  readonly client: OpenvCloudClient
  readonly maxAge: Seconds
  readonly staleIfError: Seconds
  readonly maxResources: number
  readonly clock: Clock
}

interface Kept {
  readonly node: Refreshed<Node>
  readonly use: () => void
}

// Ids come from requests: asking for many that do not exist must not become a flood at the portal.
const maxAsking = 64
// A machine is in a cloudspace, and that in an account.
const longest = 3

/** Makes what knows the access control lists of resources. */
export function createLines({ client, maxAge, staleIfError, maxResources, clock }: Options): Lines {
  const nodes = new LRUCache<string, Kept>({ max: maxResources, dispose: ({ node }) => node.close() })
  let asking = 0

  function keep(target: Place): Kept {
    const key = `${target.kind} ${target.id}`
    const held = nodes.get(key)
    if (held !== undefined) return held
    const used = whileUsed(clock)
    const node = createRefreshed<Node>({
      what: `the rights on ${key}`,
      clock: used.clock,
      freshness: { defaultAge: maxAge, minAge: 0, maxAge, staleIfError, retry: 1, maxRetry: 30 },
      async load() {
        if (asking >= maxAsking)
          throw unavailable(`${maxAsking} rights are being asked about already`, { retryAfter: 1 })
        asking += 1
        try {
          return { value: await read(target) }
        } finally {
          asking -= 1
        }
      },
    })
    const kept = { node, use: used.use }
    nodes.set(key, kept)
    return kept
  }

  async function read(target: Place): Promise<Node> {
    const { kind, id } = target
    try {
      if (kind === 'machine') {
        const { acl = [], cloudspaceid } = await client.api.machines.get({ machineId: id })
        return { target, acl, parent: { kind: 'cloudspace', id: cloudspaceid } }
      }
      if (kind === 'disk') {
        const { accountId } = await client.api.disks.get({ diskId: id })
        return { target, acl: [], parent: accountId === undefined ? undefined : { kind: 'account', id: accountId } }
      }
      if (kind === 'account')
        return { target, acl: (await client.api.accounts.get({ accountId: id })).acl, parent: undefined }
      const { acl, accountId } = await client.api.cloudspaces.get({ cloudspaceId: id })
      return { target, acl, parent: { kind: 'account', id: accountId } }
    } catch (error) {
      // What is not there gives nobody any right.
      if (isAuthError(error) && error.code === 'ERR_UPSTREAM_NOT_FOUND') return { target, acl: [], parent: undefined }
      throw error
    }
  }

  function of(target: Place): readonly Node[] | Promise<unknown> {
    const line: Node[] = []
    for (let at: Place | undefined = target; at !== undefined; at = line.at(-1)?.parent) {
      const { node, use } = keep(at)
      use()
      const known = node.get()
      if (known instanceof Promise) return known
      line.push(known)
    }
    return line
  }

  async function whenKnown(target: Place): Promise<readonly Node[]> {
    let line = of(target)
    for (let round = 0; line instanceof Promise; round += 1) {
      await line
      if (round > longest) throw unavailable('the rights change faster than they can be read')
      line = of(target)
    }
    return line
  }

  return { of, whenKnown, clear: () => nodes.clear() }
}
