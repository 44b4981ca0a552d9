import { expect, it } from '@jest/globals'
import { addressOf, isGone, sourceName } from '../src/source.ts'

it.each([
  [undefined, ''],
  ['', ''],
  ['203.0.113.7', '203.0.113.7'],
  ['tenant-7', 'tenant-7'],
  ['x'.repeat(500), 'x'.repeat(128)],
  ['::ffff:203.0.113.7', '203.0.113.7'],
  ['::FFFF:203.0.113.7', '203.0.113.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:DB8:1:2:ffff::1', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['2001:db8:0:0:1::', '2001:db8:0:0::/64'],
  ['2001:db8::2:3:4:5:6', '2001:db8:0:2::/64'],
  ['::1', '0:0:0:0::/64'],
  ['::', '0:0:0:0::/64'],
  ['2001:0DB8:0001:0002:0003:0004:0005:0006', '2001:db8:1:2::/64'],
  ['1:2:3:4:5:6:7::', '1:2:3:4::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
])('counts %s as %s', (source, name) => {
  expect(sourceName(source)).toBe(name)
})

it('takes the address of the connection, whatever headers say', () => {
  const headers = { 'x-forwarded-for': '203.0.113.7' }
  expect(addressOf({ headers, ip: '203.0.113.7', socket: { remoteAddress: '127.0.0.1' } })).toBe('127.0.0.1')
  expect(addressOf({ headers })).toBeUndefined()
})

it('knows whether a request is still there', () => {
  const ended = {
    headers: {},
    get socket(): never {
      throw new Error('ERR_HTTP2_SOCKET_UNBOUND')
    },
  }
  expect([undefined, { headers: {} }, { headers: {}, socket: { destroyed: false } }].map(isGone)).toEqual([
    false,
    false,
    false,
  ])
  expect([{ headers: {}, socket: { destroyed: true } }, ended].map(isGone)).toEqual([true, true])
  expect(addressOf(ended)).toBeUndefined()
})
