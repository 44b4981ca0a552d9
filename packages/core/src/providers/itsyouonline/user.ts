import { textAt } from '../../claims.ts'
import { isStrings } from '../../json.ts'
import type { UserClaims } from '../../provider.ts'
import type { Claims, Role } from '../../types.ts'

/** Whom a token speaks for, and what it may do. */
export interface Principal {
  readonly kind: 'user' | 'organization'
  /** The user name, or the organization's global id. */
  readonly id: string
  /** Rights alone: without the user's data that `store_info` puts among them. */
  readonly scopes: readonly string[]
  /** The organizations that the user is a member or owner of, as far as the token says. */
  readonly memberships: readonly string[]
}

const membership = 'user:memberof:'

/** Reads whom a token speaks for; nothing when it names nobody, or both a user and an organization. */
export function readPrincipal(claims: Claims): Principal | undefined {
  const { username, globalid } = claims
  if (globalid === undefined || globalid === null) {
    const id = textAt(claims, 'username')
    if (id === undefined) return undefined
    // Made of another JWT: the server signs any membership there, unchecked.
    const isChecked = !Object.hasOwn(claims, 'globalid')
    const scopes = scopesIn(claims).filter((scope) => isChecked || !scope.startsWith(membership))
    return { kind: 'user', id, scopes, memberships: membershipsIn(scopes) }
  }
  const id = textAt(claims, 'globalid')
  if (id === undefined || username !== undefined) return undefined
  return { kind: 'organization', id, scopes: scopesIn(claims), memberships: [] }
}

/** Whether a token tells what the client granted the user. A refresh leaves that out unless it is asked for again. */
export function hasGrants(claims: Claims): boolean {
  return scopesIn(claims).some((scope) => scope.startsWith('grant:'))
}

// A list; the documentation shows one text too. Global ids may have blanks, so only commas divide it.
function listIn({ scope }: Claims): readonly string[] {
  if (typeof scope === 'string') return scope.split(',').map((one) => one.trim())
  return isStrings(scope) ? scope : []
}

function scopesIn(claims: Claims): readonly string[] {
  return [...new Set(listIn(claims))].filter((scope) => scope !== '' && !scope.startsWith('['))
}

function membershipsIn(scopes: readonly string[]): readonly string[] {
  return scopes.flatMap((scope) => (scope.startsWith(membership) ? scope.slice(membership.length) || [] : []))
}

/**
 * Claims → user. Anybody can found an organization of any free name, so memberships outside of the organizations named in the
 * options make no roles. Rights flow down: a member of `petshop` is one of `petshop.staff` too, where that is named; never up.
 * @param organizations those of the options
 * @param below organizations below them that members above are asked for
 */
export function userFrom(
  claims: Claims,
  principal: Principal,
  organizations: readonly string[],
  below: readonly string[] = [],
): UserClaims {
  const { kind, id, scopes, memberships } = principal
  const name = storedInfo(claims, /^user:name$/)
  const email = storedInfo(claims, /^user:validated:email(:.*)?$/)
  const inherited = [...organizations, ...below].filter((one) =>
    memberships.some((membership) => one.startsWith(`${membership}.`)),
  )
  const actsIn = kind === 'organization' ? id : organizations.find((one) => memberships.includes(one))
  return {
    id,
    ...(name !== undefined && { name }),
    ...(email !== undefined && { email }),
    ...(actsIn !== undefined && { organization: actsIn }),
    roles: [...new Set([...memberships, ...inherited])].flatMap((globalid) => roleOf(globalid, organizations, below)),
    scopes,
  }
}

function roleOf(globalid: string, organizations: readonly string[], below: readonly string[]): Role[] {
  const parent = organizations.find((one) => globalid.startsWith(`${one}.`))
  if (parent !== undefined)
    return [{ id: globalid, name: globalid.slice(parent.length + 1), organization: parent, permissions: [] }]
  const isNamed = organizations.includes(globalid) || below.includes(globalid)
  return isNamed ? [{ id: globalid, name: globalid, organization: globalid, permissions: [] }] : []
}

// `store_info=true` adds scopes of the form `[user:name]:Ann Example`. Only validated addresses are the user's for sure.
function storedInfo(claims: Claims, which: RegExp): string | undefined {
  for (const scope of listIn(claims)) {
    const [, label = '', value = ''] = /^\[([^\]]+)\]:(.+)$/s.exec(scope) ?? []
    // A user without a first and a last name has a blank for both.
    if (value.trim() !== '' && which.test(label)) return value
  }
  return undefined
}
