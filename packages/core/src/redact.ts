// Anything that looks like a compact JWS, a bearer credential or a long random string.
const jws = /[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]*){0,2}/g
const scheme = /\b(?:(bearer|basic|dpop)\s+[^\s"',;]+|(token)\s+[A-Za-z0-9._~+/-]{20,}=*)/gi
const parameter = /\b((?:access_?|refresh_?|id_?|user_?|signed_?|api_?|secret_?|client_?)?(?:token|secret|key|password|code|assertion))=[^&\s"']+/gi
const random = /[A-Za-z0-9_~+-]{40,}={0,2}/g
const maxLength = 300

/**
 * Makes a text fit for a log: tokens and secrets are cut out, control characters escaped, the length bounded.
 * Every explanation and every value of an event passes through it.
 */
export function redact(text: string): string {
  const safe = text
    .slice(0, 4096)
    .replace(scheme, '$1$2 [redacted]')
    .replace(parameter, '$1=[redacted]')
    .replace(jws, keepHosts)
    .replace(random, '[redacted]')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escaping them is the point.
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
  return safe.length > maxLength ? `${safe.slice(0, maxLength)}…` : safe
}

// Host names have dots too; a base64url header of a JWS starts with `eyJ` ('{"').
function keepHosts(match: string): string {
  return match.startsWith('ey') || match.length > 120 ? '[redacted]' : match
}

/** A name from outside (an issuer, a claim) as it may be shown in a log: redacted, quoted, at most 100 characters. */
export function quoted(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(redact(value.slice(0, 100))) : `a ${value === null ? 'null' : typeof value}`
}
