import { spawn } from 'node:child_process'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { beforeAll, describe, expect, it } from '@jest/globals'
import { lies } from './support/canary/liar.ts'
import type { Report } from './support/canary/process.ts'

const root = join(import.meta.dirname, '..', '..', '..')
const script = join(import.meta.dirname, 'support', 'canary', 'process.ts')

let exitCode: number | null
let printed: string
let report: Report
beforeAll(async () => {
  const args = ['--conditions=source-dev', '--import', 'tsx', '--trace-warnings', script]
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe', 'pipe'] })
  const texts = child.stdio.slice(1).map((stream) => textOf(stream as Readable))
  exitCode = await new Promise((resolve) => child.on('close', resolve))
  const [out = '', error = '', told = ''] = await Promise.all(texts)
  printed = out + error
  report = JSON.parse(told || '{}')
}, 240_000)

async function textOf(stream: Readable): Promise<string> {
  let text = ''
  for await (const chunk of stream.setEncoding('utf8')) text += chunk
  return text
}

describe('a process whose providers fail in every way, and tell all they were asked with', () => {
  it('prints nothing, warns of nothing, and comes to its end', () => {
    expect(printed).toBe('')
    expect(report.unhandled).toEqual([])
    expect(exitCode).toBe(0)
  })

  it('has asked every provider for everything, and been failed', () => {
    const providers = ['itsyouonline', 'justauthenticateme', 'logto', 'oidc', 'openvcloud', 'trustauthx']
    expect(Object.keys(report.calls).sort()).toEqual(providers)
    for (const count of Object.values(report.calls)) expect(count).toBeGreaterThan(lies.length * 10)
    const calls = Object.values(report.calls).reduce((sum, count) => sum + count, 0)
    expect(report.failures).toBeGreaterThan(calls * 0.7)
  })

  it('throws no error but ours', () => {
    expect(report.foreign).toEqual([])
  })

  it('shows no secret in any error, explanation, cause, answer or event, nor to a hook', () => {
    expect(report.shown).toEqual([])
    expect(report.hooks).toBeGreaterThan(1000)
    for (const name of ['claviger:refusal', 'claviger:keys']) expect(report.events[name]).toBeGreaterThan(50)
  })

  it('puts no secret into an address, where the protocol leaves it the choice', () => {
    expect(report.addresses).toEqual([])
  })
})
