import { setTimeout as pause } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, describe, expect, it, jest } from '@jest/globals'
import {
  type Authenticator,
  createAuthenticator,
  createRequestAuthenticator,
  type MiddlewareOptions,
} from '../src/index.ts'
import { oidc } from '../src/providers/oidc.ts'

const warnings = jest.spyOn(process, 'emitWarning').mockReturnValue()
const held: Authenticator[] = []
afterEach(async () => {
  await Promise.all(held.splice(0).map((auth) => auth.close()))
})

function make(...names: string[]): Authenticator {
  const providers = names.map((name) => oidc({ issuer: `https://${name}.example.com`, audience: 'api', name }))
  return createAuthenticator({ providers })
}

function hold(count: number, ...names: string[]): void {
  for (let index = 0; index < count; index += 1) held.push(make(...names))
}

// The warning comes once in a process, so what must not bring it comes first.
describe('many authenticators', () => {
  it('are no matter when each is closed before the next', async () => {
    for (let index = 0; index < 60; index += 1) await make('a', 'b').close()
    expect(warnings).not.toHaveBeenCalled()
  })

  it('are no matter when they are of different issuers', () => {
    hold(19, 'a', 'b')
    hold(19, 'a')
    hold(19, 'b')
    for (let tenant = 0; tenant < 60; tenant += 1) hold(1, `tenant-${tenant}`)
    expect(warnings).not.toHaveBeenCalled()
  })

  it('are not made where an option of the middleware is wrong', () => {
    const providers = [oidc({ issuer: 'https://d.example.com', audience: 'api' })]
    const session = { baseUrl: 'https://example.com', keys: 'a secret of the session cookies, long enough' }
    const wrong: Partial<MiddlewareOptions>[] = [
      { realm: '' },
      { tokenFrom: 'body' as never },
      { session: { ...session, keys: 'short' } },
      { session: { ...session, absolute: 31 * 86_400 } },
      { session, maxTokenLifetime: 6 * 86_400 },
    ]
    for (const options of wrong)
      for (let time = 0; time < 25; time += 1)
        expect(() => createRequestAuthenticator({ providers, ...options })).toThrow(
          expect.objectContaining({ code: 'ERR_OPTIONS_INVALID' }),
        )
    expect(warnings).not.toHaveBeenCalled()
  })

  it('are not held alive by being counted, nor counted when nobody holds them', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    let collected = 0
    const registry = new FinalizationRegistry<undefined>(() => (collected += 1))
    const drop = (count: number) => {
      for (let index = 0; index < count; index += 1) registry.register(make('c'), undefined)
    }
    for (let round = 1; round <= 3; round += 1) {
      drop(15)
      for (let turn = 0; turn < 200 && collected < 15 * round; turn += 1) {
        collect()
        await pause(5)
      }
      expect(collected).toBe(15 * round)
      await pause(5)
    }
    expect(warnings).not.toHaveBeenCalled()
  })

  it('are told of once when they are of the same issuers, in whatever order those are named', async () => {
    hold(10, 'a', 'b')
    hold(9, 'b', 'a')
    // Closed twice is closed once.
    await held[0]?.close()
    await held[0]?.close()
    hold(1, 'a', 'b')
    expect(warnings).not.toHaveBeenCalled()
    hold(30, 'a', 'b')
    expect(warnings.mock.calls).toEqual([
      [
        expect.stringContaining('20 authenticators of https://a.example.com, https://b.example.com.'),
        { type: 'ClavigerWarning', code: 'CLAVIGER_MANY_AUTHENTICATORS' },
      ],
    ])
  })
})
