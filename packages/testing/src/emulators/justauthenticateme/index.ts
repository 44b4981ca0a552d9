import { randomUUID } from 'node:crypto'
import type { Clock } from '@claviger/core'
import { realClock } from '../../clock.ts'
import { createLoopbackServer, type LoopbackControls } from '../../server/loopback.ts'
import { json } from '../../server/routes.ts'
import {
  addRefreshToken,
  callbackOf,
  corsHeaders,
  type JustAuthenticateMeEndpoint,
  justAuthenticateMeRoutes,
  type Service,
} from './endpoints.ts'
import {
  AppState,
  type JustAuthenticateMeApp,
  type JustAuthenticateMeMail,
  type JustAuthenticateMeSettings,
  type JustAuthenticateMeTokenOptions,
  randomToken,
} from './state.ts'

/** What the emulator is started with; its settings can be changed later. */
export interface JustAuthenticateMeEmulatorOptions extends Partial<JustAuthenticateMeSettings> {
  /** Default 0: one that is free. */
  readonly port?: number
  /** Default: one with every default. */
  readonly apps?: readonly JustAuthenticateMeApp[]
  /** Where the time of its tokens comes from. Default: the machine's clock. */
  readonly clock?: Pick<Clock, 'now'>
}

/** What an app gets when a user has followed the link in the mail. */
export interface JustAuthenticateMeSignedIn {
  readonly idToken: string
  /** Absent where the app does not allow refresh. */
  readonly refreshToken?: string
  /** The app's callback, with both in its query. */
  readonly callbackUrl: string
}

/** Just Authenticate Me on loopback. */
export interface JustAuthenticateMeEmulator extends LoopbackControls<JustAuthenticateMeEndpoint> {
  /** For the option `baseUrl`, here and in the vendor's SDK: it ends with a slash. */
  readonly baseUrl: string
  /** Of the first app; every other method means it unless told otherwise. */
  readonly appId: string
  readonly issuer: string
  readonly port: number
  /** Mails that were sent, the newest last. */
  readonly outbox: readonly JustAuthenticateMeMail[]
  /** A page that shows the mails of an app, so that a browser can follow their links. */
  mailboxOf(appId?: string): string
  /** Changes what the service does, from now on. */
  configure(settings: Partial<JustAuthenticateMeSettings>): void
  /** Answers its id. */
  addApp(app?: JustAuthenticateMeApp): Promise<string>
  /** Allows refresh to an app, or takes it away. @throws {Error} for an app that does not exist */
  allowRefresh(isAllowed: boolean, appId?: string): void
  /** Signs with a new key. The one before stays published unless `keepPrevious` is false. */
  rotate(options?: { readonly keepPrevious?: boolean; readonly appId?: string }): Promise<void>
  /** A user signs in, as with a mail and a click. */
  signIn(email: string, options?: { readonly appId?: string }): JustAuthenticateMeSignedIn
  /** An ID token at once, good or bad in any way. */
  tokenFor(email: string, options?: JustAuthenticateMeTokenOptions): string
}

const day = 86_400

/** Starts Just Authenticate Me on 127.0.0.1. */
export async function createJustAuthenticateMeEmulator(
  options: JustAuthenticateMeEmulatorOptions = {},
): Promise<JustAuthenticateMeEmulator> {
  const { port, apps = [{}], clock = realClock, ...given } = options
  let settings: JustAuthenticateMeSettings = {
    tokenLifetime: 1800,
    refreshTokenLifetime: 7 * day,
    linkLifetime: 900,
    deadRefreshToken: 401,
    mailLimit: Number.POSITIVE_INFINITY,
    ...given,
  }
  const now = () => Math.floor(clock.now() / 1000)
  const states = new Map<string, AppState>()
  const outbox: JustAuthenticateMeMail[] = []

  async function addApp(app: JustAuthenticateMeApp = {}): Promise<string> {
    const state = await AppState.create(app)
    states.set(state.id, state)
    return state.id
  }
  for (const app of apps) await addApp(app)
  const appId = states.keys().next().value ?? (await addApp())

  function appOf(id: string = appId): AppState {
    const app = states.get(id)
    if (app === undefined) throw new Error(`There is no app ${id}.`)
    return app
  }

  const issuerOf = (app: AppState) => `${server.origin}/${app.id}`

  function claimsFor(app: AppState, email: string, expiresIn: number) {
    const iat = now()
    const jti = randomUUID()
    return {
      email,
      sub: email,
      aud: app.id,
      iss: issuerOf(app),
      jti,
      token_use: 'id',
      iat,
      nbf: iat,
      exp: iat + expiresIn,
    }
  }

  const service: Service = {
    now,
    outbox,
    app: (id) => states.get(id),
    mail(app, email) {
      const since = now() - settings.linkLifetime
      const recent = outbox.filter((mail) => mail.to === email && mail.appId === app.id && mail.sentAt > since)
      if (recent.length >= settings.mailLimit) return false
      const code = randomToken(email)
      app.links.set(code, { email, expiresAt: now() + settings.linkLifetime })
      outbox.push({
        appId: app.id,
        from: 'no-reply@justauthenticate.me',
        to: email,
        subject: `Log in to ${app.name}`,
        link: `${issuerOf(app)}/magic?code=${encodeURIComponent(code)}`,
        sentAt: now(),
      })
      return true
    },
    idTokenFor: (app, email) => app.sign(claimsFor(app, email, settings.tokenLifetime)),
    refreshTokenFor: (app, email) =>
      app.allowRefresh ? addRefreshToken(app, email, now() + settings.refreshTokenLifetime) : undefined,
    issuerOf,
    deadRefreshToken: () => settings.deadRefreshToken,
  }

  const server = await createLoopbackServer<JustAuthenticateMeEndpoint>({
    ...(port !== undefined && { port }),
    routes: () => justAuthenticateMeRoutes(service),
    notFound: () => json({ message: 'not found' }, { status: 404 }),
    headers: () => corsHeaders,
  })

  return {
    ...server,
    baseUrl: `${server.origin}/`,
    appId,
    issuer: issuerOf(appOf()),
    outbox,
    mailboxOf: (id) => `${issuerOf(appOf(id))}/mailbox`,
    configure(changed) {
      settings = { ...settings, ...changed }
    },
    addApp,
    allowRefresh(isAllowed, id) {
      appOf(id).allowRefresh = isAllowed
    },
    rotate: ({ keepPrevious = true, appId: id } = {}) => appOf(id).rotate(keepPrevious),
    signIn(email, { appId: id } = {}) {
      const callbackUrl = callbackOf(service, appOf(id), email)
      const { searchParams } = new URL(callbackUrl)
      const refreshToken = searchParams.get('refreshToken')
      return {
        idToken: searchParams.get('idToken') ?? '',
        ...(refreshToken !== null && { refreshToken }),
        callbackUrl,
      }
    },
    tokenFor(email, { appId: id, claims, header, key, expiresIn = settings.tokenLifetime } = {}) {
      const app = appOf(id)
      return app.sign({ ...claimsFor(app, email, expiresIn), ...claims }, header, key)
    },
  }
}
