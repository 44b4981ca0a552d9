/** A body that nobody has read yet; an `IncomingMessage` of Node is one. */
export type UnreadBody = AsyncIterable<Uint8Array | string>

/** Reads a body; nothing where it is longer than so many bytes. The connection stays good then, for an answer and the next request. */
export async function readBody(body: UnreadBody, maxBytes: number): Promise<Buffer | undefined> {
  const parts: Uint8Array[] = []
  let size = 0
  // Not a loop of its own: leaving one ends the connection, and nobody would hear why.
  const chunks = body[Symbol.asyncIterator]()
  for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) {
    const part = Buffer.from(next.value as Uint8Array)
    size += part.byteLength
    if (size > maxBytes) {
      void discard(chunks)
      return undefined
    }
    parts.push(part)
  }
  return Buffer.concat(parts, size)
}

// Where somebody has begun to read, Node does not do it: the next request on this connection would wait behind the rest for minutes.
async function discard(chunks: AsyncIterator<unknown>): Promise<void> {
  try {
    while ((await chunks.next()).done !== true);
  } catch {
    // The connection has ended.
  }
}
