import { text } from '../options.ts'
import { urlOf } from '../url.ts'

/** An address that tokens and secrets travel to: https, or http on loopback; without a query and a fragment. */
export const secureAddress = text
  .refine((value) => {
    const url = urlOf(value)
    return url !== undefined && isSecure(url)
  }, 'must be an https URL (http on loopback only)')
  .refine((value) => !/[?#]/.test(value), 'must have no query and no fragment')

/** Whether what is sent there stays between the two. */
export function isSecure({ protocol, hostname }: URL): boolean {
  const isLoopback = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname)
  return protocol === 'https:' || (protocol === 'http:' && isLoopback)
}
