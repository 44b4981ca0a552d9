// Runs once, as from cron: reads from Logto who has which role, and hands the list to an API of ours, as itself.
import { createLogtoClient } from '@claviger/core/logto'
import { reviewRoles } from './review.ts'

const { LOGTO_ENDPOINT = '', LOGTO_M2M_ID = '', LOGTO_M2M_SECRET = '', API_URL = '', API_RESOURCE = '' } = process.env

const logto = createLogtoClient({
  endpoint: LOGTO_ENDPOINT,
  clientId: LOGTO_M2M_ID,
  clientSecret: LOGTO_M2M_SECRET,
})

// One token for the Management API, one for ours: each is asked for once, whatever is called in between.
const reviewed = await reviewRoles(logto, ['admin'])
const { accessToken } = await logto.tokens.get({ resource: API_RESOURCE, scopes: ['write:reviews'] })
const response = await fetch(`${API_URL}/reviews`, {
  method: 'POST',
  headers: { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' },
  body: JSON.stringify(reviewed),
  signal: AbortSignal.timeout(10_000),
})
console.log(response.status, await response.text())
process.exitCode = response.ok ? 0 : 1
