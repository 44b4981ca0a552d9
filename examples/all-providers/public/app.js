// Brings the parts together: what is asked, what is shown, and when.
import { act, callApi, followEvents, quiet, readState } from './api.js'
import { showEvent } from './log.js'
import { showAnswer, showIdentity, showLife, showMatrix, showPending, showProviders, showRoutes } from './views.js'

const status = document.querySelector('#status')
const whoCalls = document.querySelector('#who')
const chosen = () => document.querySelector('[name=framework]:checked').value
const refusals = new Map()
const asked = new Map()

let state = { routes: [], providers: [], roles: [] }
let me

const say = (text) => {
  status.textContent = text
}

async function attempt(work, done) {
  try {
    await work()
    if (done !== undefined) say(done)
  } catch (error) {
    say(error.message)
  }
  await update()
}

function show() {
  const framework = chosen()
  const { providers, routes, roles } = state
  showProviders(providers, {
    current: me?.user.provider,
    act: (method, path, done) => attempt(() => act(method, path), done),
  })
  showIdentity(me, { framework, providers, revoke })
  showRoutes(routes, { framework, call: callOne })
  showMatrix(roles, { set })
}

async function update() {
  const [next, answer] = await Promise.all([
    readState(),
    callApi(chosen(), { method: 'GET', path: '/session' }, 'me', quiet),
  ])
  state = next
  // An outage is no sign-out.
  if (answer.status === 200) me = answer.body.user === undefined ? undefined : answer.body
  show()
}

async function call(route) {
  showPending(route)
  const answer = await callApi(chosen(), route, whoCalls.value)
  asked.set(answer.id, { route, status: answer.status })
  showAnswer(route, { status: answer.status, refusal: refusals.get(answer.id) })
  return answer
}

async function callOne(route) {
  const { status } = await call(route)
  say(`${route.method} ${route.path}: ${status}`)
}

async function callAll() {
  say('Calling …')
  const answers = await Promise.all(state.routes.map(call))
  const good = answers.filter((answer) => answer.status < 300).length
  say(`${good} of ${answers.length} calls were let in.`)
}

function revoke({ id, provider }, label) {
  return attempt(
    () => act('POST', 'revoke', { subject: id, provider }),
    `All that ${label} issued to ${id} so far is refused from now on.`,
  )
}

function set({ id, name, permission, allowed }) {
  const path = `roles/${encodeURIComponent(id)}/${encodeURIComponent(permission)}`
  return attempt(
    () => act(allowed ? 'PUT' : 'DELETE', path),
    allowed ? `${name} may ${permission} now.` : `${name} may not ${permission} any more.`,
  )
}

// Many events in a row are one reason to look.
let isLooking = false
function lookSoon() {
  if (isLooking) return
  isLooking = true
  setTimeout(async () => {
    isLooking = false
    await update()
  }, 150)
}

followEvents(
  (told) => {
    // What the page asks for itself is not what its visitor wants to read.
    if (told.request !== quiet || !['cache', 'refusal', 'verify'].includes(told.name)) showEvent(told)
    if (told.name === 'refusal' && told.request !== undefined) {
      refusals.set(told.request, told.message)
      const waiting = asked.get(told.request)
      if (waiting !== undefined) showAnswer(waiting.route, { status: waiting.status, refusal: told.message })
    }
    if (['revocation', 'session', 'keys'].includes(told.name)) lookSoon()
  },
  (connected) => {
    const line = document.querySelector('#connection')
    line.textContent = connected ? 'live' : 'connecting …'
    line.classList.toggle('live', connected)
  },
)
document.querySelector('#call-all').onclick = callAll
document.querySelector('#framework').onchange = () => attempt(() => act('PUT', `framework/${chosen()}`))
setInterval(() => me !== undefined && showLife(me), 1000)
state = await readState()
document.querySelector(`[name=framework][value=${state.framework}]`).checked = true
await update()
