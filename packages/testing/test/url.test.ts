import { expect, it } from '@jest/globals'
import { LogtoState } from '../src/emulators/logto/state.ts'
import type { Tenant } from '../src/emulators/logto/tenant.ts'
import { resourceOf } from '../src/emulators/logto/token-targets.ts'
import { urlOf } from '../src/url.ts'

it('knows an API with letters of Latin-1 in its host, however often it was asked for', () => {
  const indicator = 'https://api.exämple.test'
  const tenant = { state: new LogtoState({ resources: [{ indicator, scopes: [] }] }, Date.now) } as Tenant
  const form = new URLSearchParams({ resource: indicator })
  let found = 0
  // It throws where it finds no address.
  for (let times = 0; times < 20_000; times += 1) if (resourceOf(tenant, form, undefined) !== undefined) found += 1
  expect(found).toBe(20_000)
})

it('finds no address in what is none', () => {
  expect([urlOf(''), urlOf('/a'), urlOf('api.example.test'), urlOf('https://')]).toEqual(
    Array.from({ length: 4 }, () => undefined),
  )
})
