import { describe, expect, it } from '@jest/globals'
import { type JustAuthenticateMeOptions, justAuthenticateMe } from '../src/providers/justauthenticateme/index.ts'

describe('the options of justAuthenticateMe()', () => {
  it('need nothing but the app', () => {
    const { issuer, name, jwt } = justAuthenticateMe({ appId: '0f7b6c1e-5c7b-4c61-9a2e-3f2d3c9a8b11' })
    expect({ issuer, name, keys: jwt?.keys }).toEqual({
      issuer: 'https://api.justauthenticate.me/0f7b6c1e-5c7b-4c61-9a2e-3f2d3c9a8b11',
      name: 'justauthenticateme',
      keys: {
        jwksUri: 'https://api.justauthenticate.me/0f7b6c1e-5c7b-4c61-9a2e-3f2d3c9a8b11/.well-known/jwks.json',
      },
    })
  })

  it('take an address with a slash at its end or without', () => {
    const issuers = ['https://dev-api.justauthenticate.me', 'https://dev-api.justauthenticate.me/'].map(
      (baseUrl) => justAuthenticateMe({ appId: 'app', baseUrl }).issuer,
    )
    expect(issuers).toEqual(Array(2).fill('https://dev-api.justauthenticate.me/app'))
  })

  it.each<[string, object, RegExp]>([
    ['no app', {}, /appId: is missing/],
    ['an app that is a path', { appId: '../other' }, /appId: must be the id/],
    ['a placeholder', { appId: 'your_app_id' }, /appId: is a placeholder/],
    ['an address without TLS', { appId: 'app', baseUrl: 'http://api.example.com' }, /baseUrl: must be an https URL/],
    [
      'an address with a query',
      { appId: 'app', baseUrl: 'https://api.example.com/?a=b' },
      /baseUrl: must have no query/,
    ],
    [
      'a misspelt option',
      { appId: 'app', baseURL: 'https://a.example' },
      /unknown option baseURL, did you mean baseUrl/,
    ],
  ])('refuse %s', (_, options, message) => {
    expect(() => justAuthenticateMe(options as JustAuthenticateMeOptions)).toThrow(message)
  })
})
