/** Does something with each item, with so many of them at once. */
export async function each<T>(items: readonly T[], atOnce: number, use: (item: T) => Promise<void>): Promise<void> {
  let next = 0
  const worker = async () => {
    while (next < items.length) {
      next += 1
      await use(items[next - 1] as T)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}
