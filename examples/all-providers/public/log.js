// The events of the library, in words.

const list = document.querySelector('#log')
const most = 120
// It scrolls, so the keyboard has to reach it.
list.tabIndex = 0
const count = (n, one, many) => `${n} ${n === 1 ? one : many}`

const words = {
  verify: ({ provider, kind, milliseconds }) => [
    `Verified ${kind === 'jwt' ? 'a JWT' : 'a token'} of ${provider} in ${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms`,
    'good',
  ],
  cache: ({ outcome }) => [
    {
      hit: 'A known token: answered from memory',
      miss: 'A token nobody has seen yet',
      refused: 'A forgery that is known already',
    }[outcome],
    outcome === 'refused' ? 'bad' : 'plain',
  ],
  refusal: ({ status, code, explanation }) => [`${status} ${code}`, status === 503 ? 'warn' : 'bad', explanation],
  keys: ({ outcome, keys, error, retryIn }) =>
    outcome === 'failed'
      ? [
          'Keys could not be fetched',
          'warn',
          `${error}${retryIn === undefined ? '' : `; next attempt in ${retryIn.toFixed(1)} s`}`,
        ]
      : [
          `Keys ${outcome}: ${count(keys, 'key', 'keys')} held`,
          outcome === 'died' || outcome === 'purged' ? 'warn' : 'plain',
        ],
  session: ({ outcome, provider, code }) => [
    `Session at ${provider} ${outcome}`,
    outcome === 'ended' ? 'warn' : 'good',
    code,
  ],
  revocation: ({ kind, size }) => [`Revoked by ${kind}`, 'warn', `${count(size, 'entry', 'entries')} in the list`],
  roles: ({ outcome, roles, error }) =>
    outcome === 'replaced' ? [`Roles read: ${roles}`, 'plain'] : [`Roles ${outcome}`, 'warn', error],
  admission: ({ outcome, waiting }) => [`A new token ${outcome}`, 'warn', `${waiting} in line`],
}

let latest

/** Adds an event on top; one that says the same as that before it is counted. */
export function showEvent({ name, at, message }) {
  const [text, tone, detail] = words[name]?.(message) ?? [name, 'plain']
  const key = `${text}|${detail}`
  if (latest?.key === key) {
    latest.times++
    latest.badge.textContent = `×${latest.times}`
    latest.badge.hidden = false
    latest.time.textContent = clock(at)
    return
  }
  const item = document.createElement('li')
  item.className = tone
  const time = element('time', clock(at))
  const badge = element('span', '', 'times')
  badge.hidden = true
  const title = element('p', text, 'text')
  title.append(' ', badge)
  item.append(time, title)
  if (detail !== undefined) item.append(element('p', detail, 'detail'))
  list.prepend(item)
  while (list.children.length > most) list.lastChild.remove()
  latest = { key, times: 1, badge, time }
}

function clock(at) {
  return new Date(at).toLocaleTimeString('en-GB')
}

function element(name, text, className = '') {
  const made = document.createElement(name)
  made.textContent = text
  made.className = className
  return made
}
