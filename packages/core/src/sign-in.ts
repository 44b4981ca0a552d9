import type { ProviderContext } from './provider.ts'
import type { TokenSet } from './token-set.ts'
import type { User } from './types.ts'

/** How a browser is to be sent to a provider. */
export interface SignInRequest {
  /** Where the provider is to send the browser afterwards. */
  readonly callbackUrl: string
  /** Not to be guessed, and new each time. What is sent back must be the same; for protocols that have such a thing. */
  readonly state: string
  /** What the user typed, where the provider `asks`. */
  readonly answer?: string
  /** Asks the provider to have the user sign in anew, though it may know them still. */
  readonly fresh?: boolean
}

/** What happens next: the browser is sent somewhere, or the user has to look into their mail. */
export type SignInStep =
  | {
      readonly location: string
      /** Kept sealed in the browser until it comes back: a nonce, a code verifier. */
      readonly keep?: Readonly<Record<string, string>>
    }
  | { readonly sent: 'mail' }

/** A browser that has come back. */
export interface SignInCallback {
  /** With all that is in its query. */
  readonly url: URL
  /** The state that this browser was sent away with. */
  readonly state: string
  /** What {@link SignInStep} wanted kept. */
  readonly kept: Readonly<Record<string, string>>
  /** What the user typed when this browser set out, where the provider `asks`. */
  readonly answer?: string
}

/** Somebody who has signed in. Who it is, the access token says once it is verified. */
export interface SignedIn {
  readonly tokens: TokenSet
  /** The provider's name for the session (`sid`), if it says so. */
  readonly session?: string
  /** What the provider says of this user besides: counts where the access token is the same user's, and says nothing of the kind. */
  readonly profile?: Pick<User, 'id' | 'email' | 'name'>
}

/**
 * How people sign in at a provider with a browser. The functions talk to the provider, and nothing else: cookies, redirects and
 * sessions are the same for all.
 */
export interface BrowserSignIn {
  /** What the page says on which one of several providers is chosen. Default: the provider's name. */
  readonly label?: string
  /** What the user is asked for before anything is sent anywhere. */
  readonly asks?: 'email'
  /**
   * Whether the protocol brings `state` back. Without it a code of somebody else looks like one's own, so a sign-in begins only where
   * the user has pressed a button of this app.
   */
  readonly hasState: boolean
  /** What is wrong with the set-up, so that nobody could sign in: thrown when `authRoutes` is built. Default: nothing. */
  readonly fault?: string
  /** @throws {AuthError} `ERR_PROVIDER_UNAVAILABLE`, `ERR_SIGN_IN_REFUSED` */
  start(request: SignInRequest, context: ProviderContext): Promise<SignInStep>
  /** Turns what came back into tokens. @throws {AuthError} `ERR_SIGN_IN_REFUSED`, `ERR_PROVIDER_UNAVAILABLE`, `ERR_UPSTREAM_…` */
  finish(callback: SignInCallback, context: ProviderContext): Promise<SignedIn>
  /**
   * Where a browser has to go to end its session at the provider as well; nothing where that is not known. It comes back to `returnUrl`,
   * which is always the same, and may bring `state` back in its query.
   */
  end?(
    request: { readonly returnUrl: string; readonly state?: string },
    context: ProviderContext,
  ): Promise<string | undefined>
  /** The provider's page on which users change their own data, where it has one. */
  readonly profile?: ProfileEditor
}

/** A page of a provider on which users change their own data. */
export interface ProfileEditor {
  /** Where to send the browser. @throws {AuthError} `ERR_PROVIDER_UNAVAILABLE` */
  start(tokens: TokenSet, returnUrl: string, context: ProviderContext): Promise<string>
  /** The new tokens of the user; nothing if they are to keep those they have. @throws {AuthError} as `finish` of the sign-in */
  finish(url: URL, context: ProviderContext): Promise<TokenSet | undefined>
}
