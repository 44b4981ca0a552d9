import { setTimeout } from 'node:timers/promises'
import { Client, Pool } from 'undici'
import { quantile } from '../statistics.ts'
import { createFeed, type Feed } from './feed.ts'

/** Whom to call, with what. */
interface Target {
  readonly port: number
  /** The loopback address that calls. Default 127.0.0.1. */
  readonly from?: string
  readonly feed: Feed
  /** Ends earlier when the feed does. */
  readonly seconds: number
}

/** What came of a load. */
export interface Load {
  readonly requests: number
  readonly seconds: number
  /** How many answers had which status; 0 is none at all. */
  readonly statuses: Readonly<Record<number, number>>
  /** In milliseconds. */
  readonly latency: { readonly median: number; readonly p99: number; readonly most: number }
}

/** What a load process does. */
export const loadCalls = {
  /** Each connection asks again as soon as it has been answered. */
  async saturate({ port, from, feed, seconds, connections }: Target & { readonly connections: number }): Promise<Load> {
    const next = createFeed(feed)
    const record = recorder()
    await Promise.all(
      Array.from({ length: connections }, async () => {
        const client = new Client(`http://127.0.0.1:${port}`, options(from))
        while (record.elapsed() < seconds) {
          const token = next()
          if (token === undefined) break
          await record.call(client, token)
        }
        await client.close()
      }),
    )
    return record.load()
  },
  /** Asks at a steady pace, whether or not the last request has been answered. */
  async pace({ port, from, feed, seconds, perSecond }: Target & { readonly perSecond: number }): Promise<Load> {
    const next = createFeed(feed)
    const record = recorder()
    const pool = new Pool(`http://127.0.0.1:${port}`, options(from))
    const calls: Promise<void>[] = []
    for (let sent = 0; record.elapsed() < seconds; sent += 1) {
      const token = next()
      if (token === undefined) break
      calls.push(record.call(pool, token))
      await setTimeout(Math.max(0, ((sent + 1) / perSecond - record.elapsed()) * 1000))
    }
    await Promise.all(calls)
    await pool.close()
    return record.load()
  },
}

// A request that is not answered within these has failed.
const patience = 10_000

function options(from: string | undefined) {
  const localAddress = from ?? '127.0.0.1'
  return { pipelining: 1, localAddress, headersTimeout: patience, bodyTimeout: patience }
}

function recorder() {
  const started = performance.now()
  const statuses: Record<number, number> = {}
  const latencies: number[] = []
  const elapsed = () => (performance.now() - started) / 1000
  return {
    elapsed,
    async call(dispatcher: Client | Pool, token: string): Promise<void> {
      const sent = performance.now()
      const status = await statusOf(dispatcher, token)
      statuses[status] = (statuses[status] ?? 0) + 1
      latencies.push(performance.now() - sent)
    },
    load(): Load {
      const [median, p99, most] = [0.5, 0.99, 1].map((of) => quantile(latencies, of)) as [number, number, number]
      return { requests: latencies.length, seconds: elapsed(), statuses, latency: { median, p99, most } }
    },
  }
}

function statusOf(dispatcher: Client | Pool, token: string): Promise<number> {
  return new Promise((resolve) => {
    let status = 0
    dispatcher.dispatch(
      { path: '/', method: 'GET', headers: { authorization: `Bearer ${token}` } },
      {
        onRequestStart() {},
        onResponseStart(_controller, code) {
          status = code
        },
        onResponseData() {},
        onResponseEnd: () => resolve(status),
        onResponseError: () => resolve(0),
      },
    )
  })
}
