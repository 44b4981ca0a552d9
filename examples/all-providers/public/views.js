// What the page shows, made of templates. Nothing here asks the server.

const make = (id) => document.querySelector(`template#${id}`).content.firstElementChild.cloneNode(true)
const plural = (n, word) => `${n} ${word}${n === 1 ? '' : 's'}`

/** Keeps the elements of a list, so that focus stays where it is while the page is brought up to date. */
function keep(parent, items, key, create, update) {
  for (const item of items) {
    const name = key(item)
    let element = [...parent.children].find((child) => child.dataset.key === name)
    if (element === undefined) {
      element = create(item)
      element.dataset.key = name
      parent.append(element)
    }
    update(element, item)
  }
}

export function showProviders(providers, { current, act }) {
  const parent = document.querySelector('#providers')
  const create = ({ name, label, note, mailbox, canSignIn, canRotate }) => {
    const card = make('provider')
    card.querySelector('h3').textContent = label
    card.querySelector('.note').textContent = note
    card.querySelector('.sign-in').hidden = !canSignIn
    card.querySelector('.mailbox').hidden = mailbox === undefined
    card.querySelector('.mailbox').href = mailbox ?? '/'
    card.querySelector('.rotate').hidden = !canRotate
    card.querySelector('.rotate').setAttribute('aria-label', `New keys for ${label}`)
    card.querySelector('.rotate').onclick = () =>
      act('POST', `providers/${name}/rotate`, `${label} signs with a new key.`)
    return card
  }
  keep(
    parent,
    providers,
    ({ name }) => name,
    create,
    (card, { name, label, up, keys, requests, canSignIn }) => {
      const state = card.querySelector('.state')
      state.textContent = up ? 'up' : 'down'
      state.className = `state ${up ? 'up' : 'down'}`
      const facts = [
        !canSignIn && 'for API tokens',
        keys && keys.count > 0 && plural(keys.count, 'key'),
        `called ${requests}×`,
      ]
      card.querySelector('.facts span').textContent = facts.filter(Boolean).join(' · ')
      card.classList.toggle('current', current === name)
      const link = card.querySelector('.sign-in')
      link.textContent = current === name ? 'Signed in' : 'Sign in'
      link.href = `/auth/login?${new URLSearchParams({ provider: name, returnTo: '/', fresh: '1' })}`
      link.setAttribute('aria-label', `${link.textContent} at ${label}`)
      const toggle = card.querySelector('.toggle')
      toggle.textContent = up ? 'Stop' : 'Start'
      toggle.setAttribute('aria-label', `${up ? 'Stop' : 'Start'} ${label}`)
      toggle.onclick = () =>
        up
          ? act('POST', `providers/${name}/stop`, `${label} is down.`)
          : act('POST', `providers/${name}/start`, `${label} is up again.`)
    },
  )
}

export function showIdentity(me, { framework, providers, revoke }) {
  const parent = document.querySelector('#identity')
  document.querySelector('#user-at').textContent = framework === 'koa' ? 'ctx.state.user' : 'req.user'
  const key = me === undefined ? 'nobody' : `${me.user.issuer} ${me.user.id}`
  if (parent.dataset.key !== key) parent.replaceChildren(make(me === undefined ? 'nobody' : 'somebody'))
  parent.dataset.key = key
  if (me === undefined) return
  const { user } = me
  const provider = providers.find(({ name }) => name === user.provider)
  const label = provider?.label ?? user.provider
  parent.querySelector('.edit').hidden = !provider?.canEdit
  parent.querySelector('strong').textContent = user.name ?? user.email ?? user.id
  parent.querySelector('.via').textContent = `${user.id} · ${label}`
  chips(
    parent.querySelector('.roles'),
    user.roles.map(({ name }) => name),
    'no role',
  )
  chips(parent.querySelector('.permissions'), user.permissions, 'nothing yet')
  parent.querySelector('form').action = '/auth/logout'
  parent.querySelector('.revoke').onclick = () => revoke(user, label)
  showLife(me)
}

/** How long the token has to live, counted down by the page. */
export function showLife({ issuedAt, expiresAt }) {
  const parent = document.querySelector('#identity .token')
  if (parent === null) return
  const left = Math.max(0, Math.round(expiresAt - Date.now() / 1000))
  const bar = parent.querySelector('progress')
  bar.max = Math.max(1, expiresAt - (issuedAt ?? expiresAt - 3600))
  bar.value = left
  const text = left > 5400 ? `${Math.round(left / 3600)} h` : left > 90 ? `${Math.round(left / 60)} min` : `${left} s`
  parent.querySelector('span').textContent = left === 0 ? 'ended: the next call gets a new one' : `${text} left`
}

function chips(parent, names, none) {
  const shown = names.length > 0 ? names : [none]
  parent.replaceChildren(
    ...shown.map((name) => {
      const chip = document.createElement('span')
      chip.className = names.length > 0 ? 'chip' : 'none'
      chip.textContent = name
      return chip
    }),
  )
}

export function showRoutes(routes, { framework, call }) {
  const parent = document.querySelector('#routes')
  const create = (route) => {
    const row = make('route')
    row.querySelector('b').textContent = route.method
    row.querySelector('small').textContent = route.guard
    row.querySelector('button').onclick = () => call(route)
    return row
  }
  keep(
    parent,
    routes,
    ({ method, path }) => `${method} ${path}`,
    create,
    (row, { method, path }) => {
      row.querySelector('code').textContent = `/${framework}${path}`
      row.querySelector('button').setAttribute('aria-label', `Call ${method} /${framework}${path}`)
    },
  )
}

const told = { 200: 'let in', 401: 'who are you?', 403: 'not allowed', 503: 'try again later' }

export function showAnswer(route, { status, refusal }) {
  const tone = status < 300 ? 'good' : status === 503 ? 'warn' : 'bad'
  mark(route, String(status), tone, refusal?.explanation ?? told[status] ?? '', refusal?.code ?? '')
}

export function showPending(route) {
  mark(route, '…', '', '', '')
}

function mark({ method, path }, status, tone, reason, code) {
  const row = [...document.querySelectorAll('#routes > tr')].find((one) => one.dataset.key === `${method} ${path}`)
  row.querySelector('.status').textContent = status
  row.querySelector('.status').className = `status ${tone}`
  row.querySelector('.reason').textContent = reason
  row.querySelector('.code').textContent = code
}

export function showMatrix(roles, { set }) {
  const table = document.querySelector('#matrix')
  if (roles === undefined) {
    const caption = document.createElement('caption')
    caption.className = 'empty'
    caption.textContent = 'TrustAuthX is down: roles that were read before stay in force.'
    table.replaceChildren(caption)
    return
  }
  const rights = [...new Set([...known, ...roles.flatMap(({ permissions }) => permissions)])]
  const shape = JSON.stringify([roles.map(({ id }) => id), rights])
  if (table.dataset.shape !== shape || table.querySelector('caption') !== null) build(table, roles, rights, set)
  table.dataset.shape = shape
  for (const { id, permissions } of roles)
    for (const box of table.querySelectorAll(`input[data-role="${CSS.escape(id)}"]`))
      box.checked = permissions.includes(box.dataset.permission)
}

const known = ['machine:read', 'machine:delete', 'report:read']

function build(table, roles, rights, set) {
  const cell = (name, text, scope) => {
    const made = document.createElement(name)
    if (text !== undefined) made.textContent = text
    if (scope !== undefined) made.scope = scope
    return made
  }
  const head = document.createElement('thead')
  const top = head.insertRow()
  top.append(cell('td'), ...roles.map(({ name }) => cell('th', name, 'col')))
  const body = document.createElement('tbody')
  for (const permission of rights) {
    const row = body.insertRow()
    row.append(cell('th', permission, 'row'))
    for (const { id, name } of roles) {
      const box = document.createElement('input')
      box.type = 'checkbox'
      Object.assign(box.dataset, { role: id, permission })
      box.setAttribute('aria-label', `${name} may ${permission}`)
      box.onchange = () => set({ id, name, permission, allowed: box.checked })
      row.insertCell().append(box)
    }
  }
  table.replaceChildren(head, body)
}
