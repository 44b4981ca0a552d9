import { IncomingMessage } from 'node:http'
import { type User, userOf, type VerifiedToken } from '@claviger/core'

interface Visit {
  readonly user: User
  readonly auth: VerifiedToken
}

type Visited = IncomingMessage & { user?: User | undefined; auth?: VerifiedToken | undefined }

const visit = Symbol('claviger.visit')

/**
 * Puts who calls into `req.user` and `req.auth`. Express gives each request a shape of its own, so that to read or add a property
 * costs as much as all the rest of a middleware: what is known of a request hangs on the list of its headers instead, and two
 * accessors of the prototype that all requests share tell it. What anybody assigns to them becomes an own property.
 */
export function introduce(req: Visited, auth: VerifiedToken, { rawHeaders } = lookAt(req)): void {
  const user = userOf(auth)
  const isNoted = Array.isArray(rawHeaders)
  if (isNoted) (rawHeaders as { [visit]?: Visit })[visit] = { user, auth }
  const prototype: object = Object.getPrototypeOf(req)
  if (isNoted && prototype === telling && !Object.hasOwn(req, 'user') && !Object.hasOwn(req, 'auth')) return
  if (req.user !== user || req.auth !== auth) shareAccessors(req)
  // Where an own property hides the accessor, or there is no such prototype.
  if (req.user !== user) req.user = user
  if (req.auth !== auth) req.auth = auth
  if (!Object.hasOwn(req, 'user') && !Object.hasOwn(req, 'auth')) telling = prototype
}

// A prototype whose accessors were seen to tell it, which spares all others of an app the look.
let telling: object | undefined

/**
 * What tells who calls. By reflection, which looks a property up as it is: an access compiles a way to it for each shape first, and
 * no two requests have the same.
 */
export function lookAt(req: IncomingMessage): Pick<IncomingMessage, 'headers' | 'rawHeaders'> {
  return { headers: Reflect.get(req, 'headers'), rawHeaders: Reflect.get(req, 'rawHeaders') }
}

// For all requests of an installed Express, whichever of its apps they go through.
function shareAccessors(req: IncomingMessage): void {
  let shared: object = req
  for (let next = Object.getPrototypeOf(req); next !== IncomingMessage.prototype; next = Object.getPrototypeOf(next)) {
    if (next === null) return
    shared = next
  }
  if (shared === req) return
  for (const name of ['user', 'auth'] as const) if (!Object.hasOwn(shared, name)) shareAccessor(shared, name)
}

function shareAccessor(shared: object, name: keyof Visit): void {
  Reflect.defineProperty(shared, name, {
    configurable: true,
    get(this: Partial<IncomingMessage>) {
      return (Reflect.get(this, 'rawHeaders') as { [visit]?: Visit } | undefined)?.[visit]?.[name]
    },
    set(this: object, value: unknown) {
      Object.defineProperty(this, name, { value, configurable: true, enumerable: true, writable: true })
    },
  })
}
