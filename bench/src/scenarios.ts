import type { Scenario } from './scenario.ts'
import { cluster } from './scenarios/cluster.ts'
import { cold } from './scenarios/cold.ts'
import { flood } from './scenarios/flood.ts'
import { http } from './scenarios/http.ts'
import { memory, mostMebibytes } from './scenarios/memory.ts'
import { refreshStorm } from './scenarios/refresh-storm.ts'
import { revocationChaos } from './scenarios/revocation-chaos.ts'
import { revocationFlood } from './scenarios/revocation-flood.ts'
import { revocationSize } from './scenarios/revocation-size.ts'
import { revocationSpread } from './scenarios/revocation-spread.ts'
import { roles } from './scenarios/roles.ts'
import { soak } from './scenarios/soak.ts'
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
      'On Node 20 and 22 Claviger spares Express [more than it costs](../performance.md#requests-of-express): `bare, one shape` does that alone. ' +
      'Peers that cache nothing verify each request anew. Five processes of each app, one after the other: two of the same app differ by some per cent.',
    plot: { column: 'of bare' },
    run: http,
  },
  {
    name: 'cold',
    title: 'Tokens never seen before, in the process',
    about:
      'Distinct tokens, 64 at once, each verified once; three processes of each, one after the other. `the machine` is `crypto.subtle.verify` alone, with everything around it done beforehand. ' +
      '`jsonwebtoken` is what express-jwt, passport-jwt and koa-jwt verify with.',
    plot: { column: 'of the machine', bound: 0.9 },
    run: cold,
  },
  {
    name: 'flood',
    title: 'A flood of forgeries',
    about:
      'Forty-eight connections from one address send distinct forgeries under a real `kid`, as fast as they are answered. Known users (100 calls per second, ' +
      'whether or not the last has been answered) and new ones (10 per second) call from other addresses. `bare` lets everybody pass. Peers: one round.',
    plot: { column: 'known p99 ms', logarithmic: true },
    run: flood,
  },
  {
    name: 'cluster',
    title: 'One, two and four processes',
    about:
      'The same app in a cluster of `node:cluster`, called over 64 connections by one more process on the same machine. Each process has a cache of its own, ' +
      'so a token is verified once in each. New tokens are verified on all cores by one process already; known ones are answered on one.',
    plot: { column: 'known/s' },
    run: cluster,
  },
  {
    name: 'roles',
    title: 'Ten thousand roles of fifty permissions',
    about:
      'A directory is loaded, from code and from a function; guards are asked for the last permission of users with few and many roles, and for one that nobody has; ' +
      'and a known token is verified with the roles of the moment. Each refusal and each grant counts as one check. CPU time of the process, with its garbage collection.',
    run: roles,
  },
  {
    name: 'startup',
    title: 'Start-up and size',
    about: 'A process that imports the package, as it is published, and ends; and what installing it puts on the disk.',
    plot: { column: 'ms' },
    run: startup,
  },
  {
    name: 'revocation-spread',
    title: 'How fast a revocation reaches all processes',
    about:
      'Tokens are revoked one after the other, each in one of four processes that share a list through Redis, under load.',
    onDemand: true,
    run: revocationSpread,
  },
  {
    name: 'revocation-size',
    title: 'A million live revocations',
    about: 'What a process holds, how long it takes to start with it, and how long a check takes.',
    onDemand: true,
    run: revocationSize,
  },
  {
    name: 'revocation-flood',
    title: 'Requests while 5,000 tokens a second are revoked',
    about:
      'One process is called at a steady rate while another revokes. All of it runs on one machine, so a second column of work is measured too: the same revocations, in a list that the called process does not follow.',
    onDemand: true,
    run: revocationFlood,
  },
  {
    name: 'revocation-chaos',
    title: 'Redis fails in every way at random',
    about:
      'Redis is killed, started empty or with older data, stopped, flushed, and cut off, also in the middle of a reply, while four processes serve requests and revoke. In the end a fifth one starts, and all are asked for every token that was revoked.',
    onDemand: true,
    run: revocationChaos,
  },
  {
    name: 'refresh-storm',
    title: 'One rotating refresh token in four processes at once',
    about:
      'Four processes share refreshes and revocations through Redis, and all refresh the same token at once, with an issuer that takes three times as long as the ' +
      'lease: as it should be, with the process that asks killed in the middle, with the issuer down, and with a session that it has ended.',
    onDemand: true,
    run: refreshStorm,
  },
  {
    name: 'memory',
    title: 'A million tokens through the cache',
    about:
      'Distinct tokens, each verified once by an authenticator with the cache it has by default. Resident memory beyond what the process had before the first; ' +
      'the line is `cache.maxBytes`.',
    plot: { column: 'MiB more resident', x: 'tokens', bound: mostMebibytes },
    run: memory,
  },
  {
    name: 'soak',
    title: 'Half an hour of mixed load',
    about:
      'Known, new, revoked, expired, malformed and forged tokens at once, while keys rotate every 15 seconds and 20 tokens are revoked every 5. Each has to be ' +
      'answered as it must. `held` is what is left after garbage collection. Runs with `--only soak --minutes 30`.',
    plot: { column: 'MiB', x: 'minutes' },
    onDemand: true,
    run: soak,
  },
]
