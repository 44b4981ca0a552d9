import { existsSync } from 'node:fs'
import { describe, it } from '@jest/globals'
import { type Browser, type BrowserContext, chromium } from 'playwright-core'

const program = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
  existsSync(path),
)

/** Describes what needs a real browser. Where there is none the tests are skipped, and with `CI=true` they fail. */
export function describeWithChromium(name: string, body: () => void): void {
  if (program !== undefined) describe(name, body)
  else if (process.env.CI === 'true')
    it(`${name}: needs Chromium`, () => {
      throw new Error('Chromium is not installed: apt-get install chromium')
    })
  else {
    console.warn(`${name}: not run, because Chromium is not installed`)
    const describeNot = describe.skip
    describeNot(name, body)
  }
}

/** Starts Chromium, which asks nobody but the pages it is sent to. */
export function startChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: String(program),
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}

/** What went on in a browser. */
export interface Watched {
  readonly context: BrowserContext
  /** What the console said was wrong, with the address; the status of a page that refused is there too. */
  readonly complaints: string[]
  /** Hosts that anything was asked of. */
  readonly hosts: Set<string>
  /** Addresses of pages, as they stood in the address bar. */
  readonly addresses: string[]
}

/** A fresh profile: nobody is signed in anywhere. */
export async function watchedContext(browser: Browser): Promise<Watched> {
  const context = await browser.newContext()
  const watched: Watched = { context, complaints: [], hosts: new Set(), addresses: [] }
  context.on('request', (request) => {
    const { protocol, hostname } = new URL(request.url())
    if (protocol !== 'data:') watched.hosts.add(hostname)
  })
  context.on('weberror', (error) => watched.complaints.push(String(error.error())))
  context.on('console', (message) => {
    if (message.type() === 'error') watched.complaints.push(`${message.location().url} ${message.text()}`)
  })
  context.on('page', (page) => {
    page.on('framenavigated', (frame) => {
      if (frame === page.mainFrame()) watched.addresses.push(frame.url())
    })
  })
  return watched
}
