import type { Scenario } from './scenario.ts'
import { warm } from './warm.ts'

/** Everything that is measured, in the order in which it is. */
export const scenarios: readonly Scenario[] = [
  {
    name: 'warm',
    title: 'A known token, in the process: 10,000 of them',
    plot: { column: 'µs per verification', bound: 1 },
    run: warm,
  },
]
