import { unavailable } from '../../errors.ts'
import { isObject } from '../../json.ts'
import type { OpaqueProfile, OpaqueVerdict } from '../../provider.ts'
import { retryAfter } from '../../response-headers.ts'
import { authenticationTimeout, guest } from './wire.ts'

/**
 * Asks a portal whose an `authkey` is. It goes in the body, so that no log of addresses has it.
 * @param base of all calls
 */
export function verifyAuthkeyAt(base: string): OpaqueProfile['verify'] {
  return async (authkey, { request }): Promise<OpaqueVerdict> => {
    const response = await request(`${base}/system/usermanager/whoami`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ authkey }).toString(),
    })
    const { status, body, headers } = response
    if (status === authenticationTimeout)
      return { active: false, explanation: 'the portal does not know it, or not any more' }
    if (status !== 200) throw unavailable(`${base}: whoami was answered with status ${status}`, retryAfter(headers))
    if (!isObject(body) || typeof body.name !== 'string' || body.name === '' || typeof body.admin !== 'boolean') {
      throw unavailable(`${base}: whoami was not answered as it should be`)
    }
    const { name, admin } = body
    // A session in which nobody has logged in.
    if (name === guest) return { active: false, explanation: `the portal says ${guest}` }
    const roles = admin ? [{ id: 'admin', name: 'admin', permissions: [] }] : []
    return { active: true, claims: { name, admin }, user: { id: name, roles } }
  }
}
