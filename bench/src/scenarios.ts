import type { Scenario } from './scenario.ts'
import { http } from './scenarios/http.ts'
import { warm } from './scenarios/warm.ts'

/** Everything that is measured, in the order in which it is. */
export const scenarios: readonly Scenario[] = [
  {
    name: 'warm',
    title: 'A known token, in the process',
    about: '10,000 known tokens, verified one after the other.',
    plot: { column: 'µs per verification', bound: 1 },
    run: warm,
  },
  {
    name: 'http',
    title: 'Known users over HTTP',
    about:
      'One hundred users call an app again and again, over 16 connections, as fast as they are answered. `bare` is the framework without any authentication. ' +
      'Peers that cache nothing verify each request anew.',
    plot: { column: 'of bare' },
    run: http,
  },
]
