import { mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals'
import { describeWithChromium, startChromium } from '../../../packages/core/test/support/chromium.ts'
import { type Running, startExample } from '../../support/start-example.ts'

type Browser = Awaited<ReturnType<typeof startChromium>>
type BrowserContext = Awaited<ReturnType<Browser['newContext']>>
type Page = Awaited<ReturnType<BrowserContext['newPage']>>

const screenshots = fileURLToPath(new URL('../../../reports/screenshots/', import.meta.url))
const axe = createRequire(import.meta.url).resolve('axe-core')
const routes = ['GET /me', 'GET /machines', 'DELETE /machines/7', 'GET /reports', 'GET /admin']

describeWithChromium('examples/all-providers', () => {
  let app: Running
  let browser: Browser
  const contexts: BrowserContext[] = []
  // What no visit may leave behind.
  const faults: string[] = []

  beforeAll(async () => {
    const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))
    app = await startExample(main, {})
    browser = await startChromium()
  }, 120_000)
  afterEach(async () => {
    await Promise.all(contexts.splice(0).map((context) => context.close()))
    expect(faults.splice(0)).toEqual([])
  })
  afterAll(async () => {
    await browser?.close()
    await app?.stop()
    console.log(`screenshots are in ${screenshots}`)
  })

  async function visit(options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> {
    const context = await browser.newContext({ viewport: { width: 1360, height: 900 }, ...options })
    contexts.push(context)
    context.setDefaultTimeout(20_000)
    const page = await context.newPage()
    page.on('request', (request) => {
      const { hostname, protocol } = new URL(request.url())
      if (hostname !== '127.0.0.1' && protocol !== 'data:') faults.push(`asked ${request.url()}`)
    })
    page.on('pageerror', (error) => faults.push(`threw ${error.message}`))
    page.on('console', (message) => {
      // A refusal that the test asked for is an error to the browser.
      const isRefusal = /^Failed to load resource: .* status of (401|403|503) /.test(message.text())
      if (['error', 'warning'].includes(message.type()) && !isRefusal) faults.push(message.text())
    })
    await page.goto(app.url)
    await page.waitForSelector('.provider')
    return page
  }

  const choose = (page: Page, framework: 'Express' | 'Koa') => page.getByText(framework, { exact: true }).click()
  const card = (page: Page, label: string) =>
    page.locator('.provider', { has: page.getByRole('heading', { name: label }) })

  /** What a person does at a provider's own pages. */
  const steps: Readonly<Record<string, (page: Page, person: string) => Promise<void>>> = {
    async Logto(page, person) {
      await page.getByRole('button', { name: person }).click()
    },
    async 'Any OpenID server'(page, person) {
      await page.getByRole('button', { name: person }).click()
    },
    async TrustAuthX(page, person) {
      await page.getByRole('link', { name: person }).click()
    },
    async 'ItsYou.online'(page, person) {
      await page.getByRole('button', { name: person.toLowerCase() }).click()
      // Asked once only.
      const consent = page.getByRole('button', { name: 'Authorize' })
      await consent.or(page.locator('.person')).waitFor()
      if (await consent.isVisible()) await consent.click()
    },
    async 'Just Authenticate Me'(page, person) {
      await page.getByRole('textbox').fill(`${person.toLowerCase()}@example.test`)
      await page.getByRole('button', { name: 'Send me a link' }).click()
      await page.getByText('a mail with a link is on its way').waitFor()
      await page.goto(app.url)
      const [mailbox] = await Promise.all([
        page.waitForEvent('popup'),
        card(page, 'Just Authenticate Me').getByRole('link', { name: 'Mailbox' }).click(),
      ])
      await mailbox.getByRole('link').first().click()
      await mailbox.waitForSelector('.person')
    },
  }

  async function signIn(page: Page, label: string, person: string): Promise<void> {
    await card(page, label).getByRole('link', { name: 'Sign in' }).click()
    await steps[label]?.(page, person)
    await page.waitForSelector('.person')
  }

  const says = (page: Page, text: string) =>
    page.getByRole('status').filter({ hasText: text }).waitFor({ state: 'attached' })

  /** Calls every route, and gives the statuses and the reasons. */
  async function callAll(page: Page): Promise<{ statuses: number[]; reasons: string[] }> {
    await page.getByRole('button', { name: 'Call all' }).click()
    await says(page, 'calls were let in')
    // The reasons come with the events.
    const isComplete = `[...document.querySelectorAll('#routes .answer')].every((one) =>
      Number(one.querySelector('.status').textContent) < 300 || /ERR_/.test(one.textContent))`
    while (!(await page.evaluate(isComplete))) await page.waitForTimeout(20)
    const texts = (of: string) => page.locator(`#routes ${of}`).allTextContents()
    return { statuses: (await texts('.status')).map(Number), reasons: await texts('.answer p') }
  }

  it.each(Object.keys(steps))(
    'signs in at %s on both frameworks, and lets in by role',
    async (label) => {
      for (const framework of ['Express', 'Koa'] as const) {
        const page = await visit()
        await choose(page, framework)
        expect((await callAll(page)).statuses).toEqual([401, 401, 401, 401, 401])
        await signIn(page, label, 'Alice')
        expect((await callAll(page)).statuses).toEqual([200, 200, 200, 200, 200])
        // Nothing of the sign-in stays in the address bar, and the choice of the app holds.
        expect(page.url()).toBe(`${app.url}/`)
        expect(await page.locator('#routes code').first().textContent()).toBe(`/${framework.toLowerCase()}/me`)
        const other = await visit()
        await choose(other, framework)
        await signIn(other, label, 'Bob')
        const { statuses, reasons } = await callAll(other)
        expect(statuses).toEqual([200, 403, 403, 403, 403])
        expect(reasons[1]).toMatch(/machine:read.*ERR_PERMISSION_REQUIRED/)
        expect(reasons[4]).toContain('ERR_ROLE_REQUIRED')
      }
    },
    120_000,
  )

  it.each([
    ['nobody', [401, 401, 401, 401, 401], 'ERR_TOKEN_MISSING'],
    ['forged', [401, 401, 401, 401, 401], 'ERR_TOKEN_SIGNATURE'],
    ['expired', [401, 401, 401, 401, 401], 'ERR_TOKEN_EXPIRED'],
    ['id-token', [401, 401, 401, 401, 401], 'ERR_TOKEN_TYPE'],
    ['openvcloud', [200, 200, 200, 200, 200], ''],
  ])(
    'answers calls as %s',
    async (who, expected, code) => {
      const page = await visit()
      await page.selectOption('#who', who)
      for (const framework of ['Express', 'Koa'] as const) {
        await choose(page, framework)
        const { statuses, reasons } = await callAll(page)
        expect(statuses).toEqual(expected)
        for (const reason of reasons) expect(reason).toContain(code)
      }
    },
    60_000,
  )

  it('lets in who could not before, once the role allows it', async () => {
    const page = await visit()
    await signIn(page, 'Logto', 'Bob')
    expect((await callAll(page)).statuses).toEqual([200, 403, 403, 403, 403])
    await page.getByRole('checkbox', { name: 'guest may machine:read' }).check()
    await page.waitForSelector('.permissions .chip')
    expect((await callAll(page)).statuses).toEqual([200, 200, 403, 403, 403])
    await page.getByRole('checkbox', { name: 'guest may machine:read' }).uncheck()
    await page.waitForSelector('.permissions .none')
    expect((await callAll(page)).statuses).toEqual([200, 403, 403, 403, 403])
  }, 60_000)

  it('goes on through new keys and an outage, and says what is wrong', async () => {
    const page = await visit()
    await signIn(page, 'Logto', 'Alice')
    await card(page, 'Logto').getByRole('button', { name: 'New keys' }).click()
    await says(page, 'signs with a new key')
    expect((await callAll(page)).statuses).toEqual([200, 200, 200, 200, 200])
    const down = ['Logto', 'Any OpenID server']
    for (const label of down) {
      await card(page, label).getByRole('button', { name: 'Stop' }).click()
      await card(page, label).getByText('down').waitFor()
    }
    // Who is known stays; of a stranger nobody can tell.
    expect((await callAll(page)).statuses).toEqual([200, 200, 200, 200, 200])
    await page.selectOption('#who', 'newcomer')
    const { statuses, reasons } = await callAll(page)
    expect(statuses).toEqual([503, 503, 503, 503, 503])
    expect(reasons[0]).toContain('ERR_PROVIDER_UNAVAILABLE')
    for (const label of down) {
      await card(page, label).getByRole('button', { name: 'Start' }).click()
      await card(page, label).getByText('up').waitFor()
    }
    // Known again within two seconds, the pause between attempts.
    for (const end = Date.now() + 20_000; (await callAll(page)).statuses[0] !== 200; )
      expect(Date.now()).toBeLessThan(end)
    expect((await callAll(page)).statuses).toEqual([200, 200, 403, 403, 403])
  }, 60_000)

  it('signs out whose tokens are revoked, in every browser', async () => {
    const [page, elsewhere] = [await visit(), await visit()]
    await signIn(page, 'Logto', 'Bob')
    await signIn(elsewhere, 'Logto', 'Bob')
    await page.getByRole('button', { name: 'Revoke everywhere' }).click()
    for (const one of [page, elsewhere]) {
      await one.getByText('Nobody, so far.').waitFor()
      expect((await callAll(one)).statuses).toEqual([401, 401, 401, 401, 401])
    }
  }, 60_000)

  it('has a profile edited at the provider, and stays signed in', async () => {
    const page = await visit()
    await signIn(page, 'TrustAuthX', 'Alice')
    await page.getByRole('link', { name: 'Edit profile' }).click()
    await page.getByRole('textbox').first().fill('Alice the First')
    await page.getByRole('button').first().click()
    await page.getByText('Alice the First').waitFor()
    expect((await callAll(page)).statuses).toEqual([200, 200, 200, 200, 200])
  }, 60_000)

  it('signs out', async () => {
    const page = await visit()
    await signIn(page, 'Logto', 'Alice')
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByText('Nobody, so far.').waitFor()
    expect(page.url()).toBe(`${app.url}/`)
  }, 60_000)

  it('can be used with the keyboard alone', async () => {
    const page = await visit()
    const seen: string[] = []
    while (seen.at(-1) !== 'Sign in at Logto' && seen.length < 20) {
      await page.keyboard.press('Tab')
      const name = "document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent"
      seen.push(String(await page.evaluate(name)).trim())
    }
    expect(seen[0]).toBe('Skip to the content')
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Alice' }).press('Enter')
    await page.waitForSelector('.person')
  }, 60_000)

  it.each([
    ['light', 'desktop', 1360, 900],
    ['dark', 'desktop', 1360, 900],
    ['light', 'phone', 390, 844],
    ['dark', 'phone', 390, 844],
  ] as const)(
    'is accessible and fits, %s on a %s',
    async (colorScheme, device, width, height) => {
      const page = await visit({ colorScheme, viewport: { width, height }, bypassCSP: true })
      for (const moment of ['signed-out', 'signed-in'] as const) {
        if (moment === 'signed-in') {
          await signIn(page, 'Logto', 'Bob')
          await callAll(page)
        }
        await page.addScriptTag({ path: axe })
        const violations = await page.evaluate(`axe.run().then(({ violations }) =>
        violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' ')))`)
        expect(violations).toEqual([])
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width)
        mkdirSync(screenshots, { recursive: true })
        const path = `${screenshots}console-${moment}-${device}-${colorScheme}.png`
        await page.evaluate('scrollTo(0, 0)')
        await page.screenshot({ path, fullPage: true })
      }
    },
    60_000,
  )

  it('keeps other pages away from its buttons', async () => {
    const press = (headers: Record<string, string>) =>
      fetch(`${app.url}/console/providers/logto/stop`, { method: 'POST', headers }).then(({ status }) => status)
    expect(await press({ 'Sec-Fetch-Site': 'cross-site' })).toBe(403)
    expect(await press({ 'Sec-Fetch-Site': 'same-site' })).toBe(403)
    const policy = (await fetch(app.url)).headers.get('content-security-policy')
    expect(policy).toMatch(/default-src 'none'.*script-src 'self'/)
    expect(policy).not.toMatch(/unsafe/)
  })

  it('has all routes on the page', async () => {
    const page = await visit()
    expect(await page.locator('#routes .call').allTextContents()).toEqual(
      routes.map((route) => route.replace(' ', ' /express')),
    )
  })
})
