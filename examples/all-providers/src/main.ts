import { startConsole } from './console.ts'

const { url, close } = await startConsole(Number(process.env.PORT ?? 0))
console.log(`listening on ${url}`)

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void close())
