import { parseArgs } from 'node:util'
import { isAuthError } from '../errors.ts'
import type { OidcOptions } from '../providers/oidc.ts'
import { examine, type Finding } from './examine.ts'

const usage = `doctor <issuer> [option…] tells what is checked of an issuer's tokens, what it publishes, and which of its keys are used.

  --audience <aud>          what aud must name; several may be given; without it aud is not looked at
  --token-type <typ>        an accepted typ; several may be given; default at+jwt
  --required-claim <name>   a claim that must be there; several may be given
  --algorithm <alg>         an accepted alg; several may be given
  --jwks-uri <address>      where the keys are, if not as discovery says
  --metadata-url <address>  where the metadata is, if not below the issuer
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
    findings = await examine(question.options, token)
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
  'jwks-uri': { type: 'string' },
  'metadata-url': { type: 'string' },
  token: { type: 'boolean', default: false },
} as const

/** What is asked, or what is wrong with it. */
function read(args: string[]): { options: OidcOptions; isTokenGiven: boolean } | string {
  let parsed: ReturnType<typeof parse>
  try {
    parsed = parse(args)
  } catch (error) {
    return (error as TypeError).message
  }
  const { values, positionals } = parsed
  const [issuer, ...others] = positionals
  // What stands there beside an issuer is not shown: it may be a token.
  if (issuer === undefined || others.length > 0) return 'Which issuer? Give one, as it stands in iss.'
  const given = {
    tokenTypes: values['token-type'],
    requiredClaims: values['required-claim'],
    algorithms: values.algorithm,
    jwksUri: values['jwks-uri'],
    metadataUrl: values['metadata-url'],
  }
  const named = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  return { options: { ...named, issuer, audience: values.audience ?? null }, isTokenGiven: values.token }
}

function parse(args: string[]) {
  return parseArgs({ args, allowPositionals: true, options: flags })
}

async function readToken(): Promise<string> {
  let text = ''
  for await (const chunk of process.stdin.setEncoding('utf8')) text += chunk
  return text.trim().replace(/^bearer\s+/i, '')
}
