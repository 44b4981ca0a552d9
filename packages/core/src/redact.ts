// Anything that looks like a credential: by what stands before it, as a compact JWS, or as a long random string.
const scheme = /\b(bearer|basic|dpop|token)(\s+)([^\s"',;]+)/gi
const parameter = /(token|secret|key|password|code|assertion)(=|"\s*:\s*")[^&\s"']+/gi
const userinfo = /\/\/[^\s/?#"']*@/g
// Each begins at the start of a run only: a long run is looked at once, not once for each of its characters.
const jws = /(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){2,}/g
const random = /(?<![A-Za-z0-9_~+-])[A-Za-z0-9_~+-]{40,}={0,2}/g
// Controls, and what is not seen or turns the direction of what follows.
const unprintable = /[\p{Cc}\p{Cs}\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e007f}]/gu
const maxLength = 300

/**
 * Makes a text fit for a log: tokens and secrets are cut out, control characters escaped, the length bounded.
 * Every explanation and every value of an event passes through it.
 */
export function redact(text: string): string {
  const safe = text
    .slice(0, 4096)
    .replace(scheme, keepWords)
    .replace(parameter, '$1$2[redacted]')
    .replace(userinfo, '//[redacted]@')
    .replace(jws, keepHosts)
    .replace(random, '[redacted]')
    .replace(unprintable, (c) => `\\u${(c.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`)
  return safe.length > maxLength ? `${safe.slice(0, maxLength)}…` : safe
}

// "The token has expired" and "Bearer credentials" are prose.
function keepWords(match: string, name: string, space: string, value: string): string {
  const prose = name.toLowerCase() === 'token' ? value.length < 20 : /^[a-z]{1,15}$/.test(value)
  return prose ? match : `${name}${space}[redacted]`
}

// Host names have dots too; what base64url makes of the first characters of a JOSE header is `eyJ` or the like.
function keepHosts(match: string): string {
  return /(?:^|\.)(?:ey[A-Z]|ew[0ko])/.test(match) || match.length > 120 ? '[redacted]' : match
}

/** A name from outside (an issuer, a claim) as it may be shown in a log: redacted, quoted, at most 100 characters. */
export function quoted(value: unknown): string {
  if (typeof value !== 'string') return `a ${value === null ? 'null' : typeof value}`
  return JSON.stringify(redact(value.slice(0, 100)))
}
