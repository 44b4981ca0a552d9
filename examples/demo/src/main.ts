import { play, setStage } from './story.ts'
import { printTable } from './table.ts'

const stage = await setStage()
const lines = []
for (const app of stage.apps) lines.push(...(await play(stage, app)))
const good = printTable(lines)

if (process.env.CI === 'true' || process.argv.includes('--exit')) {
  await stage.close()
  process.exitCode = good ? 0 : 1
} else {
  const token = stage.providers.issuer.tokenFor({ subject: 'alice', roles: ['admin'], expiresIn: 3600 })
  console.log('\nThe APIs go on until Ctrl-C. Try:')
  for (const { url } of stage.apps) console.log(`  curl -H "Authorization: Bearer $TOKEN" ${url}/me`)
  console.log(`with\n  TOKEN=${token}`)
  process.once('SIGINT', () => void stage.close())
}
