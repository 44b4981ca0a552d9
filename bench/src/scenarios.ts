import type { Scenario } from './scenario.ts'
import { cold } from './scenarios/cold.ts'
import { http } from './scenarios/http.ts'
import { startup } from './scenarios/startup.ts'
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
  {
    name: 'cold',
    title: 'Tokens never seen before, in the process',
    about:
      'Distinct tokens, 64 at once, each verified once. `the machine` is `crypto.subtle.verify` alone, with everything around it done beforehand. ' +
      '`jsonwebtoken` is what express-jwt, passport-jwt and koa-jwt verify with.',
    plot: { column: 'of the machine', bound: 0.9 },
    run: cold,
  },
  {
    name: 'startup',
    title: 'Start-up and size',
    about: 'A process that imports the package, as it is published, and ends; and what installing it puts on the disk.',
    plot: { column: 'ms' },
    run: startup,
  },
]
