import { createTestIssuer, createTestKey, type TestIssuer } from '@claviger/testing'
import { type Child, startChild } from './child.ts'
import type { LoadCalls } from './load/main.ts'
import type { ServerCalls } from './server/main.ts'
import type { IssuerFacts } from './server/verifiers.ts'

/** An issuer with one key, and what those who verify its tokens have to know. */
export interface Stage {
  readonly issuer: TestIssuer
  readonly facts: IssuerFacts
  /** Of the one key. */
  readonly kid: string
  /** Tokens of as many users, all different. */
  tokens(count: number, prefix?: string): string[]
}

/** Starts an issuer in this process for as long as `use` takes. */
export async function onStage<T>(algorithm: IssuerFacts['algorithm'], use: (stage: Stage) => Promise<T>): Promise<T> {
  const issuer = await createTestIssuer({ algorithms: [algorithm] })
  const { audience, jwksUri } = issuer
  const facts = { issuer: issuer.issuer, audience, jwksUri, algorithm }
  const tokens = (count: number, prefix = 'user') =>
    Array.from({ length: count }, (_, index) =>
      issuer.tokenFor({ subject: `${prefix}-${index}`, scopes: ['read', 'write'], roles: ['admin'] }),
    )
  try {
    return await use({ issuer, facts, kid: issuer.current.kid, tokens })
  } finally {
    await issuer.close()
  }
}

/** An app that listens, in a process of its own. */
export interface Server extends Child<ServerCalls> {
  readonly port: number
}

/** Starts each of these apps of `server/apps.ts`, and sees that it knows a good token from a bad one. */
export async function startServers<S extends string>(
  framework: string,
  subjects: readonly S[],
  stage: Stage,
): Promise<Record<S, Server>> {
  const started = await Promise.all(
    subjects.map(async (subject) => {
      const child = startChild<ServerCalls>('server/main.ts')
      const server = { ...child, port: await child.ask('listen', { framework, subject, facts: stage.facts }) }
      // With this they fetch the key, which is not measured.
      await expectStatus(subject, server, stage.issuer.tokenFor(), 200)
      const forged = stage.issuer.tokenFor({ key: await createTestKey(stage.facts.algorithm, { kid: stage.kid }) })
      await expectStatus(subject, server, forged, subject.startsWith('bare') ? 200 : 401)
      return [subject, server] as const
    }),
  )
  return Object.fromEntries(started) as Record<S, Server>
}

async function expectStatus(subject: string, { port }: Server, token: string, expected: number): Promise<void> {
  const { status } = await fetch(`http://127.0.0.1:${port}/`, { headers: { authorization: `Bearer ${token}` } })
  if (status !== expected) throw new Error(`${subject} answered ${status}, and not ${expected}`)
}

/** Starts a process that makes load. */
export function startLoad(): Child<LoadCalls> {
  return startChild<LoadCalls>('load/main.ts')
}

/** Ends what has been started, whatever comes of `use`. */
export async function whileRunning<T>(
  children: readonly Pick<Child<never>, 'end'>[],
  use: () => Promise<T>,
): Promise<T> {
  try {
    return await use()
  } finally {
    await Promise.all(children.map((child) => child.end()))
  }
}
