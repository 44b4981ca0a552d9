import { createTestClock } from '@claviger/testing'
import { describe, it } from '@jest/globals'
import fc from 'fast-check'
import {
  assertAllowed,
  createRoleDirectory,
  type PermissionLike,
  permission,
  type Role,
  type RoleLike,
  role,
} from '../src/index.ts'
import { inputOf, person } from './support/people.ts'

const word = fc.constantFrom('a', 'b', 'c', 'constructor', '__proto__')
const organization = fc.option(fc.constantFrom('x', 'y', '', '__proto__'), { nil: undefined })
const defined = fc.record({
  organization,
  roles: fc.array(fc.record({ id: word, name: word, permissions: fc.array(word, { maxLength: 3 }) }), { maxLength: 4 }),
})
const held = fc.record({ id: word, name: word, organization })
const asked = fc.record({ kind: fc.constantFrom('role', 'permission'), name: fc.option(word, { nil: undefined }) })

interface Model {
  directory: { organization: string | undefined; roles: { id: string; name: string; permissions: string[] }[] }[]
  user: { organization: string | undefined; held: { id: string; name: string; organization: string | undefined }[] }
  wanted: { kind: string; name: string | undefined }
}

// All that the rules say.
function grants({ directory, user, wanted }: Model): boolean {
  const has = user.held.flatMap((one) => {
    if (one.organization !== undefined && one.organization !== user.organization) return []
    const list = directory.find((each) => each.organization === one.organization)?.roles ?? []
    const named = list.filter(({ name }) => name === one.id && one.id === one.name)
    return list.findLast(({ id }) => id === one.id) ?? (named.length === 1 ? (named[0] ?? []) : [])
  })
  if (wanted.kind === 'role') return has.some(({ id, name }) => [id, name].includes(wanted.name ?? ''))
  return has.some(({ permissions }) => permissions.includes(wanted.name ?? ''))
}

/** Directory, user and guard as they are used. */
async function decision({ directory: lists, user, wanted }: Model): Promise<boolean> {
  const source = (of: string | undefined): RoleLike[] => lists.find((one) => one.organization === of)?.roles ?? []
  const directory = createRoleDirectory({ source, clock: createTestClock() })
  const roles = user.held.map((one): Role => ({ ...one, permissions: [{ resource: 'a', action: '' }] }) as Role)
  const base = {
    ...person({ roles, permissions: ['a', 'b'] }),
    ...(user.organization !== undefined && { organization: user.organization }),
  }
  const { auth } = inputOf(base)
  const { verified } = directory.peek(auth) ?? (await directory.judge(auth))
  const again = directory.peek(auth)?.verified
  directory.close()
  const answers = [verified, again ?? verified].map((one) => {
    try {
      const predicate = wanted.kind === 'role' ? role(wanted.name as string) : permission(wanted.name as PermissionLike)
      assertAllowed(predicate, { user: one.user, auth: one, request: {} })
      return true
    } catch {
      return false
    }
  })
  if (answers[0] !== answers[1]) throw new Error('two answers to one question')
  return answers[0] as boolean
}

const model = fc.record({
  directory: fc.uniqueArray(defined, { selector: (one) => one.organization, maxLength: 4 }),
  user: fc.record({ organization, held: fc.array(held, { maxLength: 4 }) }),
  wanted: asked,
})

describe('a directory', () => {
  it('grants what the rules say, and nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(model, async (one) => (await decision(one)) === grants(one)),
      { numRuns: 1000 },
    )
  })

  it('never grants for a role of another organization with the same name, or for undefined', async () => {
    await fc.assert(
      fc.asyncProperty(model, word, async ({ directory }, name) => {
        const elsewhere = { id: name, name, organization: 'x' }
        const there = [
          ...directory.filter((one) => one.organization !== 'x'),
          { organization: 'x', roles: [{ id: name, name, permissions: [name] }] },
        ]
        const user = { organization: 'y', held: [elsewhere] }
        for (const kind of ['role', 'permission']) {
          if (await decision({ directory: there, user, wanted: { kind, name } })) return false
          const here = { organization: 'x', held: [elsewhere] }
          if (!(await decision({ directory: there, user: here, wanted: { kind, name } }))) return false
          if (await decision({ directory: there, user: here, wanted: { kind, name: undefined } })) return false
        }
        return true
      }),
      { numRuns: 300 },
    )
  })
})
