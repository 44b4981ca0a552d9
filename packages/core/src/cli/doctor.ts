import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { isAuthError } from '../errors.ts'
import { at } from '../json.ts'
import type { Provider } from '../provider.ts'
import { type OidcOptions, oidc } from '../providers/oidc.ts'
import { redact } from '../redact.ts'
import { examine, type Finding } from './examine.ts'

const usage = `doctor <issuer> [option…] tells what is checked of an issuer's tokens, what it publishes, and which of its keys are used.
doctor --providers <module> tells it of the providers of an app, and whether each can be asked about opaque tokens.

  --audience <aud>          what aud must name; several may be given; without it aud is not looked at
  --token-type <typ>        an accepted typ; several may be given; default at+jwt
  --required-claim <name>   a claim that must be there; several may be given
  --algorithm <alg>         an accepted alg; several may be given
  --jwks-uri <address>      where the keys are, if not as discovery says
  --metadata-url <address>  where the metadata is, if not below the issuer
  --providers <module>      a file of JavaScript that exports providers, one or a list, or the options of an authenticator
  --token                   reads a token from standard input, and tells what becomes of it`

/**
 * Prints what an issuer publishes, what of it is used, and what becomes of a token of its.
 * @returns the status to exit with: 0 where all is well, 1 where something is not, 2 where the question is none
 */
export async function doctor(args: string[]): Promise<number> {
  const question = read(args)
  if (typeof question === 'string') return refuse(question)
  const token = question.isTokenGiven ? await readToken() : undefined
  if (token === '') return refuse('There is no token at standard input.')
  let findings: readonly Finding[]
  try {
    const providers = 'module' in question ? await readProviders(question.module) : [oidc(question.options)]
    if (typeof providers === 'string') return refuse(providers)
    findings = await examine(providers, token)
  } catch (error) {
    if (!isAuthError(error)) throw error
    return refuse(error.message)
  }
  for (const { what, ok, lines } of findings) {
    const [first, ...rest] = lines
    console.log(`${ok ? 'ok   ' : 'FAULT'} ${what.padEnd(9)} ${first}`)
    for (const line of rest) console.log(`${' '.repeat(16)}${line}`)
  }
  return findings.every(({ ok }) => ok) ? 0 : 1
}

function refuse(why: string): number {
  console.error(`${why}\n\n${usage}`)
  return 2
}

const flags = {
  audience: { type: 'string', multiple: true },
  'token-type': { type: 'string', multiple: true },
  'required-claim': { type: 'string', multiple: true },
  algorithm: { type: 'string', multiple: true },
  providers: { type: 'string' },
  'jwks-uri': { type: 'string' },
  'metadata-url': { type: 'string' },
  token: { type: 'boolean', default: false },
} as const

// Where the providers of an app are, or what one issuer is looked at with.
type Question = ({ readonly module: string } | { readonly options: OidcOptions }) & { readonly isTokenGiven: boolean }

/** What is asked, or what is wrong with it. */
function read(args: string[]): Question | string {
  let parsed: ReturnType<typeof parse>
  try {
    parsed = parse(args)
  } catch (error) {
    return (error as TypeError).message
  }
  const { values, positionals } = parsed
  const { token: isTokenGiven, providers: module, ...ofIssuer } = values
  const [issuer, ...others] = positionals
  if (module !== undefined) {
    if (positionals.length > 0 || Object.keys(ofIssuer).length > 0)
      return 'Providers have their options with them: give --providers without an issuer, and --token at most.'
    return { module, isTokenGiven }
  }
  // What stands there beside an issuer is not shown: it may be a token.
  if (issuer === undefined || others.length > 0) return 'Which issuer? Give one, as it stands in iss.'
  const given = {
    tokenTypes: ofIssuer['token-type'],
    requiredClaims: ofIssuer['required-claim'],
    algorithms: ofIssuer.algorithm,
    jwksUri: ofIssuer['jwks-uri'],
    metadataUrl: ofIssuer['metadata-url'],
  }
  const named = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  return { options: { ...named, issuer, audience: ofIssuer.audience ?? null }, isTokenGiven }
}

function parse(args: string[]) {
  return parseArgs({ args, allowPositionals: true, options: flags })
}

/** What a module exports, or why it is of no use. */
async function readProviders(path: string): Promise<readonly Provider[] | string> {
  let exported: Record<string, unknown>
  try {
    exported = await import(pathToFileURL(resolve(path)).href)
  } catch (error) {
    if (isAuthError(error)) throw error
    return `${JSON.stringify(path)} cannot be loaded: ${redact(String(error))}`
  }
  const { providers, default: whole } = exported
  const given = providers ?? at(whole, ['providers']) ?? whole
  return given === undefined ? `${JSON.stringify(path)} exports no providers.` : ([given].flat() as Provider[])
}

async function readToken(): Promise<string> {
  let text = ''
  for await (const chunk of process.stdin.setEncoding('utf8')) text += chunk
  return text.trim().replace(/^bearer\s+/i, '')
}
