import { availableParallelism } from 'node:os'
import { describe, expect, it } from '@jest/globals'
import { readAuthenticatorOptions } from '../src/authenticator-options.ts'
import { createAuthenticator } from '../src/index.ts'
import { oidc } from '../src/providers/oidc.ts'
import { readSessionOptions } from '../src/session/options.ts'
import { membersOf, namesIn, numbersIn, rowsOf, textOf, textsOf } from './support/documentation.ts'

const src = 'packages/core/src'
const option = '| option | default |'
const sorted = (names: readonly string[]) => [...new Set(names)].sort()

describe('the docs', () => {
  // Where the options are, how their table begins and which of those it is; and what of them is for tests alone.
  it.each<[string, string, string, string, number, string[]]>([
    [
      'packages/core/README.md',
      'AuthenticatorOptions',
      'authenticator-options',
      '| option of `createAuthenticator`',
      0,
      ['clock'],
    ],
    ['packages/express/README.md', 'HttpOptions', 'request', option, 0, []],
    ['packages/koa/README.md', 'HttpOptions', 'request', option, 0, []],
    ['docs/performance.md', 'CacheLimits', 'cache', '| option `cache`', 0, []],
    ['docs/sessions.md', 'SessionOptions', 'session/options', option, 0, []],
    ['docs/scaling.md', 'RedisRevocationListOptions', 'redis/revocation-list', option, 0, ['clock']],
    ['docs/dpop.md', 'DpopOptions', 'dpop/options', option, 0, []],
    ['docs/backchannel-logout.md', 'BackchannelLogoutOptions', 'backchannel-logout', option, 0, []],
    ['docs/protected-resource.md', 'ProtectedResourceOptions', 'protected-resource', option, 0, []],
    ['docs/providers/oidc.md', 'OidcOptions', 'providers/oidc-options', option, 0, []],
    ['docs/providers/logto.md', 'LogtoOptions', 'providers/logto/index', option, 0, []],
    ['docs/providers/logto-management.md', 'LogtoWebhookOptions', 'providers/logto/webhook', option, 1, ['clock']],
    ['docs/providers/itsyouonline.md', 'ItsYouOnlineOptions', 'providers/itsyouonline/index', option, 0, []],
    [
      'docs/providers/justauthenticateme.md',
      'JustAuthenticateMeOptions',
      'providers/justauthenticateme/provider',
      option,
      0,
      [],
    ],
    ['docs/providers/openvcloud.md', 'OpenvCloudOptions', 'providers/openvcloud/provider', option, 0, []],
  ])('name in %s all of %s', (page, name, file, head, nth, others) => {
    const told = rowsOf(page, head, nth).flatMap(([first]) => namesIn(first))
    expect(told.length).toBeGreaterThan(0)
    expect(sorted([...told, ...others])).toEqual(sorted(membersOf(`${src}/${file}.ts`, name)))
  })

  it('name the options that several interfaces make up', () => {
    const told = (page: string, head: string) => sorted(rowsOf(page, head).flatMap(([first]) => namesIn(first)))
    const members = (...of: [string, string][]) =>
      sorted(of.flatMap(([file, name]) => membersOf(`${src}/${file}.ts`, name)))
    expect(told('docs/keys.md', '| option of `keys`')).toEqual(
      members(['keys', 'KeySetLimits'], ['refreshed', 'Freshness']),
    )
    expect(told('docs/performance.md', option)).toEqual(
      sorted(['admission', ...members(['admission', 'AdmissionLimits'])]),
    )
    expect(told('docs/refresh.md', option)).toEqual(
      members(['redis/refreshes', 'RedisRefreshesOptions'], ['redis/client', 'RedisStoreOptions']),
    )
    expect(sorted(['source', 'clock', ...told('docs/roles.md', option)])).toEqual(
      members(['roles/directory', 'RoleDirectoryOptions'], ['roles/set', 'RoleFreshness']),
    )
    expect(told('docs/providers/trustauthx.md', option)).toEqual(
      members(
        ['providers/trustauthx/index', 'TrustAuthXOptions'],
        ['providers/trustauthx/wire', 'TrustAuthXCredentials'],
      ),
    )
    expect(sorted(['clock', ...told('docs/providers/logto-management.md', option)])).toEqual(
      members(['providers/logto/client', 'LogtoClientOptions'], ['client-options', 'ClientOptions']),
    )
  })

  it('name what a provider is made of', () => {
    const told = rowsOf('docs/add-a-provider.md', '| member').flatMap(([names = '']) => names.match(/\w+(?=`)/g) ?? [])
    const members = ['Provider', 'JwtProfile', 'OpaqueProfile'].flatMap((name) => membersOf(`${src}/provider.ts`, name))
    expect(sorted(told)).toEqual(sorted(members.filter((name) => name !== 'jwt' && name !== 'opaque')))
  })

  it('name the events, with their members', () => {
    const events = textOf(`${src}/events.ts`).matchAll(/^ {2}'(claviger:[\w-]+)': \{(.*?)\}\n(?= {2}['/]|\})/gms)
    const bodies = new Map([...events].map(([, channel = '', body = '']) => [channel, body]))
    const rows = rowsOf('docs/operations.md', '| channel')
    expect(sorted(rows.flatMap(([channel]) => namesIn(channel)))).toEqual(sorted([...bodies.keys()]))
    for (const [channel, , told] of rows) {
      const body = bodies.get(namesIn(channel)[0] as string)?.replace(/\/\*.*?\*\//gs, '') ?? ''
      const members = [...body.replace(/readonly \{.*\}/, '').matchAll(/(\w+):/g)].map(([, name]) => name)
      expect([channel, namesIn(told)]).toEqual([channel, expect.arrayContaining(members)])
      expect([channel, namesIn(told).filter((name) => !body.includes(name))]).toEqual([channel, []])
    }
  })

  it('name the process warnings', () => {
    const codes = textsOf(src).flatMap((text) =>
      [...text.matchAll(/'(CLAVIGER_\w+)'/g)].map(([, code]) => code as string),
    )
    expect(codes.length).toBeGreaterThan(0)
    expect(sorted(rowsOf('docs/operations.md', '| code').flatMap(([code]) => namesIn(code)))).toEqual(sorted(codes))
  })
})

describe('the defaults and bounds that the docs tell', () => {
  const provider = oidc({ issuer: 'https://id.example.com', audience: 'api' })
  const { keys, cache, admission, ...others } = readAuthenticatorOptions({ providers: [provider] })
  const ofKeys = rowsOf('docs/keys.md', '| option of `keys`').flatMap(([names, defaults, bounds]) => {
    const [values, ends] = [numbersIn(defaults), (bounds ?? '').split(', ').map(numbersIn)]
    return namesIn(names).map((name, index) => [name, values[index], ends[index] ?? ends[0]] as const)
  })

  it.each(ofKeys)('hold for keys.%s: %p, %p', async (name, value, [least, most] = []) => {
    expect(keys[name as keyof typeof keys]).toBe(value)
    const made = (given?: number) => createAuthenticator({ providers: [provider], keys: { [name]: given } })
    const [low, high] = most === undefined ? [1, least] : [least, most]
    await made(low).close()
    await made(high).close()
    for (const given of [(low as number) - 0.01, (high as number) + 1]) {
      expect(() => made(given)).toThrow(expect.objectContaining({ code: 'ERR_OPTIONS_INVALID' }))
    }
  })

  it.each(rowsOf('docs/performance.md', '| option `cache`'))('hold for the cache: %s, %s', (name, value) => {
    expect(cache?.[namesIn(name)[0] as keyof typeof cache]).toBe(numbersIn(value)[0])
  })

  it.each(rowsOf('docs/performance.md', option).filter(([, value = '']) => /^\d+( s)?$/.test(value)))(
    'hold for admission: %s, %s',
    (name, value) => {
      expect(admission?.[namesIn(name)[0] as keyof typeof admission]).toBe(numbersIn(value)[0])
    },
  )

  it.each(
    rowsOf('packages/core/README.md', '| option of `createAuthenticator`').filter(([, value = '']) =>
      /^\d/.test(value),
    ),
  )('hold for the authenticator: %s, %s', (name, value) => {
    const [option = ''] = namesIn(name)
    const told =
      option === 'cache' ? [cache?.maxTokens, cache?.maxBytes, cache?.maxAge] : [others[option as keyof typeof others]]
    expect(told).toEqual(numbersIn(value))
  })

  it('hold for the places of suspects: the cores or threads less one, at least 1, less than concurrency', () => {
    const threads = Number(process.env.UV_THREADPOOL_SIZE ?? 4)
    expect(admission?.suspectConcurrency).toBe(Math.max(1, Math.min(threads, availableParallelism()) - 1))
    const small = readAuthenticatorOptions({ providers: [provider], admission: { concurrency: 2 } })
    expect(small.admission?.suspectConcurrency).toBe(1)
  })

  it('hold for sessions', () => {
    const given = { baseUrl: 'https://shop.example.com', keys: 'a secret of at least thirty-two bytes' }
    const settings = readSessionOptions(given, others.maxTokenLifetime)
    const rows = rowsOf('docs/sessions.md', option).filter(([, value = '']) => /^(`.*`|[\d,]+)$/.test(value))
    const told = rows.map(([name, value = '']) => {
      const [text] = /[^`]+/.exec(value) ?? []
      return [namesIn(name)[0], /^\d/.test(value) ? numbersIn(value)[0] : text === 'true' ? true : text]
    })
    expect(told.length).toBeGreaterThan(6)
    expect(settings).toMatchObject(Object.fromEntries(told))
    const rollingOf = (absolute: number) => readSessionOptions({ ...given, absolute }, others.maxTokenLifetime).rolling
    expect([rollingOf(3600), rollingOf(10 * 86_400)]).toEqual([3600, settings.rolling])
  })
})
