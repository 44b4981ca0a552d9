import { createTestClock, createTestKey } from '@claviger/testing'
import { afterEach, describe, expect, it, jest } from '@jest/globals'
import type { AuthenticatorOptions } from '../src/index.ts'
import { oidc } from '../src/providers/oidc.ts'
import { createCleanup, sendJson } from './support/faults.ts'

const warnings = jest.spyOn(process, 'emitWarning').mockReturnValue()
const cleanup = createCleanup()
afterEach(async () => {
  await cleanup.close()
  warnings.mockClear()
})

/** Asks issuers for their keys whose clocks are ahead by so many seconds. */
async function ask(aheads: readonly number[], more: Partial<AuthenticatorOptions> = {}) {
  const { publicJwk } = await createTestKey('ES256')
  const providers = aheads.map(async (ahead, index) => {
    const { origin } = await cleanup.stub((_, response) => {
      const date = new Date(Date.now() + ahead * 1000).toUTCString()
      sendJson(response, { keys: [publicJwk] }, { date })
    })
    return oidc({ issuer: `https://${index}.example`, audience: 'api', jwksUri: origin, name: `p${index}` })
  })
  await cleanup.authenticator({ providers: await Promise.all(providers), ...more }).ready()
}

describe('the clock of a provider', () => {
  it.each<[number, string, number | undefined]>([
    [300, 'ahead of', undefined],
    [-300, 'behind', undefined],
    [30, 'ahead of', 10],
  ])('is told of in a warning when it is %i s %s ours', async (ahead, words, clockTolerance = 5) => {
    await ask([ahead], { clockTolerance })
    expect(warnings.mock.calls).toEqual([
      [
        expect.stringMatching(
          `^The clock of https://0.example is \\d+ s ${words} ours, and clockTolerance is ${clockTolerance} s: `,
        ),
        { type: 'ClavigerWarning', code: 'CLAVIGER_CLOCK_SKEW' },
      ],
    ])
  })

  it.each([0, 60, -60])('is no matter within the tolerance: %i s', async (ahead) => {
    await ask([ahead], { clockTolerance: 120 })
    expect(warnings).not.toHaveBeenCalled()
  })

  it('is told of once by each authenticator', async () => {
    await ask([300, 300])
    expect(warnings).toHaveBeenCalledTimes(1)
    await ask([300])
    expect(warnings).toHaveBeenCalledTimes(2)
  })

  it('is no matter to a test that has a clock of its own', async () => {
    await ask([300], { clock: createTestClock() })
    expect(warnings).not.toHaveBeenCalled()
  })
})
