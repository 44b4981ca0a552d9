import { startConsole } from '../../all-providers/src/console.ts'
import { play, setStage } from './story.ts'
import { printTable } from './table.ts'

const stage = await setStage()
const lines = []
for (const app of stage.apps) lines.push(...(await play(stage, app)))
await stage.close()
const good = printTable(lines)

if (process.env.CI === 'true' || process.argv.includes('--exit')) {
  process.exitCode = good ? 0 : 1
} else {
  const { url, close } = await startConsole(Number(process.env.PORT ?? 0))
  console.log(
    `\nThe same with your own hands: sign in, call, change roles, break things. Ctrl-C ends it.\n\n  ${url}\n`,
  )
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void close())
}
