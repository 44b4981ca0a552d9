import { request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, jest } from '@jest/globals'
import type { Stage } from './adapter-stage.ts'
import { inputOf, person } from './people.ts'

/** The part of the contract about requests that mean no good, or go wrong half-way. */
export function describeHostileRequests(stage: Stage): void {
  const { start, verifying } = stage

  describe('a hostile header', () => {
    const marker = 'evil-marker'
    it.each<[string, string]>([
      ['a tab', `Bearer \t${marker}`],
      ['a control character', `Bearer a\u0001${marker}`],
      ['a null', `Bearer a\u0000${marker}`],
      ['a carriage return', `Bearer a\r${marker}: x`],
      ['a header of its own', `Bearer a\r\nX-Second: ${marker}\r\nAuthorization: Bearer ${marker}`],
      ['bytes above ASCII', `Bearer \u00e9\u0085${marker}`],
      ['quotes', `Bearer "${marker}", realm="${marker}"`],
      ['markup', `Bearer <script>${marker}</script>`],
      ['20 KB', `Bearer ${'x'.repeat(20_000)}${marker}`],
      ['20 KB of dots', `Bearer ${'.'.repeat(20_000)}${marker}`],
      ['20 KB of another scheme', `${'x'.repeat(20_000)} ${marker}`],
      ['many commas', `Bearer ${','.repeat(20_000)}${marker}`],
      ['many blanks', `Bearer${' '.repeat(20_000)}${marker} ${marker}`],
      ['many segments', `Bearer ${'eyJhbGciOiJub25lIn0.'.repeat(500)}${marker}`],
    ])('with %s is refused, and nothing of it comes back', async (_, value) => {
      const handle = jest.fn()
      for (const problems of [true, false]) {
        const app = await start({ problems, routes: [{ path: '/', handle }] })
        const answer = await app.raw([
          'GET / HTTP/1.1',
          'Host: localhost',
          'Connection: close',
          `Authorization: ${value}`,
        ])
        expect(answer).toMatch(/^HTTP\/1\.1 40[01] /)
        expect(answer).not.toContain(marker)
      }
      expect(handle).not.toHaveBeenCalled()
    })
  })

  describe('an answer to a refused request', () => {
    it('has neither the token nor the name of the check that failed', async () => {
      const tokens = [
        stage.issuer.tokenFor({ expiresIn: -60 }),
        stage.issuer.tokenFor({ audience: 'x' }),
        stage.issuer.tokenFor(),
        `${stage.issuer.tokenFor()}A`,
      ]
      for (const problems of [true, false]) {
        const app = await start({
          problems,
          routes: [{ path: '/admin', guards: (g) => [g.requireRole('admin')], handle: () => 'secret' }],
        })
        for (const token of tokens) {
          const { status, headers, body } = await app.call('/admin', { token })
          expect([401, 403]).toContain(status)
          const all = JSON.stringify([...headers]) + body
          for (const part of token.split('.')) expect(all).not.toContain(part)
          expect(all).not.toMatch(/ERR_|expired|audience|signature|secret/i)
        }
      }
    })
  })

  describe('a refusal before the body is read', () => {
    it('does not hang, and leaves the server usable', async () => {
      const app = await start({ routes: [{ method: 'post', path: '/upload', handle: () => 'taken' }] })
      const body = new Uint8Array(10 * 1024 * 1024)
      for (let i = 0; i < 3; i++) {
        expect((await app.call('/upload', { method: 'POST', body })).status).toBe(401)
        expect((await app.call('/upload', { method: 'POST', token: stage.issuer.tokenFor() })).status).toBe(200)
      }
    })
  })

  describe('a request that is aborted', () => {
    it('while its token is verified, ends nothing and leaves nothing', async () => {
      let begun = 0
      let open = () => {}
      const gate = new Promise<void>((resolve) => {
        open = resolve
      })
      const auth = verifying(async () => {
        begun++
        await gate
        return inputOf(person()).auth
      })
      const app = await start({ auth, routes: [{ path: '/', handle: () => 'late' }] })
      const requests = Array.from({ length: 20 }, () =>
        request(app.origin, { agent: false, headers: { Authorization: 'Bearer good' } }),
      )
      for (const aborted of requests) aborted.on('error', () => undefined).end()
      while (begun < requests.length) await sleep(5)
      for (const aborted of requests) aborted.destroy()
      await Promise.all(
        requests.map((aborted) => aborted.closed || new Promise((resolve) => aborted.once('close', resolve))),
      )
      open()
      // Jest fails a test that leaves a rejection unhandled.
      await sleep(50)
      expect(await app.connections()).toBe(0)
      expect((await app.call('/', { token: 'good' })).status).toBe(200)
    })

    it('while its body is sent, ends nothing', async () => {
      const app = await start({ parsesBodies: true, routes: [{ method: 'post', path: '/', handle: () => 'taken' }] })
      const aborted = request(app.origin, {
        method: 'POST',
        agent: false,
        headers: { 'Content-Length': 1000, 'Content-Type': 'application/json' },
      })
      aborted.on('error', () => undefined).write('{"half":')
      await sleep(50)
      aborted.destroy()
      await sleep(50)
      expect(await app.connections()).toBe(0)
      expect((await app.call('/', { method: 'POST', token: stage.issuer.tokenFor() })).status).toBe(200)
    })
  })
}
