/** What guards of this process ask for, by name. */
export interface GuardNames {
  readonly roles: ReadonlySet<string>
  readonly permissions: ReadonlySet<string>
}

// Apps build guards when they start. One that builds them for each request must not fill the memory.
const most = 10_000
const named = { roles: new Set<string>(), permissions: new Set<string>() }

/** Notes what a predicate asks for. */
export function noteNames(kind: keyof GuardNames, names: readonly string[]): void {
  for (const name of names) if (named[kind].size < most) named[kind].add(name)
}

/** What has been asked for so far. */
export function guardNames(): GuardNames {
  return named
}
