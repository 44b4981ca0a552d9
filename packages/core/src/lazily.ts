/** Makes something when it is first asked for, and once. What is not asked for then costs an app no time when it starts. */
export function lazily<T extends object>(make: () => T): () => T {
  let made: T | undefined
  return () => {
    made ??= make()
    return made
  }
}
