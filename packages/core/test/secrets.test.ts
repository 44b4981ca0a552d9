import { describe, expect, it } from '@jest/globals'
import { createMask, holdsSecret, type Sent } from '../src/secrets.ts'

const url = 'https://api.example.test/things'
const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`

describe('what was sent is not shown again', () => {
  it.each<[string, Sent, string, string]>([
    ['a token in a header', { url, headers: { Authorization: 'Bearer t0ken' } }, 'no t0ken here', 'no [redacted] here'],
    ['a token of no scheme', { url, headers: { authorization: 't0ken' } }, 'not t0ken', 'not [redacted]'],
    ['a header that says so', { url, headers: { 'x-api-key': 'k3y!' } }, 'not k3y!', 'not [redacted]'],
    [
      'a client’s secret',
      { url, headers: { authorization: basic('app:s3cret') } },
      'not s3cret of app',
      'not [redacted] of app',
    ],
    ['one with a colon', { url, headers: { authorization: basic('app:a:b:c') } }, 'not a:b:c', 'not [redacted]'],
    [
      'one that was encoded',
      { url, headers: { authorization: basic('app:a%2Fb%2Bc+d') } },
      'not a/b+c d',
      'not [redacted]',
    ],
    ['the header itself', { url, headers: { authorization: 'Basic YTpi' } }, 'YTpi', '[redacted]'],
    [
      'a parameter of the address',
      { url: `${url}?RefreshToken=a%2Bb1&page=2` },
      'a+b1 on page 2',
      '[redacted] on page 2',
    ],
    ['a form', { url, body: 'username=ann&password=p4%2Fss' }, 'ann with p4/ss', 'ann with [redacted]'],
    ['JSON', { url, body: '{"name":"ann","Password":"p4ss"}' }, 'ann with p4ss', 'ann with [redacted]'],
    [
      'JSON within JSON',
      { url, body: '{"list":[{"keys":["k111",{"a":"k222"}]}]}' },
      'k111 k222',
      '[redacted] [redacted]',
    ],
    [
      'a long part of a path',
      { url: `${url}/${'aB/+'.repeat(11).replaceAll('/', '%2F')}` },
      `x ${'aB/+'.repeat(11)}`,
      'x [redacted]',
    ],
    ['what no name gives away', { url, secrets: ['abcd'] }, 'an abcd', 'an [redacted]'],
    ['what has another in it', { url, secrets: ['abcd', 'abcdefgh'] }, 'an abcdefgh', 'an [redacted]'],
    ['another spelling: an address', { url, secrets: ['a b/'] }, 'a%20b%2F', '[redacted]'],
    ['another spelling: a form', { url, secrets: ['a b/'] }, 'a+b%2F', '[redacted]'],
    ['another spelling: JSON', { url, secrets: ['a"b\\'] }, '{"a\\"b\\\\":1}', '{"[redacted]":1}'],
    [
      'half a character',
      { url, body: '{"password":"abc\\ud800"}' },
      'not abc\ud800, abc\ufffd',
      'not [redacted], [redacted]',
    ],
    ['all of them', { url, secrets: ['abcd'] }, 'abcd abcd', '[redacted] [redacted]'],
  ])('%s', (_, sent, text, shown) => {
    expect(createMask(sent)(text)).toBe(shown)
  })

  it.each<[string, Sent, string]>([
    ['an id in a path', { url: `${url}/4711/roles` }, 'there is no 4711'],
    ['a parameter that is no secret', { url: `${url}?page=third`, body: '{"name":"alice"}' }, 'no alice on page third'],
    ['what is too short to tell apart', { url, body: '{"key":"the"}' }, 'the key'],
    ['bytes', { url, body: new TextEncoder().encode('password=p4ss') }, 'p4ss'],
    ['a number', { url, body: '{"code":4711,"key":null}' }, '4711 null'],
    ['broken escapes', { url: `${url}/${'%E0%A4%A'.repeat(6)}` }, 'nothing'],
  ])('but %s is', (_, sent, text) => {
    expect(createMask(sent)(text)).toBe(text)
  })

  it('nor anything else that looks like a credential', () => {
    expect(createMask({ url })('Bearer s3cret')).toBe('Bearer [redacted]')
  })
})

it('finds a secret in any spelling', () => {
  expect(holdsSecret('https://a.test/?x=a%2Fb', ['', 'a/b'])).toBe(true)
  expect(holdsSecret('https://a.test/?x=a-b', ['', 'a/b'])).toBe(false)
})
