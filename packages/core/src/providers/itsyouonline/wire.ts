import { text } from '../../options.ts'

/** What `iss` says on every host, so it does not tell them apart; their keys do. */
export const issuer = 'itsyouonline'

/** The address of a host. Tokens and secrets go there, so http is for loopback only. */
export const hostAddress = text.refine(
  (value) => URL.canParse(value) && isSecure(new URL(value)),
  'must be an https URL (http on loopback only)',
)

function isSecure({ protocol, hostname, search, hash }: URL): boolean {
  const isLoopback = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname)
  return (protocol === 'https:' || (protocol === 'http:' && isLoopback)) && search === '' && hash === ''
}

/** Clients in the field name the host with `/api` or without. */
export function baseOf(address: string): string {
  return address.replace(/\/+$/, '').replace(/\/api$/, '')
}
