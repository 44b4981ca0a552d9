import type { FormRequest } from '../../src/index.ts'

/** A request with this body, as a provider sends it. */
export const form = (body: string, more: Partial<FormRequest> = {}): FormRequest => ({
  method: 'POST',
  url: '/backchannel-logout',
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
  async *[Symbol.asyncIterator]() {
    yield Buffer.from(body)
  },
  ...more,
})

/** The answer to a good logout token. */
export const accepted = { status: 200, headers: { 'Cache-Control': 'no-store' }, body: '' }
/** The answer to every other. */
export const refusal = {
  status: 400,
  headers: { 'Cache-Control': 'no-store', 'Content-Type': 'application/json' },
  body: JSON.stringify({
    error: 'invalid_request',
    error_description: 'This is not one valid logout token for this app.',
  }),
}
