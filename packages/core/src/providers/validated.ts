import { AuthError } from '../errors.ts'
import type { OpaqueProfile, Validator } from '../provider.ts'

/** Lets the app's own validator look at opaque tokens as it does at signed ones. */
export function validated(name: string, profile: OpaqueProfile, validate: Validator | undefined): OpaqueProfile {
  if (validate === undefined) return profile
  return {
    ...profile,
    async verify(token, context) {
      const verdict = await profile.verify(token, context)
      const refusal = verdict.active ? await validate(verdict.claims) : undefined
      if (refusal !== undefined) throw new AuthError('ERR_TOKEN_REFUSED', { explanation: `${name}: ${refusal}` })
      return verdict
    },
  }
}
