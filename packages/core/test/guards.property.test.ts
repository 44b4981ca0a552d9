import { describe, it } from '@jest/globals'
import fc from 'fast-check'
import { allOf, anyOf, check, not, organization, type Predicate, permission, role, scope } from '../src/guards/index.ts'
import { inputOf, person } from './support/people.ts'

const word = fc.constantFrom<string[]>('a', 'b', 'c', 'constructor', '__proto__')

type Rule =
  | { kind: 'role' | 'scope' | 'permission'; names: string[] }
  | { kind: 'check'; answer: boolean }
  | { kind: 'anyOf' | 'allOf'; rules: Rule[] }
  | { kind: 'not'; rule: Rule }

const { rule } = fc.letrec<{ rule: Rule }>((tie) => ({
  rule: fc.oneof(
    { maxDepth: 4 },
    fc.record({
      kind: fc.constantFrom('role' as const, 'scope' as const, 'permission' as const),
      names: fc.array(word, { minLength: 1, maxLength: 3 }),
    }),
    fc.record({ kind: fc.constant('check' as const), answer: fc.boolean() }),
    fc.record({
      kind: fc.constantFrom('anyOf' as const, 'allOf' as const),
      rules: fc.array(tie('rule'), { minLength: 1, maxLength: 3 }),
    }),
    fc.record({ kind: fc.constant('not' as const), rule: tie('rule') }),
  ),
}))

const rights = fc.record({
  roles: fc.uniqueArray(word),
  scopes: fc.uniqueArray(word),
  permissions: fc.uniqueArray(word),
})
type Rights = { roles: string[]; scopes: string[]; permissions: string[] }

function build(rule: Rule): Predicate {
  if (rule.kind === 'check') return check(() => rule.answer)
  if (rule.kind === 'not') return not(build(rule.rule))
  if ('rules' in rule) return { anyOf, allOf }[rule.kind](rule.rules.map(build))
  return { role, scope, permission }[rule.kind](rule.names)
}

// The whole meaning of a rule.
function holds(rule: Rule, user: Rights): boolean {
  if (rule.kind === 'check') return rule.answer
  if (rule.kind === 'not') return !holds(rule.rule, user)
  if ('rules' in rule) return rule.rules[rule.kind === 'anyOf' ? 'some' : 'every']((each) => holds(each, user))
  if (rule.kind === 'role') return rule.names.some((name) => user.roles.includes(name))
  if (rule.kind === 'scope') return rule.names.every((name) => user.scopes.includes(name))
  return rule.names.every((name) => user.permissions.includes(name))
}

describe('predicates', () => {
  it('mean what the model says', () => {
    fc.assert(
      fc.property(rule, rights, (rule, user) => build(rule)(inputOf(person(user))).granted === holds(rule, user)),
      { numRuns: 2000 },
    )
  })

  it('mean the same for a bound token where the route names its organization, in any order', () => {
    const acme = organization('acme')
    fc.assert(
      fc.property(rule, rights, fc.boolean(), (rule, user, last) => {
        const both = last ? allOf(build(rule), acme) : allOf(acme, build(rule))
        return (
          both(inputOf(person({ ...user, organization: 'acme' }), { boundTo: 'acme' })).granted === holds(rule, user)
        )
      }),
      { numRuns: 2000 },
    )
  })

  it('do not depend on the rights of a bound token where the route does not name its organization', () => {
    fc.assert(
      fc.property(rule, rights, (rule, user) => {
        const [all, none] = [user, { roles: [], scopes: [], permissions: [] }].map((some) =>
          build(rule)(inputOf(person({ ...some, organization: 'acme' }), { boundTo: 'acme' })),
        )
        return all?.granted === none?.granted
      }),
      { numRuns: 2000 },
    )
  })

  it('never match a role by a part of its name, its case, or anything inherited', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.string({ minLength: 1 }), (has, wanted) => {
        const input = inputOf(person({ roles: [has], permissions: [has], scopes: [has] }))
        return [role, permission].every((build) => build(wanted)(input).granted === (has === wanted))
      }),
    )
    fc.assert(
      fc.property(fc.stringMatching(/^[a-zA-Z]{2,12}$/), (name) => {
        const others = [
          name.slice(0, -1),
          name.slice(1),
          `${name}s`,
          name.toUpperCase(),
          name.toLowerCase(),
          ` ${name}`,
        ]
        const input = inputOf(person({ roles: others.filter((other) => other !== name) }))
        return !role(name)(input).granted
      }),
    )
  })
})
