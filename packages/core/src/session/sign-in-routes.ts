import { invalidOptions } from '../options.ts'
import type { Route } from '../route.ts'
import type { BrowserSignIn } from '../sign-in.ts'
import type { Sessions } from './sessions.ts'

/** A provider that browsers can sign in at. */
export interface SignInRoute extends Route {
  readonly signIn: BrowserSignIn
}

const where = 'authRoutes'

/**
 * The providers that browsers can sign in at, told apart by their names.
 * @throws {AuthError} `ERR_OPTIONS_INVALID` where there is none, or one where nobody could
 */
export function signInRoutes({ routes }: Pick<Sessions, 'routes'>): readonly SignInRoute[] {
  const found = routes.flatMap((route) => {
    const { signIn } = route.provider
    return signIn === undefined ? [] : [{ ...route, signIn }]
  })
  if (found.length === 0)
    throw invalidOptions(where, 'no provider is set up for browsers to sign in (its option client)')
  for (const { provider, signIn } of found)
    if (signIn.fault !== undefined) throw invalidOptions(where, `${provider.name}: ${signIn.fault}`)
  const names = found.map(({ provider }) => provider.name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined)
    throw invalidOptions(where, `two providers to sign in at have the name ${JSON.stringify(twice)}`)
  return found
}

/** How one of several is offered on a page. */
export function choiceOf({ provider, signIn }: SignInRoute): { name: string; label: string } {
  return { name: provider.name, label: signIn.label ?? provider.name }
}
