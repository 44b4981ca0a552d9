import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'

const root = join(import.meta.dirname, '..', '..', '..')

/** What a process prints whose requests come with these tokens. */
function printed(tokens: readonly string[], env: Record<string, string>): string[] {
  const program = `
    import { createRequestAuthenticator } from './packages/core/src/request.ts'
    import { oidc } from './packages/core/src/providers/oidc.ts'
    const providers = [oidc({ issuer: 'https://id.example.com', audience: 'api' })]
    const { receive } = createRequestAuthenticator({ providers })
    for (const token of ${JSON.stringify(tokens)})
      await receive({ headers: { authorization: 'Bearer ' + token } }).catch(() => undefined)`
  const args = ['--conditions=source-dev', '--import', 'tsx', '--input-type=module', '--eval', program]
  const { NODE_DEBUG: _, ...rest } = process.env
  const { stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: root,
    encoding: 'utf8',
    env: { ...rest, ...env },
  })
  return `${stdout}${stderr}`.split('\n').filter((line) => line !== '')
}

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const tokenOf = (iss: string) => `${part({ alg: 'ES256', typ: 'at+jwt' })}.${part({ iss, exp: 4e9 })}.c2lnbmF0dXJl`

describe('NODE_DEBUG=claviger', () => {
  it('prints why each request is refused: a line, and nothing of the token', () => {
    const tokens = [
      tokenOf('https://id.example.com/'),
      tokenOf('https://evil.example\r\nCLAVIGER 1: 200 fine\u001b[2J'),
    ]
    const lines = printed(tokens, { NODE_DEBUG: 'claviger' })
    expect(lines).toEqual([
      expect.stringMatching(
        /^CLAVIGER \d+: 401 ERR_TOKEN_ISSUER: no provider has the issuer "https:\/\/id\.example\.com\/"/,
      ),
      expect.stringMatching(
        /^CLAVIGER \d+: 401 ERR_TOKEN_ISSUER: no provider has the issuer "https:\/\/evil\.example[^\n]*$/,
      ),
    ])
    expect(lines.join('')).not.toMatch(/\p{Cc}|eyJ|c2lnbmF0dXJl/u)
  })

  it('is needed for that', () => {
    expect(printed([tokenOf('https://id.example.com/')], {})).toEqual([])
  })
})
