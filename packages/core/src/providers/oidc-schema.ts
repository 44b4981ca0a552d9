import * as z from 'zod'
import { asymmetricAlgorithms, symmetricAlgorithms } from '../algorithms.ts'
import { isObject } from '../json.ts'
import { keyHeaders } from '../jws.ts'
import { furtherParameters } from '../openid-sign-in.ts'
import { address, functionOf, readOptions, seconds, text } from '../options.ts'
import type { Jwks, Validator } from '../provider.ts'
import type { OidcOptions } from './oidc-options.ts'

const claimPath = z.union([text, z.array(text).min(1)])
const audience = z.union([text, z.array(text).min(1, 'must name at least one'), z.null()])

// What is often given instead, told first. Nothing of a PEM is told: it may be the private one.
const single = z.custom(
  (value) => !Array.isArray(value),
  'must be a text: each of several issuers is a provider of its own',
)
const noPem = z.custom(
  (value) => typeof value !== 'string' || !/^\s*-----BEGIN /.test(value),
  "is a PEM: give { keys: [createPublicKey(pem).export({ format: 'jwk' })] } of it, with createPublicKey of node:crypto",
)

const schema = z.strictObject({
  issuer: single.pipe(text),
  issuerAliases: z.array(text).optional(),
  audience,
  name: text.optional(),
  jwksUri: z.union([address, z.array(address).min(1), z.null()]).optional(),
  metadataUrl: address.optional(),
  jwks: noPem
    .pipe(
      z.union([
        z.custom<Jwks>((value) => isObject(value) && Array.isArray(value.keys), 'must be a JWK Set or the path of one'),
        text,
      ]),
    )
    .optional(),
  secret: z.union([text, z.instanceof(Uint8Array)], 'must be a text or bytes').optional(),
  algorithms: z
    .array(z.enum([...asymmetricAlgorithms, ...symmetricAlgorithms]))
    .min(1, 'must name at least one')
    .optional(),
  tokenTypes: z
    .array(z.union([text, z.null()]))
    .min(1, 'must name at least one')
    .optional(),
  ignoredHeaders: z.array(z.enum(keyHeaders)).optional(),
  requiredClaims: z.array(text).optional(),
  rolesFrom: claimPath.optional(),
  permissionsFrom: claimPath.optional(),
  organizationFrom: claimPath.optional(),
  introspection: z
    .strictObject({
      clientId: text,
      clientSecret: text,
      endpoint: address.optional(),
      audience: audience.optional(),
      cacheFor: seconds(0, 300).optional(),
    })
    .optional(),
  client: z
    .strictObject({
      clientId: text,
      clientSecret: text.optional(),
      resource: text.optional(),
      scopes: z.array(text).optional(),
      parameters: furtherParameters.optional(),
      label: text.optional(),
      tokenEndpoint: address.optional(),
      revocationEndpoint: address.optional(),
    })
    .optional(),
  validate: functionOf<Validator>().optional(),
})

/** What {@link readOidcOptions} gives. */
export type Checked = z.output<typeof schema>

/** @throws {AuthError} `ERR_OPTIONS_INVALID` for what no option may be; whether they fit together is seen where they are used */
export function readOidcOptions(options: OidcOptions): Checked {
  return readOptions('oidc', schema, options)
}
