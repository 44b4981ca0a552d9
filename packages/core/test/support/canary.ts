import { inspect } from 'node:util'
import type { Fault } from '@claviger/testing'

/** All that an error, an event or anything else tells to whoever prints it. */
export function everythingOf(value: unknown): string {
  const causes = []
  for (let at = value; at instanceof Error; at = at.cause) causes.push(at.message, at.stack, JSON.stringify(at))
  return [inspect(value, { depth: 20, showHidden: true }), ...causes].join('\n')
}

/** Every way in which a call fails; the last ones say what was sent to them. */
export function faultsThatTell(secrets: readonly string[]): readonly Fault[] {
  const said = secrets.flatMap((secret) => [secret, encodeURIComponent(secret), `the token "${secret}" is wrong`])
  const headers = { 'content-type': 'application/json' }
  const telling = said.flatMap((text) => [
    { message: text },
    text,
    { error: text, error_description: text, code: text },
  ])
  return [
    'reset',
    'truncate',
    'html',
    'broken-json',
    'wrong-types',
    'empty',
    'redirect',
    ...[400, 401, 404, 500].map((status) => ({ status, headers, body: JSON.stringify(telling[0]) })),
    ...telling.map((body) => ({ status: 400, headers, body: JSON.stringify(body) })),
    { status: 400, headers: { 'content-type': 'text/html' }, body: said.join(' ') },
    { status: 302, headers: { location: `http://127.0.0.1:9/?token=${encodeURIComponent(secrets[0] ?? '')}` } },
  ]
}
