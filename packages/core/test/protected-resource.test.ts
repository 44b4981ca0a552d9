import { afterAll, describe, expect, it } from '@jest/globals'
import { type Authenticator, createAuthenticator, createProtectedResource } from '../src/index.ts'
import { oidc } from '../src/providers/oidc.ts'

const resource = 'https://api.example.com/orders'
const secret = '0123456789abcdef'.repeat(4)
const made: Authenticator[] = []
afterAll(() => Promise.all(made.map((auth) => auth.close())))

/** An authenticator of these issuers, each with two providers. */
function trusting(...issuers: string[]): Authenticator {
  const providers = issuers.flatMap((issuer) =>
    [resource, 'https://old.example.com'].map((audience) =>
      oidc({ issuer, audience, secret, name: `${issuer} ${audience}` }),
    ),
  )
  const auth = createAuthenticator({ providers })
  made.push(auth)
  return auth
}

const documentOf = (auth: Authenticator, more = {}) =>
  JSON.parse(createProtectedResource(auth, { resource, ...more })('GET').body) as unknown

describe('the metadata of an API', () => {
  it('names each issuer once, and leaves out what is no URL', () => {
    expect(documentOf(trusting('https://one.example', 'petshop', 'https://two.example'))).toEqual({
      resource,
      authorization_servers: ['https://one.example', 'https://two.example'],
    })
  })

  it('has no list without entries', () => {
    expect(documentOf(trusting('petshop'))).toEqual({ resource })
  })

  it('says what it is told to', () => {
    const options = {
      authorizationServers: ['https://front.example'],
      scopesSupported: ['read:orders'],
      resourceName: 'Orders',
    }
    expect(documentOf(trusting('https://one.example'), options)).toEqual({
      resource,
      authorization_servers: ['https://front.example'],
      scopes_supported: ['read:orders'],
      resource_name: 'Orders',
    })
  })

  it.each([true, false])('says that proofs are taken, with what, and whether they have to be: %s', (required) => {
    expect(documentOf(trusting('petshop'), { dpopBoundAccessTokensRequired: required })).toEqual({
      resource,
      dpop_signing_alg_values_supported: 'ES256 ES384 ES512 EdDSA Ed25519 PS256 PS384 PS512 RS256'.split(' '),
      dpop_bound_access_tokens_required: required,
    })
  })

  it.each<[object | undefined, string]>([
    [{ dpopBoundAccessTokensRequired: 'no' }, 'option dpopBoundAccessTokensRequired: must be true or false'],
    [{ resource: undefined }, 'option resource: is missing'],
    [{ resource: 'api' }, 'option resource: must be an http(s) URL'],
    [{ resource: `${resource}#part` }, 'option resource: must not have a fragment'],
    [{ authorizationServers: [] }, 'option authorizationServers: must name at least one'],
    [{ authorizationServers: ['petshop'] }, 'option authorizationServers.0: must be an http(s) URL'],
    [{ scopesSupported: [] }, 'option scopesSupported: must name at least one'],
    [{ scopesSupported: [''] }, 'option scopesSupported.0: must not be empty'],
    [{ resourceName: '' }, 'option resourceName: must not be empty'],
    [{ scopes: ['read'] }, 'unknown option scopes, did you mean scopesSupported?'],
  ])('is refused when it is built: %j', (more, message) => {
    const auth = trusting('https://one.example')
    expect(() => createProtectedResource(auth, { resource, ...more } as never)).toThrow(message)
  })

  it('needs the authenticator itself', () => {
    const auth = trusting('https://one.example')
    expect(() => createProtectedResource({ ...auth }, { resource })).toThrow(
      'protectedResource: needs the very object that createAuthenticator returned',
    )
  })
})
