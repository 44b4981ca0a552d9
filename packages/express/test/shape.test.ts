import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { setFlagsFromString } from 'node:v8'
import { oidc } from '@claviger/core/oidc'
import { createTestIssuer, type TestIssuer } from '@claviger/testing'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import express from 'express'
import express4 from 'express4'
import { serve } from '../../core/test/support/adapter-app.ts'
import { type AuthMiddleware, authMiddleware } from '../src/index.ts'

let issuer: TestIssuer
let auth: AuthMiddleware
let token: string

setFlagsFromString('--allow-natives-syntax')
const haveOneShape = new Function('one', 'other', 'return %HaveSameMap(one, other)') as (
  a: object,
  b: object,
) => boolean
const isFast = new Function('one', 'return %HasFastProperties(one)') as (one: object) => boolean
setFlagsFromString('--no-allow-natives-syntax')

beforeAll(async () => {
  issuer = await createTestIssuer()
  auth = authMiddleware({ providers: [oidc({ issuer: issuer.issuer, audience: issuer.audience })] })
  token = issuer.tokenFor({ subject: 'alice' })
})
afterAll(async () => {
  await auth.authenticator.close()
  await issuer.close()
})

type Exchange = readonly [IncomingMessage, ServerResponse]

/** What an app sees of three requests, the first of which brings a token that is not known yet. */
async function three(listenerFor: (see: (...exchange: Exchange) => void) => unknown): Promise<Exchange[]> {
  const seen: Exchange[] = []
  const listener = listenerFor((...exchange) => {
    for (const message of exchange) Object.assign(message, { ofTheApp: 1 })
    seen.push(exchange)
  })
  const { call, close } = await serve(listener as RequestListener)
  try {
    for (const _ of [1, 2, 3]) {
      const { status, body } = await call('/', { headers: { authorization: `Bearer ${token}` } })
      expect([status, body]).toEqual([200, 'fine'])
    }
  } finally {
    await close()
  }
  return seen
}

describe.each([
  ['4', express4],
  ['5', express],
])('with Express %s', (_, framework) => {
  it('all requests have one shape after the middleware, and all responses, whatever the app adds to them', async () => {
    const ofApps: boolean[][] = []
    for (let app = 0; app < 8; app += 1) {
      const [first, second, third] = await three((see) =>
        framework().use(auth, (req, res) => {
          see(req, res)
          res.send('fine')
        }),
      )
      for (const at of [0, 1] as const) {
        const [one, two, three] = [first, second, third].map((exchange) => exchange?.[at]) as [object, object, object]
        const shared = haveOneShape(one, two) && haveOneShape(two, three)
        ofApps[at] = [...(ofApps[at] ?? []), shared]
        // A dictionary only where it must be one: where V8 gives all requests one shape, that is the quicker one.
        expect(isFast(two)).toBe(Number.parseInt(process.versions.v8, 10) >= 13)
      }
    }
    // V8 keeps the shapes of dictionaries in 64 places, by a random number of their prototype: those of an app may be in each other's way.
    for (const ofAll of ofApps) expect(ofAll).toContain(true)
  })

  it('a request and its response keep each other', async () => {
    const seen = await three((see) =>
      framework().use(auth, (req, res) => {
        expect([req.res, res.req]).toEqual([res, req])
        expect(Object.keys(req)).toContain('res')
        see(req, res)
        res.send('fine')
      }),
    )
    expect(seen).toHaveLength(3)
  })

  it('passes on what it cannot make another shape of', async () => {
    const seen = await three((see) =>
      framework().use(
        (req, res, next) => {
          Object.defineProperty(req, 'res', { value: res, configurable: false, writable: false })
          Object.defineProperty(res, 'req', { value: req, configurable: false, writable: false })
          next()
        },
        auth,
        (req, res) => {
          see(req, res)
          res.send('fine')
        },
      ),
    )
    expect(seen).toHaveLength(3)
  })
})

it('leaves a request alone that Express has not changed, as V8 has one shape for all of them', async () => {
  const seen = await three((see) => (req: IncomingMessage, res: ServerResponse) => {
    auth(req as never, res, () => {
      see(req, res)
      res.end('fine')
    })
  })
  for (const [req, res] of seen) expect([isFast(req), isFast(res)]).toEqual([true, true])
})
