import { AuthError } from '../../errors.ts'
import { authenticationTimeout } from './wire.ts'

const shortest = 4

/**
 * An error of a call as our users see it: a dead session is `ERR_UPSTREAM_UNAUTHORIZED` like a missing one, and the portal's words are
 * without what we sent it, as it may repeat anything.
 */
export function asOurs(error: AuthError, secrets: readonly string[], hint?: string): AuthError {
  const { code, explanation = '', cause, upstream, retryAfter } = error
  const isDead = upstream?.status === authenticationTimeout
  let message = upstream?.message
  for (const spelling of secrets.filter(({ length }) => length >= shortest).flatMap(spellingsOf)) {
    message = message?.replaceAll(spelling, '[redacted]')
  }
  return new AuthError(isDead ? 'ERR_UPSTREAM_UNAUTHORIZED' : code, {
    explanation: hint === undefined ? explanation : `${explanation} (${hint})`,
    ...(cause !== undefined && { cause }),
    ...(upstream !== undefined && { upstream: { ...upstream, ...(message !== undefined && { message }) } }),
    ...(retryAfter !== undefined && { retryAfter }),
  })
}

// As it is in a text, in an address, in a form and in JSON.
function spellingsOf(secret: string): readonly string[] {
  const inForm = new URLSearchParams({ '': secret }).toString().slice(1)
  return [secret, encodeURIComponent(secret), inForm, JSON.stringify(secret).slice(1, -1)]
}

/** The values of a call's parameters whose names say that nobody else should see them. */
export function secretsIn(parameters: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.entries(parameters).flatMap(([name, value]) =>
    typeof value === 'string' && /pass|secret|key|token/i.test(name) ? [value] : [],
  )
}
