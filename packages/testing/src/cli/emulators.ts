import { parseArgs } from 'node:util'
import { startEmulators } from '../emulators/all.ts'

const { values } = parseArgs({ options: { port: { type: 'string', default: '4600' } } })
const port = Number(values.port)
if (!Number.isInteger(port) || port < 0 || port > 65_000) {
  console.error('--port takes a number from 0 (any free ports) to 65000.')
  process.exit(2)
}

const { credentials, close } = await startEmulators(port)
console.log(JSON.stringify(credentials))
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void close())
