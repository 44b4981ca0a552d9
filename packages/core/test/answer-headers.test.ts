import type { ServerResponse } from 'node:http'
import { afterEach, expect, it } from '@jest/globals'
import { addHeaders } from '../src/index.ts'
import { type RunningApp, serve } from './support/adapter-app.ts'

let app: RunningApp | undefined

afterEach(() => app?.close())

/** The headers of an answer, as a client gets them. */
async function answered(answer: (response: ServerResponse) => void): Promise<Headers> {
  app = await serve((_, response) => answer(response))
  return (await fetch(app.origin)).headers
}

const noStore = { headers: { 'Cache-Control': 'no-store' }, cookies: [] }
const onlyPrivate = { headers: { 'Cache-Control': 'private' }, cookies: [] }
const vary = { headers: { Vary: 'Cookie' }, cookies: [] }
const both = { headers: { Vary: 'Cookie, Authorization' }, cookies: [] }

it.each([
  ['cache-control', undefined, noStore, 'no-store'],
  ['cache-control', 'no-store', onlyPrivate, 'no-store, private'],
  ['cache-control', 'no-cache, max-age=0', onlyPrivate, 'no-cache, max-age=0, private'],
  ['cache-control', 'Private, max-age=60', onlyPrivate, 'Private, max-age=60'],
  ['cache-control', 'public, s-maxage=99, max-age=60', onlyPrivate, 'max-age=60, private'],
  ['cache-control', 'must-understand, public', noStore, 'no-store'],
  ['cache-control', 'private', noStore, 'private, no-store'],
  ['vary', undefined, vary, 'Cookie'],
  ['vary', 'Accept-Encoding', vary, 'Accept-Encoding, Cookie'],
  ['vary', 'cookie', vary, 'cookie'],
  ['vary', '*', vary, '*'],
  ['vary', undefined, both, 'Cookie, Authorization'],
  ['vary', 'authorization, Origin', both, 'authorization, Origin, Cookie'],
  ['vary', '*', both, '*'],
])('of %s an app that says %s says also what it must, before and after', async (name, said, must, expected) => {
  const before = await answered((response) => {
    if (said !== undefined) response.setHeader(name, said)
    addHeaders(response, must)
    response.end()
  })
  expect(before.get(name)).toBe(expected)
  await app?.close()
  const after = await answered((response) => {
    addHeaders(response, must)
    if (said !== undefined) response.setHeader(name, said)
    response.end()
  })
  expect(after.get(name)).toBe(expected)
})

it('cookies stand beside those of the app, once, also where all headers have been taken back', async () => {
  const cookies = ['a=1', 'b=2']
  const beside = await answered((response) => {
    response.setHeader('Set-Cookie', 'theirs=0')
    addHeaders(response, { headers: {}, cookies })
    response.appendHeader('Set-Cookie', 'more=3')
    response.writeHead(200, 'Fine', { 'X-Other': 'x' }).end()
  })
  expect(beside.getSetCookie()).toEqual(['theirs=0', 'a=1', 'b=2', 'more=3'])
  expect(beside.get('x-other')).toBe('x')
  await app?.close()
  const taken = await answered((response) => {
    addHeaders(response, { ...vary, cookies })
    for (const name of response.getHeaderNames()) response.removeHeader(name)
    response.end()
  })
  expect([taken.getSetCookie(), taken.get('vary')]).toEqual([cookies, 'Cookie'])
})

it.each([
  ['an object', { 'Set-Cookie': ['theirs=0'], 'Cache-Control': 'public, max-age=60' }],
  ['a list', ['Set-Cookie', 'theirs=0', 'Cache-Control', 'public, max-age=60']],
])('they are there, too, where an app gives its own in the last moment, as %s', async (_, given) => {
  const headers = await answered((response) => {
    addHeaders(response, { ...onlyPrivate, cookies: ['a=1'] })
    response.writeHead(200, given as never).end()
  })
  expect(headers.getSetCookie()).toEqual(['theirs=0', 'a=1'])
  expect(headers.get('cache-control')).toBe('max-age=60, private')
})

it('an answer that somebody has given meanwhile is left as it is', async () => {
  const headers = await answered((response) => {
    response.writeHead(200)
    addHeaders(response, { ...vary, cookies: ['a=1'] })
    response.end()
  })
  expect([headers.has('vary'), headers.getSetCookie()]).toEqual([false, []])
})

it('where there is nothing to add, the answer is left as it is', async () => {
  const headers = await answered((response) => {
    const { writeHead } = response
    addHeaders(response, { headers: {}, cookies: [] })
    response.setHeader('X-Same', String(response.writeHead === writeHead))
    response.end()
  })
  expect(headers.get('x-same')).toBe('true')
})
