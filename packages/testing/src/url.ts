/**
 * The URL that a text is, or names from a base; nothing where it is none. Not by `URL.canParse`, which on Node 20 and 22 begins to
 * refuse what has letters of Latin-1 once it was called some thousand times.
 */
export function urlOf(text: string, base?: string): URL | undefined {
  try {
    return new URL(text, base)
  } catch {
    return undefined
  }
}
