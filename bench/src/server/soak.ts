import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Authenticator, createAuthenticator } from '@claviger/core'
import { oidc } from '@claviger/core/oidc'
import { serve } from '../child.ts'
import { protectedApp } from './apps.ts'
import { each } from './each.ts'
import type { IssuerFacts } from './verifiers.ts'

let authenticator: Authenticator | undefined

const calls = {
  /** Starts the app, with bounds so small that all are reached soon. Answers with its port. */
  async listen({ issuer, audience, algorithm }: IssuerFacts): Promise<number> {
    authenticator = createAuthenticator({
      providers: [oidc({ issuer, audience, algorithms: [algorithm] })],
      cache: { maxTokens: 500 },
      keys: { minAge: 1, cooldown: 1 },
      maxTokenLifetime: 60,
    })
    const server = createServer(protectedApp(authenticator)).listen(0, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  },
  /** Has these verified, good or bad: what is remembered of them is bounded, and full before anything is measured. */
  async fill(tokens: readonly string[]): Promise<void> {
    await each(tokens, 64, async (token) => {
      await authenticator?.verify(token).catch(() => undefined)
    })
  },
  async revoke(tokens: readonly string[]): Promise<void> {
    await Promise.all(tokens.map((token) => authenticator?.revoke({ token, upstream: false })))
  },
  /** What the process holds once its garbage has been collected. */
  held() {
    globalThis.gc?.()
    const { heapUsed, external, rss } = process.memoryUsage()
    return { heapBytes: heapUsed + external, residentBytes: rss, resources: process.getActiveResourcesInfo().length }
  },
}

/** What the app can be asked for. */
export type SoakCalls = typeof calls

serve(calls)
