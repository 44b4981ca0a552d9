import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { addHeaders } from '../../src/answer-headers.ts'
import { isAuthError } from '../../src/errors.ts'
import { problemOf } from '../../src/refusal.ts'
import { createRequestAuthenticator, userOf } from '../../src/request.ts'
import type { HttpAnswer } from '../../src/session/page-request.ts'
import type { AppSetup } from './adapter-app.ts'

/** An app on Node alone, for tests of what no framework has a part in. Guards are left out. */
export function buildPlain({ auth, http, routes }: AppSetup): RequestListener {
  if (auth === undefined) throw new Error('an app without a middleware')
  const made = createRequestAuthenticator(auth, http)
  const answerOf = made.createAuthRoutes()

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const answer = await answerOf(request)
    if (answer !== undefined) return send(response, answer)
    const visitor = await made.receive(request)
    addHeaders(response, visitor)
    if (visitor.answer !== undefined) return send(response, visitor.answer)
    const route = routes.find(({ path }) => path === request.url?.split('?', 1)[0])
    if (route === undefined) return void response.writeHead(404).end()
    const user = visitor.auth && userOf(visitor.auth)
    const accessToken = made.accessTokenOf(request)
    response.end(
      JSON.stringify((await route.handle({ user, auth: visitor.auth, accessToken, request, response })) ?? null),
    )
  }

  return (request, response) =>
    void handle(request, response).catch((error) => {
      const problem = problemOf(error)
      if (problem === undefined || !isAuthError(error)) response.writeHead(500).end()
      else response.writeHead(problem.status, problem.headers).end(JSON.stringify(problem.body))
    })
}

function send(response: ServerResponse, { status, headers, body }: HttpAnswer): void {
  const { 'Set-Cookie': cookies = [], ...others } = headers
  for (const cookie of [cookies].flat()) response.appendHeader('Set-Cookie', cookie)
  response.writeHead(status, others).end(body)
}
