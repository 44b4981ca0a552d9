import type { Authorizations } from './authorizations.ts'
import type { Deliveries } from './deliveries.ts'
import type { Grants } from './grants.ts'
import type { Sessions } from './sessions.ts'
import type { SubjectTokens } from './subject-tokens.ts'
import type { TokenMaker } from './tokens.ts'
import type { Webhooks } from './webhooks.ts'

/** What the endpoints of a tenant work on. */
export interface Tenant extends TokenMaker {
  readonly grants: Grants
  readonly authorizations: Authorizations
  readonly sessions: Sessions
  readonly subjectTokens: SubjectTokens
  readonly webhooks: Webhooks
  readonly deliveries: Deliveries
  /** What an administrator can switch. */
  readonly switches: { isTokenQuotaUsedUp: boolean }
}
