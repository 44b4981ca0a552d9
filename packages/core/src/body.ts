/** A body that nobody has read yet; an `IncomingMessage` of Node is one. */
export type UnreadBody = AsyncIterable<Uint8Array | string>

/** Reads a body; nothing where it is longer than so many bytes. The connection stays open then, so that an answer gets through. */
export async function readBody(body: UnreadBody, maxBytes: number): Promise<Buffer | undefined> {
  const parts: Uint8Array[] = []
  let size = 0
  // Not a loop of its own: leaving one ends the connection, and nobody would hear why.
  const chunks = body[Symbol.asyncIterator]()
  for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) {
    const part = Buffer.from(next.value as Uint8Array)
    size += part.byteLength
    if (size > maxBytes) return undefined
    parts.push(part)
  }
  return Buffer.concat(parts, size)
}
