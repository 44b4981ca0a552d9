import { readFileSync } from 'node:fs'

const read = (path: string) => JSON.parse(readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8'))

interface Table {
  readonly operations: readonly { readonly id: string }[]
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}
const idsOf = ({ operations }: Table) => operations.map(({ id }) => id)
const callsOf = ({ paths }: Document) =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replace(/\{\w+\}/g, '*')}`),
  )

/** The operations that the documents of each provider name, as they name them. `npx pnpm@12 operations` counts what does each. */
export const documented = {
  ...(read('test/fixtures/operations.json') as Record<
    | 'TrustAuthX'
    | 'JustAuthenticateMe'
    | 'the JumpScale client of ItsYou.online'
    | 'the portal of OpenvCloud'
    | 'the OpenID side of Logto',
    readonly string[]
  >),
  'ItsYou.online': idsOf(read('openapi/itsyouonline-api.json')),
  OpenvCloud: idsOf(read('openapi/openvcloud-api.json')),
  Logto: callsOf(read('openapi/logto-management.json')),
} as const
