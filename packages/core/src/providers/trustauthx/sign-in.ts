import { fetchThrough } from '../../fetch-through.ts'
import type { ProviderContext } from '../../provider.ts'
import type { BrowserSignIn } from '../../sign-in.ts'
import { createTrustAuthXClient, type TrustAuthXClient, type TrustAuthXClientOptions } from './client.ts'
import { isUnchanged, useCode } from './codes.ts'
import { believeFor, type Upstream } from './upstream.ts'

/** How users of the organization sign in with a browser. */
export interface TrustAuthXLogin {
  /** The hosted login page. Default `https://app.trustauthx.com/widget/login/`. */
  url?: string
  /** The organization's own sub-domain of the login page. Default: it has none. */
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

  function assertKey(context: ProviderContext) {
    return (status: number) => reach(context).assertKey(status, believeFor)
  }

  return {
    ...(label !== undefined && { label }),
    hasState: false,
    start: async (_, context) => ({ location: clientFor(context).generateUrl() }),
    async finish({ url }, context) {
      const { tokens } = await useCode(codeIn(url), (code) => clientFor(context).getUser(code), assertKey(context))
      return { tokens }
    },
    profile: {
      async start({ accessToken }, returnUrl, context) {
        return (await clientFor(context).resolveEditUserUrl(accessToken, returnUrl)).location
      },
      async finish(url, context) {
        const exchange = async (code: string) =>
          isUnchanged(url.searchParams.get('ac')) ? undefined : clientFor(context).reAuth(code)
        const session = await useCode(codeIn(url), exchange, assertKey(context))
        return session?.tokens
      },
    },
  }
}

// One that is there twice is none.
function codeIn({ searchParams }: URL): string | undefined {
  const [code, another] = searchParams.getAll('code')
  return another === undefined ? code : undefined
}
