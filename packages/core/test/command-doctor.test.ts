import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createTestKey } from '@claviger/testing'
import { afterEach, describe, expect, it, jest } from '@jest/globals'
import { examine } from '../src/cli/examine.ts'
import { createCleanup, sendJson } from './support/faults.ts'

const cleanup = createCleanup()
afterEach(cleanup.close)

/** What was found, by what was looked at. */
async function found(...asked: Parameters<typeof examine>) {
  const findings = await examine(...asked)
  return Object.fromEntries(findings.map(({ what, ok, lines }) => [what, [ok, ...lines]]))
}

describe('an examination', () => {
  it('finds an issuer well, and a token good', async () => {
    const { issuer, audience, jwksUri, tokenFor } = await cleanup.issuer()
    const token = tokenFor({ scopes: ['read', 'write'] })
    const { kid } = JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString())
    expect(await found({ issuer, audience }, token)).toEqual({
      checks: [
        true,
        `iss     "${issuer}"`,
        'typ     at+jwt',
        `aud     "${audience}"`,
        expect.stringMatching(/^alg {5}RS256, .*ES256/),
        'claims  exp, sub, aud, client_id, iat, jti',
      ],
      metadata: [true, `the keys are at "${jwksUri}"`],
      keys: [true, `used: "${kid}" for ES256`],
      clock: [true, expect.stringMatching(/^the same as ours$|^1 s /)],
      token: [
        true,
        expect.stringMatching(/^good: of the user "alice", for \d+ s$/),
        `aud: "${audience}"`,
        'scopes: "read", "write"',
      ],
    })
  })

  it('says what is checked as it was told', async () => {
    const { issuer } = await cleanup.issuer()
    const told = { tokenTypes: ['JWT', 'at+jwt'], requiredClaims: ['sub'], algorithms: ['ES256'] as const }
    expect(await found({ issuer, audience: null, ...told })).toMatchObject({
      checks: [
        true,
        `iss     "${issuer}"`,
        'typ     JWT, at+jwt',
        'aud     not looked at: name yours',
        'alg     ES256',
        'claims  exp, sub',
      ],
    })
  })

  it('tells which keys are not used, and why, in letters that do nothing to a terminal', async () => {
    const { publicJwk, privateJwk } = await createTestKey('ES256')
    const other = await createTestKey('ES256')
    const keys = [
      { ...publicJwk, kid: '\u009b2J\u202e' },
      { ...other.publicJwk, kid: undefined },
      { ...publicJwk, kid: 'for encryption', use: 'enc' },
      { ...privateJwk, kid: undefined, kty: 'oct' },
    ]
    const { origin } = await cleanup.stub((_, response) => sendJson(response, { keys }))
    const { keys: lines, ...others } = await found({ issuer: 'https://id.example', audience: null, jwksUri: origin })
    expect(lines).toEqual([
      true,
      'used: "\\u009b2J\\u202e" for ES256',
      'used: one without a kid for ES256',
      'not used: "for encryption": not for signatures (use)',
      'not used: one without a kid: a symmetric key',
    ])
    // Told where the keys are, it looks at no metadata.
    expect(Object.keys(others)).toEqual(['checks', 'clock'])
  })

  it('tells what is wrong with the metadata, and looks for no keys then', async () => {
    const { issuer } = await cleanup.issuer()
    const other = await found({ issuer: `${issuer}/`, audience: null })
    expect(other).toMatchObject({ metadata: [false, expect.stringContaining('they differ at character')] })
    expect(other).not.toHaveProperty('keys')

    const bare = await cleanup.stub((_, response) => sendJson(response, { issuer: bare.origin }))
    expect(await found({ issuer: bare.origin, audience: null })).toMatchObject({
      metadata: [false, 'it names no jwks_uri'],
    })

    const down = await cleanup.issuer()
    await down.stop()
    const unheard = await found({ issuer: down.issuer, audience: null })
    expect(unheard).toMatchObject({ metadata: [false, expect.stringContaining('ECONNREFUSED')] })
    expect(unheard).not.toHaveProperty('clock')
  })

  it('tells what is wrong with the keys', async () => {
    const issuer = await cleanup.issuer()
    issuer.fail('jwks', { status: 502 })
    expect(await found({ issuer: issuer.issuer, audience: null })).toMatchObject({
      metadata: [true, expect.any(String)],
      keys: [false, `the key set at ${issuer.issuer} answered with status 502`],
    })
  })

  it.each([300, -300])('tells of a clock that is wrong by %i s, once', async (ahead) => {
    const warnings = jest.spyOn(process, 'emitWarning').mockReturnValue()
    const { publicJwk } = await createTestKey('ES256')
    const { origin } = await cleanup.stub((_, response) =>
      sendJson(response, { keys: [publicJwk] }, { date: new Date(Date.now() + ahead * 1000).toUTCString() }),
    )
    expect(await found({ issuer: 'https://id.example', audience: null, jwksUri: origin })).toMatchObject({
      clock: [false, expect.stringMatching(ahead > 0 ? /^\d+ s ahead of ours$/ : /^\d+ s behind ours$/)],
    })
    expect(warnings).not.toHaveBeenCalled()
    warnings.mockRestore()
  })

  it.each<[string, object, string]>([
    ['another audience', { audience: 'other' }, 'ERR_TOKEN_AUDIENCE: aud is "https://'],
    ['another type', { audience: null, tokenTypes: ['JWT'] }, 'ERR_TOKEN_TYPE: typ is "at+jwt", accepted: JWT'],
    ['another algorithm', { audience: null, algorithms: ['RS256'] }, 'ERR_TOKEN_ALGORITHM: alg is "ES256"'],
    [
      'a claim that it lacks',
      { audience: null, requiredClaims: ['acr'] },
      'ERR_TOKEN_CLAIMS: the claim acr is missing',
    ],
  ])('tells why a token is refused: %s', async (_, options, why) => {
    const { issuer, tokenFor } = await cleanup.issuer()
    const { token } = await found({ issuer, audience: null, ...options }, tokenFor())
    expect(token).toEqual([false, expect.stringContaining(why)])
  })
})

describe('the doctor', () => {
  const root = join(import.meta.dirname, '../../..')

  /** Runs the command with what it gets at standard input. */
  async function run(args: readonly string[], input = '') {
    const command = ['--conditions=source-dev', '--import', 'tsx', 'packages/core/src/cli/claviger.ts']
    const child = spawn(process.execPath, [...command, ...args], { cwd: root })
    cleanup.add(async () => child.kill('SIGKILL'))
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', (data) => (stdout += data))
    child.stderr.on('data', (data) => (stderr += data))
    child.stdin.end(input)
    const status = await new Promise<number | null>((resolve) => child.once('close', resolve))
    return { status, stdout, stderr }
  }

  it('prints what it found, and of a token at standard input what becomes of it, but not the token', async () => {
    const { issuer, audience, tokenFor } = await cleanup.issuer()
    const token = tokenFor()
    const good = await run(
      ['doctor', issuer, '--audience', 'other', '--audience', audience, '--token'],
      `Bearer ${token}\n`,
    )
    expect(good).toMatchObject({ status: 0, stderr: '' })
    expect(good.stdout).toMatch(/^ok {4}checks {4}iss {5}"http.*\n {16}typ {5}at\+jwt\n {16}aud {5}"other", "/)
    expect(good.stdout).toMatch(/\nok {4}token {5}good: of the user "alice", for \d+ s\n/)

    const bad = await run(['doctor', issuer, '--token-type', 'JWT', '--required-claim', 'sub', '--token'], token)
    expect(bad).toMatchObject({ status: 1, stderr: '' })
    expect(bad.stdout).toContain('claims  exp, sub\n')
    expect(bad.stdout).toMatch(/\nFAULT token {5}ERR_TOKEN_TYPE: typ is "at\+jwt", accepted: JWT/)
    for (const { stdout } of [good, bad]) expect(stdout).not.toContain(token.slice(0, 20))
  }, 60_000)

  it.each<[string[], string]>([
    [[], 'Which command? One of: doctor, roles'],
    [['constructor'], 'Which command? One of: doctor, roles'],
    [['doctor'], 'Which issuer?'],
    [['doctor', 'https://id.example', 'a-token'], 'Which issuer?'],
    [['doctor', 'https://id.example', '--audiense', 'api'], "Unknown option '--audiense'"],
    [['doctor', 'https://id.example', '--algorithm', 'none'], 'option algorithms.0: must be one of'],
    [['doctor', 'id.example'], 'the issuer is no URL'],
    [['doctor', 'https://id.example', '--token'], 'There is no token at standard input.'],
  ])(
    'has nothing to look at with %j',
    async (args, message) => {
      const result = await run(args)
      expect(result).toMatchObject({ status: 2, stdout: '' })
      expect(result.stderr).toContain(message)
      expect(result.stderr).not.toContain('a-token')
    },
    60_000,
  )
})
