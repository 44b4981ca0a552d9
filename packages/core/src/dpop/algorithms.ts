import type { Algorithm } from '../algorithms.ts'

/** What a proof may be signed with, the usual one first. */
export const proofAlgorithms: readonly Algorithm[] = [
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
  'PS256',
  'PS384',
  'PS512',
  'RS256',
]
