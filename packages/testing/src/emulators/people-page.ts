import type { Reply } from '../server/routes.ts'

interface Button {
  readonly name: string
  readonly value: string
  readonly label: string
}

interface PeoplePage {
  readonly title: string
  /** Where the form is sent. */
  readonly action: string
  /** The name of the field that tells who was chosen; empty for nobody. */
  readonly field: string
  readonly people: readonly { readonly value: string; readonly label: string }[]
  /** What is sent along. */
  readonly fields?: Readonly<Record<string, string>>
}

const style =
  ':root{color-scheme:light dark;font:1rem/1.5 system-ui,sans-serif}main{max-width:24rem;margin:12vh auto;padding:0 1rem}input,button{font:inherit;box-sizing:border-box;width:100%;padding:.6rem;margin:.3rem 0}'

/** The sign-in page of an emulated provider: a button for each account, since nobody has a password here. */
export function peoplePage({ title, action, field, people, fields = {} }: PeoplePage): Reply {
  const buttons = [...people, { value: '', label: 'Cancel' }].map((one) => ({ name: field, ...one }))
  return htmlPage(title, postForm(action, fields, buttons))
}

/** A form of an emulated provider. @param inner markup */
export function postForm(
  action: string,
  fields: Readonly<Record<string, string>>,
  buttons: readonly Button[],
  inner = '',
): string {
  const hidden = Object.entries(fields).map(
    ([name, value]) => `<input type="hidden" name="${escaped(name)}" value="${escaped(value)}">`,
  )
  const pressed = buttons.map(
    ({ name, value, label }) => `<button name="${escaped(name)}" value="${escaped(value)}">${escaped(label)}</button>`,
  )
  return `<form method="post" action="${escaped(action)}">${hidden.join('')}${inner}${pressed.join('')}</form>`
}

/** A page of an emulated provider. @param main markup */
export function htmlPage(title: string, main: string, status = 200): Reply {
  return {
    status,
    headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' },
    body: `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><link rel="icon" href="data:,"><title>${escaped(title)}</title><style>${style}</style><main><h1>${escaped(title)}</h1>${main}</main>`,
  }
}

export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`)
}
