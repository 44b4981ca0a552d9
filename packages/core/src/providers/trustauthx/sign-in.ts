import { fetchThrough } from '../../fetch-through.ts'
import type { ProviderContext } from '../../provider.ts'
import type { BrowserSignIn } from '../../sign-in.ts'
import { createTrustAuthXClient, type TrustAuthXClient, type TrustAuthXClientOptions } from './client.ts'
import { readCode, refusedCode, refusedCodeStatus } from './codes.ts'
import { believeFor, type Upstream } from './upstream.ts'

/** How users of the organization sign in with a browser. */
export interface TrustAuthXLogin {
  /** The hosted login page. Default `https://app.trustauthx.com/widget/login/`. */
  url?: string
  /** The organization's own sub-domain of the login page, if it has one. */
  subDomain?: string
  /** What people read where they choose among providers. Default: the name of the provider. */
  label?: string
}

type Options = Pick<TrustAuthXClientOptions, 'apiKey' | 'secretKey' | 'orgId'> & {
  readonly [Name in 'apiBaseUrl' | 'envelopeIssuer' | 'expiryOf' | 'refusedStatuses' | 'checkCredentials']?:
    | TrustAuthXClientOptions[Name]
    | undefined
}

/**
 * Signing in at the hosted page, which brings a `code` and nothing else back: what knows this browser again is the cookie that it set
 * out with. The profile editor brings `code` and `ac` back, and new tokens for them.
 */
export function signInWith(
  options: Options,
  { url, subDomain, label }: { [Name in keyof TrustAuthXLogin]: TrustAuthXLogin[Name] | undefined },
  reach: (context: ProviderContext) => Upstream,
): BrowserSignIn {
  const clients = new WeakMap<ProviderContext, TrustAuthXClient>()

  function clientFor(context: ProviderContext): TrustAuthXClient {
    const { apiKey, secretKey, orgId, apiBaseUrl, envelopeIssuer, expiryOf, refusedStatuses, checkCredentials } =
      options
    const client =
      clients.get(context) ??
      createTrustAuthXClient({
        apiKey,
        secretKey,
        orgId,
        fetch: fetchThrough(context),
        clock: context.clock,
        ...(apiBaseUrl !== undefined && { apiBaseUrl }),
        ...(envelopeIssuer !== undefined && { envelopeIssuer }),
        ...(expiryOf !== undefined && { expiryOf }),
        ...(refusedStatuses !== undefined && { refusedStatuses }),
        ...(checkCredentials !== undefined && { checkCredentials }),
        ...(url !== undefined && { loginUrl: url }),
        ...(subDomain !== undefined && { subDomain }),
      })
    clients.set(context, client)
    return client
  }

  // A code that is refused is the browser's, unless it is our own key. An answer that cannot be read, or is not signed with our secret, is no
  // refusal.
  async function taken<T>(context: ProviderContext, ask: () => Promise<T>): Promise<T> {
    try {
      return await ask()
    } catch (error) {
      const status = refusedCodeStatus(error)
      if (status === undefined) throw error
      await reach(context).assertKey(status, believeFor)
      throw refusedCode(error)
    }
  }

  return {
    ...(label !== undefined && { label }),
    hasState: false,
    start: async (_, context) => ({ location: clientFor(context).generateUrl() }),
    async finish({ url }, context) {
      const { tokens } = await taken(context, () => clientFor(context).getUser(codeIn(url)))
      return { tokens }
    },
    profile: {
      async start({ accessToken }, returnUrl, context) {
        return (await clientFor(context).resolveEditUserUrl(accessToken, returnUrl)).location
      },
      async finish(url, context) {
        const ac = url.searchParams.get('ac') ?? undefined
        const session = await taken(context, () => clientFor(context).finishEditUser({ code: codeIn(url), ac }))
        return session?.tokens
      },
    },
  }
}

/** @throws {AuthError} `ERR_SIGN_IN_REFUSED` */
function codeIn({ searchParams }: URL): string {
  const [code, another] = searchParams.getAll('code')
  return readCode(another === undefined ? code : undefined)
}
