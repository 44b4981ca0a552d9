import { text } from '../options.ts'

/** An address that tokens and secrets travel to: https, or http on loopback; without a query and a fragment. */
export const secureAddress = text.refine(
  (value) => URL.canParse(value) && isSecure(new URL(value)) && !/[?#]/.test(value),
  'must be an https URL (http on loopback only) without query and fragment',
)

function isSecure({ protocol, hostname }: URL): boolean {
  const isLoopback = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname)
  return protocol === 'https:' || (protocol === 'http:' && isLoopback)
}
