import { describe } from '@jest/globals'
import type { BuildApp } from './adapter-app.ts'
import { describeAuthentication } from './adapter-authentication.ts'
import { describeDpop } from './adapter-dpop.ts'
import { describeGuards } from './adapter-guards.ts'
import { describeHostileRequests } from './adapter-hostility.ts'
import { describeLogout } from './adapter-logout.ts'
import { describeProfile } from './adapter-profile.ts'
import { describeProtectedResource } from './adapter-protected-resource.ts'
import { describeSessions } from './adapter-session.ts'
import { describeSessionAttacks } from './adapter-session-attacks.ts'
import { describeSessionEnd } from './adapter-session-end.ts'
import { describeSessionUpgrades } from './adapter-session-upgrades.ts'
import { describeSigningIn } from './adapter-sign-in.ts'
import { describeSignInAttacks } from './adapter-sign-in-attacks.ts'
import { createStage } from './adapter-stage.ts'
import { describeUpgrades } from './adapter-upgrades.ts'
import { createSessionStage } from './session-stage.ts'

/** What every adapter does, on every supported major of its framework. */
export function describeAdapter(name: string, buildApp: BuildApp): void {
  describe(name, () => {
    const stage = createStage(buildApp)
    describeAuthentication(stage)
    describeGuards(stage)
    describeHostileRequests(stage)
    describeUpgrades(stage)
    describeProtectedResource(stage)
    const sessions = createSessionStage(buildApp)
    describeSigningIn(sessions)
    describeSessions(sessions)
    describeSessionEnd(sessions)
    describeProfile(sessions)
    describeSignInAttacks(sessions)
    describeSessionAttacks(sessions)
    describeSessionUpgrades(buildApp)
    describeLogout(buildApp)
    describeDpop(buildApp)
  })
}
