import { text } from 'node:stream/consumers'
import type { Middleware } from 'koa'

/** A body parser as Koa apps have one: what it has parsed is at `ctx.request.body`. */
export const parseBody: Middleware = async (ctx, next) => {
  const raw = await text(ctx.req)
  const body = ctx.is('urlencoded')
    ? Object.fromEntries(new URLSearchParams(raw))
    : ctx.is('json')
      ? JSON.parse(raw)
      : {}
  Object.assign(ctx.request, { body })
  await next()
}

/** A parser of JSON alone: of every other body it says that it is empty, and leaves it unread. */
export const parseJson: Middleware = async (ctx, next) => {
  Object.assign(ctx.request, { body: ctx.is('json') ? JSON.parse(await text(ctx.req)) : {} })
  await next()
}
