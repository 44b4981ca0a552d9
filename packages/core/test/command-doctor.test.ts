import { spawn } from 'node:child_process'
import { rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import {
  createItsYouOnlineEmulator,
  createJustAuthenticateMeEmulator,
  createLogtoEmulator,
  createOpenvCloudEmulator,
  createTestKey,
  createTrustAuthXEmulator,
} from '@claviger/testing'
import { afterEach, describe, expect, it, jest } from '@jest/globals'
import { examine, type Finding } from '../src/cli/examine.ts'
import { itsYouOnline } from '../src/providers/itsyouonline/index.ts'
import { justAuthenticateMe } from '../src/providers/justauthenticateme/index.ts'
import { logto } from '../src/providers/logto/index.ts'
import { type OidcOptions, oidc } from '../src/providers/oidc.ts'
import { openvCloud } from '../src/providers/openvcloud/index.ts'
import { trustAuthX } from '../src/providers/trustauthx/index.ts'
import { createCleanup, sendJson } from './support/faults.ts'

const cleanup = createCleanup()
afterEach(cleanup.close)

/** What was found of an issuer, by what was looked at. */
async function found(options: OidcOptions, token?: string) {
  return byWhat(await examine([oidc(options)], token))
}

function byWhat(findings: readonly Finding[]) {
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

describe('an examination of a provider', () => {
  const wellAsked = (answer: string) => [true, `asked about a token that nobody was given: "${answer}"`]

  it('asks whether opaque tokens can be asked about, and takes a wrong key of ours for what it is', async () => {
    const emulator = await createTrustAuthXEmulator({
      roles: [{ name: 'admin' }],
      users: [{ uid: 'alice', email: 'a@b.example', roles: ['admin'] }],
    })
    cleanup.add(() => emulator.close())
    const { apiKey, secretKey, orgId, url: apiBaseUrl } = emulator
    const options = { apiKey, secretKey, orgId, apiBaseUrl }
    const provider = trustAuthX(options)
    expect(byWhat(await examine([provider], emulator.signIn('alice').accessToken))).toEqual({
      checks: [true, `iss     "${provider.issuer}"`, 'tokens  opaque alone: the provider is asked about each'],
      opaque: wellAsked('the validation of a token was answered with status 401'),
      clock: [true, expect.any(String)],
      token: [true, expect.stringMatching(/^good: of the user "alice"/), 'roles: "admin"'],
    })
    expect(byWhat(await examine([trustAuthX({ ...options, secretKey: 'another' })]))).toMatchObject({
      opaque: [false, expect.stringContaining('refuses our own key (options apiKey, secretKey, orgId)')],
    })
    expect(byWhat(await examine([trustAuthX({ ...options, accepts: () => false })]))).toMatchObject({
      opaque: [true, 'not asked: its tokens do not look like one that can be made up'],
    })
    const opaque = { verify: async () => ({ active: true as const, claims: {}, user: { id: 'anybody' } }) }
    expect(byWhat(await examine([{ name: 'open', issuer: 'open', opaque }]))).toMatchObject({
      opaque: [false, 'it takes a token that nobody was given'],
    })
  })

  it('says what a session of a portal is, and what a pinned key signs', async () => {
    const iyo = await createItsYouOnlineEmulator()
    const portal = await createOpenvCloudEmulator({ jwtKey: iyo.publicJwk })
    cleanup.add(() => Promise.all([iyo.close(), portal.close()]))
    const pets = itsYouOnline({ organization: 'petshop', keys: iyo.publicJwk, baseUrl: iyo.url })
    const jwt = iyo.tokenFor('bob', { scopes: ['user:memberof:petshop'] })
    expect(byWhat(await examine([pets], jwt))).toEqual({
      checks: [
        true,
        'iss     "itsyouonline"',
        'typ     JWT',
        'aud     not looked at: name yours',
        'alg     ES384',
        'claims  exp, azp',
        'rules   of the provider beyond these',
      ],
      keys: [true, 'used: one without a kid for ES384'],
      token: [
        true,
        expect.stringMatching(/^good: of the user "bob"/),
        'scopes: "user:memberof:petshop"',
        'roles: "petshop"',
      ],
    })
    expect(byWhat(await examine([openvCloud({ baseUrl: portal.url })], portal.login('ann')))).toMatchObject({
      opaque: wellAsked('the portal does not know it, or not any more'),
      token: [true, expect.stringMatching(/^good: of the user "ann"/)],
    })
    await portal.stop()
    expect(byWhat(await examine([openvCloud({ baseUrl: portal.url })]))).toMatchObject({
      opaque: [false, expect.stringContaining('failed connecting')],
    })
  })

  it('looks at all there are, each by its name', async () => {
    const [tenant, jam] = [await createLogtoEmulator(), await createJustAuthenticateMeEmulator()]
    cleanup.add(() => Promise.all([tenant.close(), jam.close()]))
    const providers = [
      logto({
        endpoint: tenant.endpoint,
        audience: 'https://api.example.com',
        opaque: { clientId: 'nobody', clientSecret: 'nothing' },
      }),
      justAuthenticateMe({ appId: jam.appId, baseUrl: jam.baseUrl }),
    ]
    jam.fail('jwks', { status: 502 })
    const findings = await examine(providers, jam.signIn('alice@example.com').idToken)
    expect(findings.map(({ what, ok, lines: [first] }) => [what, ok, first])).toEqual([
      ['checks', true, 'name    "logto"'],
      ['keys', true, expect.stringMatching(/^used: ".*" for ES384$/)],
      ['opaque', false, expect.stringContaining('/oidc answered with status 400')],
      ['clock', true, expect.any(String)],
      ['checks', true, 'name    "justauthenticateme"'],
      ['keys', false, expect.stringContaining('answered with status 502')],
      ['clock', true, expect.any(String)],
      ['token', false, expect.stringContaining('ERR_PROVIDER_UNAVAILABLE')],
    ])
    expect(findings[0]?.lines).toContain('aud     as the options of the provider say')
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

  it('takes providers from where an app has them', async () => {
    const { issuer, audience, tokenFor } = await cleanup.issuer()
    const provider = JSON.stringify({ name: 'mine', issuer, opaque: {} })
    const file = async (name: string, text: string) => {
      const path = join(tmpdir(), `claviger-doctor-${process.pid}-${name}`)
      await writeFile(path, text)
      cleanup.add(() => rm(path))
      return path
    }
    const from = JSON.stringify(pathToFileURL(join(root, 'packages/core/src/providers/oidc.ts')))
    const made = `import { oidc } from ${from}
      export default { providers: oidc(${JSON.stringify({ issuer, audience })}), cache: false }`
    const good = await run(['doctor', '--providers', await file('good.mjs', made), '--token'], tokenFor())
    expect(good).toMatchObject({ status: 0, stderr: '' })
    expect(good.stdout).toMatch(/\nok {4}token {5}good: of the user "alice", for \d+ s\n/)
    for (const [text, message] of [
      ['export const other = 1', 'exports no providers.'],
      ['throw new Error("no key=a-secret-of-mine here")', 'cannot be loaded: Error: no key=[redacted] here'],
      [`export const providers = [{}, ${provider}]`, 'providers.0'],
    ] as const) {
      const bad = await run(['doctor', '--providers', await file('bad.mjs', text)])
      expect(bad).toMatchObject({ status: 2, stdout: '' })
      expect(bad.stderr).toContain(message)
    }
  }, 120_000)

  it.each<[string[], string]>([
    [['doctor', 'https://id.example', '--providers', 'x.mjs'], 'Providers have their options with them'],
    [['doctor', '--providers', 'x.mjs', '--audience', 'api'], 'Providers have their options with them'],
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
