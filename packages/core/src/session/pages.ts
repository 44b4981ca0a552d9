import type { HttpAnswer } from './page-request.ts'

/** For every answer on the way of a sign-in: what is in its address, or on its page, is of nobody else's concern. */
const privately = {
  'Cache-Control': 'no-store',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
} as const

const style = `:root{color-scheme:light dark;font:1rem/1.5 system-ui,sans-serif}body{max-width:26rem;margin:12vh auto;padding:0 1rem}
h1{font-size:1.4rem}form{margin:.75rem 0}label{display:block}input,button{font:inherit;width:100%;box-sizing:border-box;padding:.6rem;margin-top:.3rem}`

/** A page. @param main markup, in which everything from outside is escaped */
function page(status: number, title: string, main: string): HttpAnswer {
  return {
    status,
    headers: {
      ...privately,
      // A form of a page that tells nothing says `Origin: null`.
      'Referrer-Policy': 'same-origin',
      'Content-Type': 'text/html; charset=utf-8',
      // Nothing but the style above and an icon; and no frame around a page with a button.
      'Content-Security-Policy':
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'none'",
    },
    body: `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><link rel="icon" href="data:,"><title>${escaped(title)}</title><style>${style}</style><main><h1>${escaped(title)}</h1>${main}</main>`,
  }
}

/** Sends a browser elsewhere, by GET. */
export function redirect(location: string, cookies: readonly string[] = []): HttpAnswer {
  return { status: 303, headers: { ...privately, ...setting(cookies), Location: location }, body: '' }
}

/** The same answer with cookies, which it may change itself. */
export function withCookies(answer: HttpAnswer, cookies: readonly string[]): HttpAnswer {
  const own = [answer.headers['Set-Cookie'] ?? []].flat()
  return { ...answer, headers: { ...answer.headers, ...setting([...cookies, ...own]) } }
}

function setting(cookies: readonly string[]): { 'Set-Cookie'?: string[] } {
  return cookies.length > 0 ? { 'Set-Cookie': [...cookies] } : {}
}

/** A form that a user sends with one button. */
function form(action: string, button: string, fields: Readonly<Record<string, string>>, inner = ''): string {
  const hidden = Object.entries(fields).map(
    ([name, value]) => `<input type="hidden" name="${escaped(name)}" value="${escaped(value)}">`,
  )
  return `<form method="post" action="${escaped(action)}">${hidden.join('')}${inner}<button>${escaped(button)}</button></form>`
}

/** What a browser is shown that comes back to the sign-in for ever. */
export function loopPage(loginUrl: string): HttpAnswer {
  const causes = [
    'This browser does not keep the cookie of the session: cookies are blocked, or those of this site take too much room.',
    'The app is opened under another address than the one it is set up for (option <code>session.baseUrl</code>).',
    'A clock is wrong, so that what was just signed seems to have ended.',
    'The identity provider gives tokens that this app does not accept; its log tells why.',
  ]
  const list = causes.map((cause) => `<li>${cause}</li>`).join('')
  return page(
    508,
    'Signing in leads nowhere',
    `<p>You have signed in three times, and were sent to sign in again. Likely causes:</p><ul>${list}</ul><p><a href="${escaped(loginUrl)}">Try again</a></p>`,
  )
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`)
}

/** Chooses one of several providers. */
export function choicePage(
  loginPath: string,
  choices: readonly { readonly name: string; readonly label: string }[],
  fields: Readonly<Record<string, string>>,
): HttpAnswer {
  const forms = choices.map(({ name, label }) =>
    form(loginPath, `Continue with ${label}`, { ...fields, provider: name }),
  )
  return page(200, 'Sign in', forms.join(''))
}

/** Asks before something happens that a link must not do. */
export function confirmPage(
  title: string,
  action: string,
  button: string,
  fields: Readonly<Record<string, string>>,
): HttpAnswer {
  return page(200, title, form(action, button, fields))
}

/** Asks for an e-mail address. */
export function emailPage(loginPath: string, fields: Readonly<Record<string, string>>): HttpAnswer {
  const input =
    '<label>E-mail address <input type="email" name="email" autocomplete="email" maxlength="254" required></label>'
  return page(200, 'Sign in', form(loginPath, 'Send me a link', fields, input))
}

/** The same for every address, so that nobody learns who has an account. */
export function mailPage(): HttpAnswer {
  return page(
    200,
    'Look into your mail',
    '<p>If the address is right, a mail with a link is on its way. Open the link in this browser.</p>',
  )
}

/** Says so, on a page that sends nobody anywhere. */
export function signedOutPage(loginPath: string): HttpAnswer {
  return page(200, 'You are signed out', `<p><a href="${escaped(loginPath)}">Sign in</a></p>`)
}

/** What went wrong, as far as the user may know. */
export function errorPage(
  status: number,
  message: string,
  loginPath?: string,
  headers: Readonly<Record<string, string | string[]>> = {},
): HttpAnswer {
  const link = loginPath === undefined ? '' : `<p><a href="${escaped(loginPath)}">Sign in</a></p>`
  const answer = page(status, 'That did not work', `<p>${escaped(message)}</p>${link}`)
  return { ...answer, headers: { ...answer.headers, ...headers } }
}
