import { distance } from 'fastest-levenshtein'
import * as z from 'zod'
import { AuthError } from './errors.ts'
import { urlOf } from './url.ts'

/**
 * Checks options when something is built: unknown names, wrong types, empty and placeholder values.
 * @param where what is built, for the message
 * @throws {AuthError} `ERR_OPTIONS_INVALID` that names every fault, and the nearest known name of an unknown one
 */
export function readOptions<Schema extends z.ZodType>(
  where: string,
  schema: Schema,
  options: unknown,
): z.output<Schema> {
  const result = schema.safeParse(options)
  if (result.success) return result.data
  throw invalidOptions(where, result.error.issues.map((issue) => describe(issue, schema)).join('; '))
}

/** A fault of our own set-up. Its text is shown: it is thrown where things are built, before there is a client. */
export function invalidOptions(where: string, explanation: string): AuthError {
  return new AuthError('ERR_OPTIONS_INVALID', { explanation: `${where}: ${explanation}` })
}

function describe(issue: z.core.$ZodIssue, schema: z.ZodType): string {
  const path = issue.path.length > 0 ? `option ${issue.path.join('.')}` : 'the options'
  if (issue.code === 'unrecognized_keys') {
    const known = namesAt(schema, issue.path)
    return issue.keys.map((key) => `unknown option ${[...issue.path, key].join('.')}${nearest(key, known)}`).join('; ')
  }
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    // The form that was meant is the one whose type fits.
    const meant = issue.errors.filter((errors) => !errors.some(isOtherType)).sort((a, b) => a.length - b.length)[0]
    if (meant !== undefined) return meant.map((inner) => describe(below(issue, inner), schema)).join('; ')
    const own = issue.message === 'Invalid input' ? undefined : issue.message
    const isMissing = issue.errors.flat().some(({ message }) => /^is missing|received undefined$/.test(message))
    if (isMissing && !own?.startsWith('is missing')) return [`${path}: is missing`, own].filter(Boolean).join('; ')
    return `${path}: ${own ?? issue.errors.flat().map(wording).join(' or ')}`
  }
  return `${path}: ${wording(issue)}`
}

function isOtherType({ code, path }: z.core.$ZodIssue): boolean {
  return path.length === 0 && (code === 'invalid_type' || code === 'invalid_value')
}

function below(outer: z.core.$ZodIssue, inner: z.core.$ZodIssue): z.core.$ZodIssue {
  return { ...inner, path: [...outer.path, ...inner.path] }
}

const nouns: Partial<Record<string, string>> = {
  array: 'a list',
  object: 'an object',
  string: 'a text',
  boolean: 'true or false',
}

// What the schema says; where it says nothing of its own, what it expects.
function wording(issue: z.core.$ZodIssue): string {
  if (!issue.message.startsWith('Invalid ')) return issue.message
  if (issue.code === 'invalid_value')
    return `must be ${issue.values.length > 1 ? 'one of ' : ''}${issue.values.join(', ')}`
  if (issue.code !== 'invalid_type') return issue.message
  return issue.message.endsWith('received undefined')
    ? 'is missing'
    : `must be ${nouns[issue.expected] ?? issue.expected}`
}

function namesAt(schema: z.ZodType, path: readonly PropertyKey[]): readonly string[] {
  let found = forms(schema)
  for (const step of path) found = found.flatMap((one) => forms(one instanceof z.ZodObject && one.shape[String(step)]))
  return found.flatMap((one) => (one instanceof z.ZodObject ? Object.keys(one.shape) : []))
}

function forms(schema: unknown): readonly unknown[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) return forms(schema.unwrap())
  return schema instanceof z.ZodUnion ? schema.options.flatMap(forms) : [schema]
}

function nearest(name: string, known: readonly string[]): string {
  const near = known
    .map((candidate) => ({ candidate, far: distance(name.toLowerCase(), candidate.toLowerCase()) }))
    .filter(
      ({ candidate, far }) =>
        far <= Math.min(3, name.length / 2) || candidate.toLowerCase().startsWith(name.toLowerCase()),
    )
    .sort((a, b) => a.far - b.far)[0]
  return near === undefined ? '' : `, did you mean ${near.candidate}?`
}

// What examples and dashboards show in place of a value.
const placeholder =
  /^(your|my|the)?[-_ ]?(api|app|client|tenant|secret|org|organization)?[-_ ]?(key|id|secret|token|name)?[-_ ]?here$|^<.*>$|^\[.*\]$|^\$?\{.*\}$|^%.*%$|^your[-_ ].+|^x{3,}$|^\.{3}$|^(change|replace)[-_ ]?me|^(undefined|null|todo|placeholder|example)$/i

/** A value that has to be there: not empty, no placeholder, no white space around it (the usual slip with environment files). */
export const text = z
  .string({
    error: (issue) => (issue.input === undefined ? 'is missing (an unset environment variable?)' : 'must be a text'),
  })
  .min(1, 'must not be empty')
  .refine((value) => value.trim() === value, 'must not begin or end with white space')
  .refine((value) => !placeholder.test(value), 'is a placeholder')

/** An address that we call: https, or http on loopback and where the set-up says so by writing it. */
export const address = text.refine((value) => /^https?:$/.test(urlOf(value)?.protocol ?? ''), 'must be an http(s) URL')

/** Scheme, host and port. */
export const origin = z
  .string('must be a text')
  .refine(
    (value) => urlOf(value)?.origin === value,
    'must be an origin such as https://www.example.com, without a path',
  )

/** A duration in seconds. */
export const seconds = (least: number, most: number) =>
  z
    .number('must be a number of seconds')
    .min(least, `must be at least ${least} s`)
    .max(most, `must be at most ${most} s`)

/** A function that is passed in; what it takes and gives is checked by TypeScript alone. */
export const functionOf = <F>() => z.custom<F>((value) => typeof value === 'function', 'must be a function')

/** A function whose answer nobody can wait for. */
export const synchronous = <F>() => functionOf<F>().refine((value) => !isAsync(value), mustBeSynchronous)

const mustBeSynchronous = 'must answer at once: it cannot be async, or give a promise'

/** Whether it is written as an async function; what it is compiled to may not tell. */
export function isAsync(value: unknown): boolean {
  return Object.prototype.toString.call(value) === '[object AsyncFunction]'
}

/**
 * What a function among the options has given. A promise is no answer, and found out only now.
 * @throws {AuthError} `ERR_OPTIONS_INVALID`
 */
export function atOnce<T>(answer: T, where: string, option: string): T {
  if (typeof (answer as { then?: unknown } | null | undefined)?.then !== 'function') return answer
  // Nobody waits for what becomes of it.
  Promise.resolve(answer).catch(() => {})
  throw invalidOptions(where, `option ${option}: ${mustBeSynchronous}`)
}

/** An object with these functions, of which the same holds. @param what it must be */
export const objectWith = <T extends object>(what: string, ...names: readonly (keyof T & string)[]) =>
  z.custom<T>(
    (value) => typeof value === 'object' && value !== null && names.every((name) => name in value),
    `must be ${what}`,
  )
