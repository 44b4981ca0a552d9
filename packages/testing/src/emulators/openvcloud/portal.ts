import { randomUUID } from 'node:crypto'
import type { Seconds } from '@claviger/core'
import type { LoopbackRequest, Reply } from '../../server/routes.ts'
import { assertAccess } from './access.ts'
import { crash, jsonpReply, PortalError, readCallback, refusalReply, resultReply } from './answers.ts'
import { catalogue, pathOf } from './catalogue.ts'
import { type Call, handlers } from './handlers.ts'
import type { Operation } from './operation.ts'
import { operations as cloudapi } from './operations.generated.ts'
import { convertParams, type Params, readParams } from './params.ts'
import { guest, type Sessions } from './sessions.ts'
import type { OpenvCloudState } from './state.ts'

/** What differs between builds of the portal, or is not known of them. */
export interface OpenvCloudSettings {
  /** Takes any verb for any method, and JSONP, as portals before July 2016 did. Default false. */
  readonly legacy: boolean
  /** Answers 419 to a blank `authkey` instead of passing over it. Default false. */
  readonly strictBlankAuthkey: boolean
  /** Answers 503 to everything, as during an upgrade. Default false. */
  readonly upgrading: boolean
  /** Of an `authkey`. Default 5 days. */
  readonly sessionLifetime: Seconds
  /** How long an asynchronous call takes. Default 0. */
  readonly taskDuration: Seconds
}

/** A portal, as its routes need it. */
export interface Portal {
  readonly state: OpenvCloudState
  readonly sessions: Sessions
  readonly settings: () => OpenvCloudSettings
  readonly origin: () => string
}

interface Task {
  readonly doneAt: Seconds
  readonly outcome: readonly [boolean, unknown]
}

const open = { auth: false, acl: null, answer: null }
const text = { type: 'str' }
const system: readonly Operation[] = [
  { ...open, id: 'system.usermanager.whoami', methods: ['POST'], params: {} },
  { ...open, id: 'system.usermanager.authenticate', methods: ['POST'], params: { name: text, secret: text } },
  { ...open, id: 'system.task.get', methods: ['POST'], params: { taskguid: text } },
  {
    ...open,
    auth: true,
    id: 'system.docgenerator.prepareCatalog',
    methods: ['GET', 'POST'],
    params: { group: { ...text, optional: true }, actors: { ...text, optional: true } },
  },
]
const all = [...cloudapi, ...system]
const byPath = new Map(all.map((one) => [pathOf(one).slice(1), one]))

const usage = 'Usage: /restmachine/<app>/<actor>/<method>'
const noLogin = 'NO VALID AUTHORIZATION KEY GIVEN, use get param called key (check key probably auth error).'
const kept: Seconds = 600

/** Makes the function that answers every request below `/restmachine`. */
export function createPortal(portal: Portal): (request: LoopbackRequest, path: string) => Promise<Reply> {
  const tasks = new Map<string, Task>()
  const { state, sessions, settings } = portal

  async function perform(request: LoopbackRequest, path: string, params: Params): Promise<unknown> {
    const user = sessions.userOf(request, params)
    const operation = byPath.get(path)
    if (path.split('/').length < 3) throw new PortalError(404, usage, 'text')
    if (operation === undefined || !(settings().legacy || operation.methods.includes(request.method))) {
      throw new PortalError(404, `Could not find method, path was ${path}`, 'text', true)
    }
    if (operation.auth && user === guest) throw new PortalError(401, noLogin, 'bare', true)
    if (settings().upgrading) throw new PortalError(503, 'Can not call API during upgrade')
    const call: Call = { state, sessions, user, params: convertParams(operation, params), origin: portal.origin() }
    if (operation.id === 'system.task.get') return taskOf(call)
    return Object.hasOwn(params, '_async') ? startTask(operation, call) : run(operation, call)
  }

  function run(operation: Operation, call: Call): unknown {
    assertAccess(state, operation, call.user, call.params)
    if (operation.id === 'system.docgenerator.prepareCatalog') return catalogue(all, call.params)
    const handler = handlers[operation.id]
    return handler === undefined ? operation.answer : handler(call)
  }

  function startTask(operation: Operation, call: Call): string {
    const id = randomUUID()
    let outcome: Task['outcome']
    try {
      outcome = [true, run(operation, call)]
    } catch (error) {
      outcome = [false, error instanceof Error ? error.message : 'failed']
    }
    tasks.set(id, { doneAt: state.now() + settings().taskDuration, outcome })
    return id
  }

  function taskOf({ params }: Call): unknown {
    const task = tasks.get(String(params.taskguid))
    if (task === undefined || state.now() > task.doneAt + kept) throw new PortalError(404, 'Task is not found')
    if (state.now() < task.doneAt) throw new PortalError(202, '', 'text')
    return task.outcome
  }

  return async (request, path) => {
    let callback: string | undefined
    try {
      const params = await readParams(request)
      if (settings().legacy && Object.hasOwn(params, '_jsonp')) callback = readCallback(params._jsonp)
      const result = await perform(request, path, params)
      const reply =
        callback === undefined ? resultReply(result, params.format, request.headers) : jsonpReply(callback, 200, result)
      return path.endsWith('/authenticate') && typeof result === 'string' ? withCookie(reply, result) : reply
    } catch (error) {
      const refusal = error instanceof PortalError ? error : crash()
      if (callback !== undefined && refusal.isWrapped) return jsonpReply(callback, refusal.status, refusal.message)
      return refusalReply(refusal)
    }
  }
}

function withCookie(reply: Reply, id: string): Reply {
  return { ...reply, headers: { ...reply.headers, 'set-cookie': `beaker.session.id=${id}; httponly; Path=/` } }
}
