import { machine, warm } from './warm.ts'

const quick = process.argv.includes('--quick')
const [tokens, rounds] = quick ? [500, 5] : [10_000, 30]

console.log(machine())
for (const algorithm of ['ES384', 'RS256'] as const) {
  const { claviger, fastJwt, ratio } = await warm(algorithm, tokens, rounds)
  console.log(
    `${algorithm}, ${tokens} known tokens: claviger ${claviger.toFixed(2)} µs, fast-jwt with cache ${fastJwt.toFixed(2)} µs, ratio ${ratio.toFixed(3)}`,
  )
}
