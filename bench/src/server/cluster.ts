import cluster, { type Address, type Worker } from 'node:cluster'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { serve } from '../child.ts'
import { apps } from './apps.ts'
import type { IssuerFacts } from './verifiers.ts'

const calls = {
  /** Starts so many processes that share one port, which is the answer. */
  async listen({ processes, facts }: { processes: number; facts: IssuerFacts }): Promise<number> {
    // In the environment: a message could come before there is somebody to hear it.
    const workers = Array.from({ length: processes }, () => cluster.fork({ FACTS: JSON.stringify(facts) }))
    const ports = workers.map(async (worker) => {
      const [{ port }] = (await once(worker, 'listening')) as [Address]
      return port
    })
    return (await Promise.all(ports))[0] as number
  },
  /** What all processes together have resident. */
  async residentBytes(): Promise<number> {
    const all = await Promise.all(Object.values(cluster.workers ?? {}).map((worker) => residentOf(worker as Worker)))
    return all.reduce((sum, bytes) => sum + bytes, 0)
  },
}

/** What a cluster can be asked for. */
export type ClusterCalls = typeof calls

async function residentOf(worker: Worker): Promise<number> {
  const answer = once(worker, 'message') as Promise<[number]>
  worker.send('resident')
  return (await answer)[0]
}

if (cluster.isPrimary) {
  serve(calls)
} else {
  process.setSourceMapsEnabled(false)
  process.on('message', () => process.send?.(process.memoryUsage.rss()))
  const facts = JSON.parse(process.env.FACTS ?? '{}') as IssuerFacts
  createServer(await apps.Express.claviger(facts)).listen(0, '127.0.0.1')
}
