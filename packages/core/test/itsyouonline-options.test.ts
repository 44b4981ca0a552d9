import { describe, expect, it } from '@jest/globals'
import { createItsYouOnlineClient, itsYouOnline } from '../src/providers/itsyouonline/index.ts'

describe('createItsYouOnlineClient', () => {
  it.each([
    ['no credentials', {}, /clientId: is missing/],
    ['half of them', { clientId: 'a' }, /clientSecret: is missing/],
    ['two kinds of them', { accessToken: 'a', clientId: 'b' }, /unknown option clientId/],
    ['a JWT of another issuer', { jwt: 'eyJhbGciOiJFUzM4NCJ9.e30.AA' }, /no JWT of ItsYou.online/],
    ['http to a host that is not this one', { accessToken: 'a', baseUrl: 'http://iyo.example' }, /https/],
    ['an unknown environment', { accessToken: 'a', environment: 'test' }, /environment/],
    ['a misspelt option', { accessToken: 'a', timeOut: 3 }, /did you mean timeout/],
  ])('refuses %s', (_, options, message) => {
    expect(() => createItsYouOnlineClient(options as never)).toThrow(message)
  })

  it('takes the host with /api and without', () => {
    for (const baseUrl of ['https://staging.itsyou.online', 'https://staging.itsyou.online/api/']) {
      expect(createItsYouOnlineClient({ accessToken: 'a', baseUrl }).ramlSpecUrl).toBe(
        'https://staging.itsyou.online/apidocumentation/raml/itsyouonline.raml',
      )
      expect(createItsYouOnlineClient({ accessToken: 'a', baseUrl }).logoutUrl).toBe(
        'https://staging.itsyou.online/logout',
      )
    }
  })
})

describe('itsYouOnline', () => {
  it.each([
    ['nothing that says whom a token is for', {}, /organization is missing/],
    ['an empty list', { organization: [] }, /organization/],
    ['a placeholder', { organization: '<your-organization>' }, /organization/],
    ['no key', { organization: null, keys: [] }, /keys/],
    ['a text that is no key', { organization: null, keys: 'c2VjcmV0' }, /keys/],
    ['a private key', { organization: null, keys: { kty: 'EC', crv: 'P-384', x: 'a', y: 'b', d: 'c' } }, /keys/],
    ['a misspelt option', { organisation: 'petshop' }, /did you mean organization/],
    ['half a second', { organization: null, refreshValidity: 0.5 }, /refreshValidity/],
    ['http to a host that is not this one', { organization: null, baseUrl: 'http://iyo.example' }, /https/],
  ])('refuses %s', (_, options, message) => {
    expect(() => itsYouOnline(options as never)).toThrow(message)
  })
})
