import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serve } from '../child.ts'
import { apps } from './apps.ts'
import type { IssuerFacts } from './verifiers.ts'

let idle = performance.eventLoopUtilization()
let spent = process.cpuUsage()

const calls = {
  /** Starts one of the apps. Answers with its port. */
  async listen({ framework, subject, facts }: { framework: string; subject: string; facts: IssuerFacts }) {
    const makers: Record<string, Record<string, (facts: IssuerFacts) => Promise<RequestListener>>> = apps
    const listener = await makers[framework]?.[subject]?.(facts)
    if (listener === undefined) throw new Error(`no app for ${framework} is called ${subject}`)
    const server = createServer(listener).listen(0, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  },
  /** What this process has used since it was last asked. */
  usage() {
    const { user, system } = process.cpuUsage(spent)
    const { utilization } = performance.eventLoopUtilization(idle)
    spent = process.cpuUsage()
    idle = performance.eventLoopUtilization()
    return { cpuSeconds: (user + system) / 1e6, eventLoop: utilization, residentBytes: process.memoryUsage.rss() }
  },
}

/** What an app can be asked for. */
export type ServerCalls = typeof calls

serve(calls)
