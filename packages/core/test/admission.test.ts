import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { createTestClock } from '@claviger/testing'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { type Admission, type AdmissionLimits, createAdmission, isAbandoned } from '../src/admission.ts'
import type { HttpRequest } from '../src/credentials.ts'
import { addressOf } from '../src/source.ts'

const limits: AdmissionLimits = {
  concurrency: 1,
  suspectConcurrency: 1,
  maxWaiting: 1000,
  maxWaitingPerSource: 1000,
  halfLife: 10,
  sourceOf: addressOf,
}

let clock: ReturnType<typeof createTestClock>
let admission: Admission
/** The names of what has been started and has not ended, in order of their start. */
let running: { name: string; end: (result: unknown) => void }[]
let started: string[]
let refused: string[]
const events: unknown[] = []
const listen = (message: unknown) => events.push(message)

beforeEach(() => {
  clock = createTestClock()
  events.length = 0
  subscribe('claviger:admission', listen)
})
afterEach(() => {
  unsubscribe('claviger:admission', listen)
})

function create(changes: Partial<AdmissionLimits> = {}): void {
  admission = createAdmission(clock, { ...limits, ...changes })
  running = []
  started = []
  refused = []
}

function from(remoteAddress: string, destroyed = false): HttpRequest {
  return { headers: {}, socket: { remoteAddress, destroyed } }
}

/** Asks for work in the name of a source. Its outcome: what the work gave, or the code of the refusal. */
function ask(source: string, name = source, request: HttpRequest | undefined = from(source)): Promise<unknown> {
  const work = () =>
    new Promise((end) => {
      started.push(name)
      running.push({ name, end })
    })
  return admission.admit(request, work).catch((error: { code: string }) => {
    refused.push(name)
    return error.code
  })
}

/** Ends the work that was started first, with a good signature or a bad one. */
async function end(signature: 'good' | 'bad' = 'good'): Promise<void> {
  running.shift()?.end(signature === 'good' ? signature : undefined)
  await settled()
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve()
}

/** Resolves when the places of suspects are free again. */
async function rested(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 5))
}

/** Ends everything, one after another; tells the order in which it was started. */
async function drain(signature?: 'good' | 'bad'): Promise<string[]> {
  while (running.length > 0) {
    await end(signature)
    await rested()
  }
  return started
}

async function makeSuspect(source: string): Promise<void> {
  void ask(source)
  await end('bad')
  await rested()
  started.length = 0
}

describe('what may run at once', () => {
  it('is limited, and the rest waits', async () => {
    create({ concurrency: 3 })
    for (let index = 0; index < 5; index += 1) void ask('a', `${index}`)
    expect(started).toEqual(['0', '1', '2'])
    expect(admission.health()).toEqual({ running: 3, waiting: 2, refused: 0, suspects: 0 })
    await end()
    expect([started.length, admission.health().waiting]).toEqual([4, 1])
    await drain()
    expect(admission.health()).toEqual({ running: 0, waiting: 0, refused: 0, suspects: 0 })
  })

  it('gives what the work gives, and fails as it fails', async () => {
    create()
    const fault = new Error('broken')
    const failing = admission.admit(from('a'), () => Promise.reject(fault))
    const good = admission.admit(from('a'), async () => 'key')
    const bad = admission.admit(from('a'), async () => undefined)
    await expect(failing).rejects.toBe(fault)
    expect([await good, await bad]).toEqual(['key', undefined])
    expect(admission.health()).toMatchObject({ running: 0, waiting: 0 })
  })

  it('is less for suspects: whoever is not finds a free place', async () => {
    create({ concurrency: 3, suspectConcurrency: 1 })
    await makeSuspect('evil')
    for (let index = 0; index < 4; index += 1) void ask('evil')
    expect(started).toEqual(['evil'])
    void ask('b')
    void ask('c')
    expect(started).toEqual(['evil', 'b', 'c'])
    void ask('d')
    expect(started).toEqual(['evil', 'b', 'c'])
    await drain()
    expect(started.length).toBe(7)
  })
})

describe('turns', () => {
  it('go round the sources, whoever asks most', async () => {
    create()
    for (let index = 0; index < 5; index += 1) void ask('a', `a${index}`)
    for (let index = 0; index < 2; index += 1) void ask('b', `b${index}`)
    void ask('c', 'c0')
    expect(await drain()).toEqual(['a0', 'a1', 'b0', 'c0', 'a2', 'b1', 'a3', 'a4'])
  })

  it('go by what the app calls a source', async () => {
    create({ sourceOf: ({ headers }) => headers.tenant as string })
    const of = (tenant: string) => ({ headers: { tenant }, socket: { remoteAddress: '127.0.0.1' } })
    for (let index = 0; index < 3; index += 1) void ask('', `a${index}`, of('a'))
    void ask('', 'b0', of('b'))
    expect(await drain()).toEqual(['a0', 'a1', 'b0', 'a2'])
    // Of no request nothing can be told.
    expect(await admission.admit(undefined, async () => 'good')).toBe('good')
  })

  it('count calls without a request as one source', async () => {
    create()
    for (let index = 0; index < 3; index += 1) void ask('', `none${index}`, { headers: {} })
    void ask('a', 'a0')
    expect(await drain()).toEqual(['none0', 'none1', 'a0', 'none2'])
  })

  it('come to suspects after the others, one of eight of those they could take', async () => {
    create()
    await makeSuspect('evil')
    void ask('z', 'first')
    for (let index = 0; index < 3; index += 1) void ask('evil', `evil${index}`)
    for (let index = 0; index < 16; index += 1) void ask(`honest${index}`, 'honest')
    const order = await drain()
    expect(order.map((name, index) => (name.startsWith('evil') ? index : -1)).filter((index) => index >= 0)).toEqual([
      8, 17, 19,
    ])
  })

  it('are lost by what waits already when its source turns out to be bad', async () => {
    create()
    for (let index = 0; index < 3; index += 1) void ask('evil', `evil${index}`)
    for (let index = 0; index < 3; index += 1) void ask('honest', `honest${index}`)
    await end('bad')
    expect(await drain()).toEqual(['evil0', 'honest0', 'honest1', 'honest2', 'evil1', 'evil2'])
  })

  it('are all for suspects when nobody else asks', async () => {
    create({ concurrency: 2 })
    await makeSuspect('evil')
    void ask('evil', '0')
    // It did not have to wait.
    expect(events).toEqual([])
    for (let index = 1; index < 4; index += 1) void ask('evil', `${index}`)
    expect(await drain('bad')).toEqual(['0', '1', '2', '3'])
  })

  it('leave a suspect no more than half the time of a place', async () => {
    create({ concurrency: 4, suspectConcurrency: 1 })
    await makeSuspect('evil')
    for (let index = 0; index < 2; index += 1) void ask('evil', `evil${index}`)
    await end('bad')
    void ask('honest')
    expect(started).toEqual(['evil0', 'honest'])
    expect(admission.health()).toMatchObject({ running: 1, waiting: 1 })
    await rested()
    expect(started).toEqual(['evil0', 'honest', 'evil1'])
    await drain()
  })

  it('make a suspect rest as long as its signature took, and 20 ms at most', async () => {
    create({ concurrency: 4, suspectConcurrency: 1 })
    await makeSuspect('evil')
    for (let index = 0; index < 2; index += 1) void ask('evil', `evil${index}`)
    await clock.advance(3600)
    const ended = performance.now()
    await end('bad')
    while (started.length < 2) await rested()
    // A timer may be early by a moment, and late by any time.
    expect(performance.now() - ended).toBeGreaterThan(18)
    await drain()
  })

  it('are not taken by requests that have gone', async () => {
    create()
    const going = { headers: {}, socket: { remoteAddress: 'b', destroyed: false } }
    void ask('a')
    const gone = admission.admit(going, async () => started.push('gone')).catch((error: unknown) => error)
    void ask('c')
    going.socket.destroyed = true
    await drain()
    expect(started).toEqual(['a', 'c'])
    expect(isAbandoned(await gone)).toBe(true)
    const free = admission.admit(from('b', true), async () => started.push('gone')).catch((error: unknown) => error)
    expect(isAbandoned(await free)).toBe(true)
    expect(started).toEqual(['a', 'c'])
    expect(admission.health()).toEqual({ running: 0, waiting: 0, refused: 0, suspects: 0 })
  })
})

describe('who waits', () => {
  it('does not hold the app itself to what one source may have waiting', async () => {
    create({ maxWaitingPerSource: 2, maxWaiting: 20 })
    const work = async () => 'good'
    const own = Array.from({ length: 20 }, () => admission.admit(undefined, work))
    await expect(Promise.all(own)).resolves.toEqual(own.map(() => 'good'))
    const more = Array.from({ length: 22 }, () => admission.admit(undefined, work).catch(({ code }) => code))
    expect((await Promise.all(more)).filter((outcome) => outcome === 'ERR_OVERLOADED')).toHaveLength(1)
  })

  it('is refused beyond what one source may have waiting, and comes back later', async () => {
    create({ maxWaitingPerSource: 2 })
    for (let index = 0; index < 3; index += 1) void ask('a')
    const error = await admission.admit(from('a'), async () => 1).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'ERR_OVERLOADED', status: 503, headers: { 'Retry-After': '1' } })
    expect(isAbandoned(error)).toBe(false)
    void ask('b')
    await drain()
    expect(started).toEqual(['a', 'a', 'b', 'a'])
    expect(admission.health().refused).toBe(1)
  })

  it('makes room for a source that has less waiting, the youngest first', async () => {
    create({ maxWaiting: 4 })
    for (let index = 0; index < 4; index += 1) void ask('a', `a${index}`)
    void ask('b', 'b0')
    void ask('c', 'c0')
    await settled()
    expect(refused).toEqual(['a3'])
    expect(admission.health().waiting).toBe(4)
    expect(events.at(-1)).toEqual({ outcome: 'waits', waiting: 4, suspect: false })
    void ask('b', 'b1')
    await settled()
    expect(refused).toEqual(['a3', 'b1'])
    expect(events.at(-1)).toEqual({ outcome: 'refused', waiting: 4, suspect: false })
    expect(await drain()).toEqual(['a0', 'a1', 'b0', 'c0', 'a2'])
  })

  it('makes room that the source with most waiting gives up, wherever it stands', async () => {
    create({ maxWaiting: 4 })
    for (const name of ['a0', 'b0', 'c0', 'c1', 'd0']) void ask(name[0] as string, name)
    await settled()
    expect(refused).toEqual([])
    void ask('e', 'e0')
    await settled()
    expect(refused).toEqual(['c1'])
    await drain()
  })

  it('is refused where all have as little waiting', async () => {
    create({ maxWaiting: 2 })
    for (const source of ['a', 'b', 'c', 'd']) void ask(source)
    await settled()
    expect([refused, admission.health()]).toEqual([['d'], { running: 1, waiting: 2, refused: 1, suspects: 0 }])
    await drain()
  })

  it('makes room for the others when suspect, and takes none from them', async () => {
    create({ maxWaiting: 2 })
    await makeSuspect('evil')
    void ask('a', 'a0')
    void ask('evil', 'evil0')
    void ask('a', 'a1')
    void ask('a', 'a2')
    await settled()
    expect(refused).toEqual(['evil0'])
    expect(events).toContainEqual({ outcome: 'refused', waiting: 1, suspect: true })
    void ask('evil', 'evil1')
    await settled()
    expect(refused).toEqual(['evil0', 'evil1'])
    expect(await drain()).toEqual(['a0', 'a1', 'a2'])
    expect(refused).toEqual(['evil0', 'evil1'])
  })

  it('is told that much later when suspect', async () => {
    create({ maxWaitingPerSource: 1 })
    await makeSuspect('evil')
    for (let index = 0; index < 2; index += 1) void ask('evil')
    const error = await admission.admit(from('evil'), async () => 1).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ headers: { 'Retry-After': '5' } })
    await drain()
  })

  it('is told of on a channel, without a word about whose it is', async () => {
    create({ maxWaitingPerSource: 1 })
    void ask('a')
    expect(events).toEqual([])
    void ask('a')
    void ask('a')
    expect(events).toEqual([
      { outcome: 'waits', waiting: 1, suspect: false },
      { outcome: 'refused', waiting: 1, suspect: false },
    ])
    await drain()
  })
})

describe('suspicion', () => {
  /** Whether a source has to stand behind one that nothing is held against. */
  async function isSuspect(source: string): Promise<boolean> {
    started.length = 0
    void ask('z', 'z')
    void ask(source, 'it')
    void ask('y', 'y')
    const order = await drain()
    return order.indexOf('it') > order.indexOf('y')
  }

  it('ends by itself', async () => {
    create()
    await makeSuspect('one')
    await clock.advance(9.9)
    expect(await isSuspect('one')).toBe(true)
    await clock.advance(10)
    expect(await isSuspect('one')).toBe(false)
  })

  it('is outweighed by good signatures of the same address', async () => {
    create()
    await makeSuspect('office')
    await makeSuspect('office')
    void ask('office')
    await drain('good')
    expect(await isSuspect('office')).toBe(true)
    void ask('office')
    await drain('good')
    expect(await isSuspect('office')).toBe(false)
    expect(admission.health().suspects).toBe(0)
  })

  it('is not raised by work that failed', async () => {
    create()
    await admission.admit(from('a'), () => Promise.reject(new Error('no key'))).catch(() => {})
    expect(admission.health().suspects).toBe(0)
  })

  it('is remembered of so many sources only', async () => {
    create()
    for (let index = 0; index < 10_050; index += 1) {
      await admission.admit(from(`10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`), async () => undefined)
    }
    expect(admission.health()).toEqual({ running: 0, waiting: 0, refused: 0, suspects: 10_000 })
  })
})
