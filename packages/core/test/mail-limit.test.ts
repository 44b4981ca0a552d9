import { describe, expect, it } from '@jest/globals'
import { createMailLimit } from '../src/session/mail-limit.ts'

function createLimit() {
  const time = { now: 1_000_000 }
  const mayMail = createMailLimit(() => time.now)
  return { time, ask: (email: string, ip?: string) => mayMail(email, { headers: {}, ...(ip !== undefined && { ip }) }) }
}

const ipOf = (n: number) => `203.0.113.${n}`
const count = (asked: readonly boolean[]) => asked.filter(Boolean).length

describe('mails for a sign-in, in 15 minutes', () => {
  it('are three to an address, in any spelling of its case', () => {
    const { ask, time } = createLimit()
    const asked = ['eve@a.test', 'EVE@a.test', 'Eve@A.test', 'eve@a.test'].map((email) => ask(email))
    expect(asked).toEqual([true, true, true, false])
    expect(ask('bob@a.test')).toBe(true)
    time.now += 899
    expect(ask('eve@a.test')).toBe(false)
    time.now += 1
    expect(ask('eve@a.test')).toBe(true)
  })

  it('are thirty from a client, and count by the network of an IPv6 address', () => {
    const { ask } = createLimit()
    expect(count(Array.from({ length: 40 }, (_, i) => ask(`a${i}@a.test`, ipOf(1))))).toBe(30)
    expect(count(Array.from({ length: 40 }, (_, i) => ask(`b${i}@a.test`, `2001:db8::${i + 1}`)))).toBe(30)
    expect(ask('c@a.test', ipOf(2))).toBe(true)
  })

  it('go to somebody from their own client, though another has used up what their address gets', () => {
    const { ask } = createLimit()
    expect(count(Array.from({ length: 20 }, () => ask('eve@a.test', ipOf(1))))).toBe(3)
    expect([ask('eve@a.test', ipOf(2)), ask('eve@a.test', ipOf(2))]).toEqual([true, false])
  })

  it('are thirty to an address, from however many clients', () => {
    const { ask } = createLimit()
    expect(count(Array.from({ length: 100 }, (_, i) => ask('eve@a.test', ipOf(i))))).toBe(30)
  })

  it.each(['127.0.0.1', '10.1.2.3', '192.168.0.1', '172.16.0.1', 'fd00::1', '::1', undefined])(
    'are not counted by client behind a proxy at %s',
    (ip) => {
      const { ask } = createLimit()
      expect(count(Array.from({ length: 40 }, (_, i) => ask(`a${i}@a.test`, ip)))).toBe(40)
      expect(count(Array.from({ length: 9 }, () => ask('eve@a.test', ip)))).toBe(3)
    },
  )
})
