import { createHash, randomBytes } from 'node:crypto'
import type { HttpRequest } from '../credentials.ts'
import { AuthError } from '../errors.ts'
import type { Seconds } from '../types.ts'
import type { Sessions } from './sessions.ts'

/** A browser that has set out to a provider, until it comes back. */
export interface Flow {
  readonly issuer: string
  readonly kind: 'sign-in' | 'profile'
  readonly state: string
  readonly returnTo: string
  readonly kept: Readonly<Record<string, string>>
  /** What the user typed. */
  readonly answer?: string
  /** The session that a profile is changed in. */
  readonly session?: string
}

/** Remembers, in the browser itself, what it has set out for: what comes back is taken from this browser alone, and once. */
export interface Flows {
  newState(): string
  /** The cookies of a browser that sets out. */
  begin(request: HttpRequest, flow: Flow, hasState: boolean): Promise<readonly string[]>
  /**
   * What this browser has set out for, and the end of its cookie.
   * @param state what came back; nothing where the protocol has no such thing
   * @throws {AuthError} `ERR_REQUEST_CROSS_SITE` if it has not set out from here, or too long ago
   */
  finish(
    request: HttpRequest,
    expected: Pick<Flow, 'issuer' | 'kind'> & { readonly state: string | undefined },
  ): Promise<{ readonly flow: Flow; readonly cookies: readonly string[] }>
}

type Opened = Flow & { readonly until: Seconds }

// As long as the link in a mail is good.
const lifetime: Seconds = 900
// Tabs of one browser that are on the way at a time, and bytes of their cookies: servers refuse long headers.
const maxAtOnce = 4
const maxLength = 4096

/** Makes what remembers, sealed in a cookie of its own for each, where browsers have set out to. */
export function createFlows({ settings, seal, jar, now }: Pick<Sessions, 'settings' | 'seal' | 'jar' | 'now'>): Flows {
  const beginning = `${settings.cookieName}-flow-`
  const nameFor = ({ issuer, kind }: Pick<Flow, 'issuer' | 'kind'>, state: string | undefined) =>
    beginning + digest(JSON.stringify([issuer, kind, state ?? null]))

  return {
    newState: () => randomBytes(24).toString('base64url'),
    async begin(request, flow, hasState) {
      const name = nameFor(flow, hasState ? flow.state : undefined)
      const { text } = await seal.seal('sign-in', { ...flow, until: now() + lifetime })
      const others = jar.namesOf(request, beginning).filter((one) => one !== name)
      // A browser that keeps setting out, or is made to, must not fill its cookies up. It sends the oldest first (RFC 6265 section 5.4).
      let room = maxLength - text.length
      const ended = others.toReversed().filter((one, newer) => {
        room -= jar.read(request, one)?.length ?? 0
        return newer + 1 >= maxAtOnce || room < 0
      })
      return [jar.write(name, text, lifetime), ...ended.map((one) => jar.write(one, '', 0))]
    },
    async finish(request, expected) {
      const name = nameFor(expected, expected.state)
      // Nothing else is sealed for this.
      const flow = (await seal.open('sign-in', jar.read(request, name) ?? '')) as Opened | undefined
      const isMeant = flow?.issuer === expected.issuer && flow.kind === expected.kind
      const isSame = isMeant && (expected.state === undefined || flow.state === expected.state)
      if (isSame && flow.until > now()) return { flow, cookies: [jar.write(name, '', 0)] }
      throw new AuthError('ERR_REQUEST_CROSS_SITE', {
        explanation: 'this browser has not set out from here, has come back already, or took more than 15 minutes',
      })
    },
  }
}

/** Tells texts apart, in a few letters. */
export function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 12)
}
