import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { parseSetCookie } from 'cookie'

/** Where a browser has ended up. */
export interface Visited {
  readonly status: number
  readonly url: URL
  readonly headers: Headers
  readonly body: string
  /** Every address on the way, the last one included. */
  readonly way: readonly URL[]
  /** Every `Set-Cookie` on the way. */
  readonly setCookies: readonly string[]
  json(): unknown
}

export interface VisitOptions {
  readonly method?: 'GET' | 'POST'
  readonly form?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  /** What `Sec-Fetch-Site` says. Default `same-origin`; `undefined` leaves all such headers out. */
  readonly site?: string | undefined
  /** Default: a page. */
  readonly kind?: 'page' | 'api'
  /** Default true. */
  readonly follow?: boolean
}

/** A browser as far as signing in is concerned: cookies by host, redirects, forms. For what only a real one does there is Chromium. */
export class Browser {
  /** Host and port → name → value. Real browsers keep no cookies apart by port; these do, so that loopback hosts are told apart. */
  readonly cookies = new Map<string, Map<string, string>>()

  async open(address: string | URL, options: VisitOptions = {}): Promise<Visited> {
    const way: URL[] = []
    const setCookies: string[] = []
    let url = new URL(address)
    let { method = options.form === undefined ? 'GET' : 'POST', form } = options
    for (;;) {
      way.push(url)
      const body = form === undefined ? undefined : new URLSearchParams(form).toString()
      const response = await send(url, method, { ...this.#headers(url, options, method), ...options.headers }, body)
      for (const line of response.headers.getSetCookie()) {
        setCookies.push(line)
        this.#keep(url, line)
      }
      const location = response.headers.get('location')
      if (location === null || response.status < 300 || options.follow === false || way.length > 20) {
        return { ...response, url, way, setCookies, json: () => JSON.parse(response.body) }
      }
      url = new URL(location, url)
      if (response.status !== 307) {
        method = 'GET'
        form = undefined
      }
    }
  }

  /** Sends the form of a page. @param fields over those of the page; the button that is pressed among them */
  submit(page: Visited, fields: Readonly<Record<string, string>> = {}, options: VisitOptions = {}): Promise<Visited> {
    const action = /<form method="post" action="([^"]*)"/.exec(page.body)?.[1] ?? ''
    const hidden = [...page.body.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g)]
    const own = Object.fromEntries(hidden.map(([, name, value]) => [name, unescaped(value ?? '')]))
    return this.open(new URL(unescaped(action), page.url), { ...options, form: { ...own, ...fields } })
  }

  cookie(origin: string, name: string): string | undefined {
    return this.cookies.get(new URL(origin).host)?.get(name)
  }

  /** The names of the cookies that a host has set and not ended. */
  names(origin: string): string[] {
    return [...(this.cookies.get(new URL(origin).host)?.keys() ?? [])].sort()
  }

  set(origin: string, name: string, value: string | undefined): void {
    const { host } = new URL(origin)
    const ofHost = this.cookies.get(host) ?? new Map<string, string>()
    this.cookies.set(host, ofHost)
    if (value === undefined) ofHost.delete(name)
    else ofHost.set(name, value)
  }

  /** Another browser with the same cookies. */
  copy(): Browser {
    const other = new Browser()
    for (const [host, cookies] of this.cookies) other.cookies.set(host, new Map(cookies))
    return other
  }

  #headers(url: URL, options: VisitOptions, method: string): Record<string, string> {
    const { site = 'same-origin', kind = 'page', form } = options
    const cookies = [...(this.cookies.get(url.host) ?? [])].map(([name, value]) => `${name}=${value}`).join('; ')
    const isBare = 'site' in options && options.site === undefined
    return {
      accept: kind === 'page' ? 'text/html,application/xhtml+xml' : 'application/json',
      ...(cookies !== '' && { cookie: cookies }),
      ...(!isBare && {
        'sec-fetch-site': site,
        'sec-fetch-mode': kind === 'page' ? 'navigate' : 'cors',
        'sec-fetch-dest': kind === 'page' ? 'document' : 'empty',
      }),
      ...(method === 'POST' && form !== undefined && { 'content-type': 'application/x-www-form-urlencoded' }),
    }
  }

  #keep(url: URL, line: string): void {
    const { name, value = '', maxAge } = parseSetCookie(line)
    this.set(url.origin, name, maxAge !== undefined && maxAge <= 0 ? undefined : value)
  }
}

// Not fetch, which writes the Sec-Fetch headers itself.
function send(url: URL, method: string, headers: Record<string, string>, body: string | undefined) {
  return new Promise<{ status: number; headers: Headers; body: string }>((resolve, reject) => {
    const sent = request(url, { method, headers, agent: false, timeout: 20_000 }, (response) => {
      const answer = new Headers()
      const raw = response.rawHeaders
      for (let i = 0; i < raw.length; i += 2) answer.append(String(raw[i]), String(raw[i + 1]))
      text(response).then((body) => resolve({ status: response.statusCode ?? 0, headers: answer, body }), reject)
    })
    sent.on('error', reject).end(body)
  })
}

function unescaped(text: string): string {
  return text.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)))
}
