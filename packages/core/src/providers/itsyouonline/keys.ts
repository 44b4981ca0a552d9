import { createHash, createPublicKey } from 'node:crypto'
import { invalidOptions } from '../../options.ts'
import type { Jwk } from '../../provider.ts'

/** The hosts of ItsYou.online. */
export type ItsYouOnlineEnvironment = 'production' | 'staging'

/** Where each environment is. */
export const hosts: Readonly<Record<ItsYouOnlineEnvironment, string>> = {
  production: 'https://itsyou.online',
  staging: 'https://staging.itsyou.online',
}

// As the documentation of the identity server prints them. There is no endpoint that publishes them.
const published: Readonly<Record<ItsYouOnlineEnvironment, string>> = {
  production:
    'MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAES5X8XrfKdx9gYayFITc89wad4usrk0n27MjiGYvqalizeSWTHEpnd7oea9IQ8T5oJjMVH5cc0H5tFSKilFFeh//wngxIyny66+Vq5t5B0V0Ehy01+2ceEon2Y0XDkIKv',
  staging:
    'MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEkmd07vxBqoCiHsaplIpjlonDeOnpvPamORMdBcAlHNXbzwplcdK4qlZGPBz9mxDSrBOv9SZH+Et6r8gn9Fx/+ZjlvRwowqOUFpCIijAEx6A3BhfRUbmwl1evBKzWB/qw',
}

// The key pair in the server's repository, private half included: anybody can sign with it.
const developmentKey = 'N9xQnoYk4s2jdSCn-O5xhoTJY1xIzopKwVxx4vj-Ypw'

/** Reads the option `keys`. @throws {AuthError} `ERR_OPTIONS_INVALID`, see {@link readPinnedKey} */
export function readPinnedKeys(
  where: string,
  keys: string | Jwk | readonly (string | Jwk)[],
  how: { development: boolean },
): readonly Jwk[] {
  return [keys].flat().map((one) => readPinnedKey(where, one, how))
}

/**
 * Reads a pinned key: `production`, `staging`, a PEM, the same as one line of base64, or a JWK.
 * @throws {AuthError} `ERR_OPTIONS_INVALID` for anything but a public P-384 key, and for the published development key
 */
function readPinnedKey(where: string, key: string | Jwk, { development }: { development: boolean }): Jwk {
  const jwk = publicJwk(where, key)
  if (jwk.kty !== 'EC' || jwk.crv !== 'P-384') throw invalidOptions(where, 'keys must be of the curve P-384, for ES384')
  const { crv, kty, x, y } = jwk
  const thumbprint = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url')
  if (thumbprint === developmentKey && !development) {
    throw invalidOptions(
      where,
      'this is the development key, whose private half is published (option dangerouslyAcceptDevelopmentKey)',
    )
  }
  return { kty, crv, x, y }
}

function publicJwk(where: string, key: string | Jwk): Jwk {
  try {
    const format =
      typeof key === 'string'
        ? ({ key: derOf(key), format: 'der', type: 'spki' } as const)
        : ({ key: withoutPrivate(key), format: 'jwk' } as const)
    return createPublicKey(format).export({ format: 'jwk' }) as Jwk
  } catch {
    throw invalidOptions(
      where,
      "keys must be public keys: 'production', 'staging', a PEM, its base64 in one line, or a JWK",
    )
  }
}

// Some keep a PEM in an environment variable, with its line breaks spelled out.
function derOf(key: string): Buffer {
  const text = Object.hasOwn(published, key) ? published[key as ItsYouOnlineEnvironment] : key
  if (/-----BEGIN (?!PUBLIC KEY)/.test(text)) throw new TypeError('not a public key')
  return Buffer.from(text.replace(/-----[A-Z ]+-----|\\n|\s/g, ''), 'base64')
}

function withoutPrivate(jwk: Jwk): Record<string, string> {
  if (Object.hasOwn(jwk, 'd')) throw new TypeError('a private key')
  return Object.fromEntries(
    Object.entries(jwk).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  )
}
