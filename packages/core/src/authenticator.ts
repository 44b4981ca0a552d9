import { type AdmissionHealth, type Admit, createAdmission } from './admission.ts'
import { type AuthenticatorOptions, readAuthenticatorOptions } from './authenticator-options.ts'
import { withParts } from './authenticator-parts.ts'
import { withCache } from './cache.ts'
import { createClockSkews } from './clock-skew.ts'
import type { HttpRequest } from './credentials.ts'
import type { Holder } from './dpop/holder.ts'
import { isAuthError } from './errors.ts'
import { createRequest } from './http.ts'
import type { KeySet, KeySetHealth } from './keys.ts'
import { lazily } from './lazily.ts'
import { countLiving } from './living.ts'
import type { Metadata } from './metadata.ts'
import { invalidOptions } from './options.ts'
import type { Refreshed } from './refreshed.ts'
import { createRevocationList, type RevocationListHealth, withRevocation } from './revocation.ts'
import { createRevoker, type RevocationRequest } from './revocation-request.ts'
import { checkRoles, warnOfRoles } from './roles/check.ts'
import type { RoleDirectory, RoleDirectoryHealth } from './roles/directory.ts'
import { judge, withRoles } from './roles/with-roles.ts'
import { createRoute } from './route.ts'
import { createRoutes } from './routes.ts'
import type { RefreshOutcome, TokenSet, TokenSetValidation } from './token-set.ts'
import { createTokenSets } from './token-sets.ts'
import type { Seconds, VerifiedToken, Verifier } from './types.ts'
import { createReader, createVerifier } from './verify.ts'
import { createWatcher, type Watch } from './watch.ts'

/** How one provider does. */
export interface ProviderHealth {
  readonly provider: string
  readonly issuer: string
  /** False when tokens of this provider that are not known yet cannot be verified at the moment. */
  readonly ok: boolean
  /** Absent for a provider of opaque tokens alone. */
  readonly keys?: KeySetHealth
  /** By how many seconds the provider's clock is ahead of ours, give or take one, as its last answer tells; absent before there is one. */
  readonly clockSkew?: Seconds
}

/** How an authenticator does. It costs nothing to ask: for a readiness probe, see `docs/operations.md`. */
export interface Health {
  /** True if every provider is, and the roles, and the shared revocation list where there is one. */
  readonly ok: boolean
  readonly providers: readonly ProviderHealth[]
  /** Revocations held. */
  readonly revocations: number
  /** Absent without the option `roles`. */
  readonly roles?: RoleDirectoryHealth
  /** Of a list that several processes share. */
  readonly revocationList?: RevocationListHealth
  /** Absent where the option `admission` is false. */
  readonly admission?: AdmissionHealth
}

/** Verifies tokens of all its providers, and forgets those that are revoked. Make one per process. */
export interface Authenticator {
  /** @throws {AuthError} any `ERR_TOKEN_…`, `ERR_PROVIDER_UNAVAILABLE`, `ERR_REVOCATION_UNAVAILABLE`, `ERR_OVERLOADED` */
  readonly verify: Verifier
  /**
   * Verifies a token, and goes on doing so until it is not good any more or `end()` is called: for what outlives a request.
   * @throws {AuthError} as `verify`
   */
  watch(token: string, request?: HttpRequest): Promise<Watch>
  /**
   * Refuses from now on what is named. Resolves when the revocation list has it; for a token, when its provider has confirmed too,
   * if that can revoke.
   * @throws {AuthError} `ERR_OPTIONS_INVALID` for a provider that is not configured or a request that names nothing;
   * `ERR_REVOCATION_UNAVAILABLE` when the shared list could not be told yet: it is told as soon as it can be;
   * `ERR_PROVIDER_UNAVAILABLE`, `ERR_UPSTREAM_…` when the provider did not confirm. In both cases it is refused here all the same
   */
  revoke(what: RevocationRequest): Promise<void>
  /**
   * Asks the provider for new tokens: once for each refresh token, whoever asks and how often. Only `rejected` ends a session: then
   * what is left of it is revoked. Of a session that has been revoked, or whose user has, the provider is not asked.
   * @throws {AuthError} `ERR_OPTIONS_INVALID` when several providers can refresh and `tokens.provider` does not tell which is meant
   */
  refresh(tokens: TokenSet): Promise<RefreshOutcome>
  /**
   * Tells whether a session goes on: verifies its access token, and refreshes when that is not good any more.
   * @throws {AuthError} `ERR_OPTIONS_INVALID` as `refresh` does
   */
  validateTokenSet(tokens: TokenSet): Promise<TokenSetValidation>
  /**
   * For emergencies: a key that must not be trusted any more, now, whatever its issuer publishes. Without `kid`, all keys held.
   * @throws {AuthError} `ERR_OPTIONS_INVALID` for an issuer that is not configured
   */
  purge(issuer: string, kid?: string): void
  /**
   * Resolves when the keys of every provider are there, and the roles, and all revocations of a shared list. Guards that were built
   * before and do not fit the roles are told of in a process warning.
   * @throws {AuthError} `ERR_PROVIDER_UNAVAILABLE`, `ERR_REVOCATION_UNAVAILABLE`
   */
  ready(): Promise<void>
  /** How the providers do, and all that is shared. Costs nothing, and asks nobody. */
  health(): Health
  /** By whose word users have roles: the option of that name. */
  readonly roles: RoleDirectory | undefined
  /**
   * Ends background work, also of the options `revocations`, `refreshes` and `roles`. A session store, or a replay store, is closed by
   * whoever made it.
   */
  close(): Promise<void>
}

/**
 * Makes the one object that an app verifies tokens with. Nothing is fetched before the first token, or `ready()`. Make it once, when
 * the app starts: of 20 at a time for the same issuers a process warning tells.
 * @throws {AuthError} `ERR_OPTIONS_INVALID`, with every fault of the options named
 */
export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const { clock, clockTolerance, maxTokenLifetime, keys: limits, cache, ...checked } = readAuthenticatorOptions(options)
  const request = createRequest(checked.fetch, checked.timeout)
  const shared = {
    clock,
    request,
    limits,
    keySets: new Map<string, KeySet>(),
    metadata: new Map<string, Refreshed<Metadata>>(),
    clockSkews: createClockSkews(clock, clockTolerance),
  }
  const routes = checked.providers.map((provider) => createRoute(provider, shared))
  const revocations = checked.revocations ?? createRevocationList({ clock })

  const table = createRoutes(routes)
  const admission = checked.admission === undefined ? undefined : createAdmission(clock, checked.admission)
  const admit = admission?.admit ?? atOnce
  const judgeFor = createVerifier({
    admit,
    routes: table,
    opaque: routes.filter(({ provider }) => provider.opaque !== undefined),
    sources: checked.admission,
    clock,
    clockTolerance,
    maxTokenLifetime,
  })
  const { roles } = checked
  // The tolerance counts at both ends of a life.
  const acceptedFor = maxTokenLifetime + 2 * clockTolerance
  roles?.serve(acceptedFor)
  // Each kind of holder has a way, and a cache, of its own: a bound token is never found where bearer tokens are looked up.
  const wayFor = (holder: Holder) => {
    const judgeToken = judgeFor(holder)
    const cached =
      cache === undefined
        ? async (token: string, request?: HttpRequest) => (await judgeToken(token, request)).verified
        : withCache(judgeToken, clock, clockTolerance, cache)
    return {
      cached,
      verify: withRevocation(roles === undefined ? cached : withRoles(cached, roles), revocations),
    }
  }
  const { cached, verify } = wayFor('bearer')
  const verifyBound = lazily(() => wayFor('key').verify)
  // Whose a token was, and when it was issued, whatever its time.
  const timeless = { admit, routes: table, clock, maxTokenLifetime, clockTolerance: Number.POSITIVE_INFINITY }
  const read = createReader(timeless)
  // A token may end whoever it is for, and wherever its proof is checked.
  async function revocable(token: string, error: unknown): Promise<VerifiedToken> {
    if (!isAuthError(error) || error.code !== 'ERR_TOKEN_UNSUPPORTED') throw error
    return (await judgeFor('any')(token)).verified
  }
  const tokenSets = createTokenSets({
    routes,
    verify,
    verifyRevoked: cached,
    judge: (verified) => (roles === undefined ? verified : judge(roles, verified)),
    read,
    revocations,
    exchange: checked.refreshes,
    clock,
    clockTolerance,
    acceptedFor,
  })
  const watcher = createWatcher({ verify, revocations, clock, clockTolerance })

  const authenticator: Authenticator = {
    verify,
    watch: (token, request) => watcher.watch(token, request),
    revoke: createRevoker({
      routes,
      verify: (token) => cached(token).catch((error) => revocable(token, error)),
      read: createReader(timeless, 'any'),
      revocations,
      clock,
      clockTolerance,
      acceptedFor,
    }),
    refresh: tokenSets.refresh,
    validateTokenSet: tokenSets.validate,
    purge(issuer, kid) {
      const found = routes.filter(
        ({ provider }) => provider.issuer === issuer || provider.issuerAliases?.includes(issuer),
      )
      if (found.length === 0)
        throw invalidOptions('purge', `there is no provider with the issuer ${JSON.stringify(issuer)}`)
      for (const keys of new Set(found.map((route) => route.keys))) keys?.purge(kid)
    },
    async ready() {
      const keys = [...shared.keySets.values()].map((one) => one.ready())
      await Promise.all([...keys, roles?.ready(), revocations.ready?.()])
      if (roles !== undefined) warnOfRoles(await checkRoles(roles))
    },
    health() {
      const providers = routes.map(({ provider, keys }): ProviderHealth => {
        const health = keys?.health()
        // Nothing is known of what has not been asked yet, and no app should wait for its first token until it has had one.
        const ok = health === undefined || (health.state === 'empty' ? health.lastError === undefined : health.keys > 0)
        const clockSkew = shared.clockSkews.of(provider.issuer)
        return {
          provider: provider.name,
          issuer: provider.issuer,
          ok,
          ...(health !== undefined && { keys: health }),
          ...(clockSkew !== undefined && { clockSkew }),
        }
      })
      const ofRoles = roles?.health()
      const ofList = revocations.health?.()
      return {
        ok: providers.every(({ ok }) => ok) && ofRoles?.ok !== false && ofList?.ok !== false,
        providers,
        revocations: revocations.size,
        ...(ofRoles !== undefined && { roles: ofRoles }),
        ...(ofList !== undefined && { revocationList: ofList }),
        ...(admission !== undefined && { admission: admission.health() }),
      }
    },
    roles,
    async close() {
      leave()
      watcher.close()
      for (const keys of shared.keySets.values()) keys.close()
      for (const metadata of shared.metadata.values()) metadata.close()
      roles?.close()
      await Promise.all([checked.refreshes?.close(), revocations.close()])
    },
  }
  const leave = countLiving(
    authenticator,
    routes.map(({ provider }) => provider.issuer),
  )
  const { watch } = watcher
  const { known } = verify
  return withParts(authenticator, {
    routes,
    revocations,
    watch,
    clock,
    clockTolerance,
    maxTokenLifetime,
    admit,
    known,
    verifyBound,
  })
}

const atOnce: Admit = (_, work) => work()
