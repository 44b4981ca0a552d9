const maxDepth = 32

/** True for a JSON object: not an array, not null. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** True for an array of strings. */
export function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

/** True for a text that can name somebody or something. Lone surrogates all become the same character once they are stored: two names would be one. */
export function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.isWellFormed()
}

/**
 * Makes parsed JSON from outside safe to keep and to share: frozen all the way down, without `__proto__` members, which would
 * change the prototype of whatever they are copied into.
 * @throws {RangeError} when it is nested deeper than 32 levels
 */
export function harden<T>(value: T, depth = 0): T {
  if (typeof value !== 'object' || value === null) return value
  if (depth > maxDepth) throw new RangeError(`JSON nested deeper than ${maxDepth} levels`)
  if (Array.isArray(value)) {
    for (const item of value) harden(item, depth + 1)
  } else {
    if (Object.hasOwn(value, '__proto__')) Reflect.deleteProperty(value, '__proto__')
    for (const key in value) harden(value[key], depth + 1)
  }
  return Object.freeze(value)
}

/**
 * Follows a claim path, through own members only.
 * @param path names of members; a string is one name, so that names with dots can be said
 */
export function at(value: unknown, path: readonly string[]): unknown {
  let current = value
  for (const name of path) {
    if (!isObject(current) || !Object.hasOwn(current, name)) return undefined
    current = current[name]
  }
  return current
}
