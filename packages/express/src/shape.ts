import type { IncomingMessage, ServerResponse } from 'node:http'

type Message<Name extends string, Other> = { [name in Name]?: Other }

// Of V8 before 13, which Node 20 and 22 have.
const isAlone = Number.parseInt(process.versions.v8, 10) < 13

/**
 * Gives a request and its response shapes (hidden classes) that all requests have. Express sets their prototypes after they have
 * properties. V8 before 13 makes another shape for each property that is added to such an object later, so whatever is read of it
 * misses all inline caches, for as long as it lives. Deleting a property turns an object into a dictionary, and these share one
 * shape: an app answers more requests then than without us. Nothing else changes but the order of the properties.
 */
export function shareShapes(req: IncomingMessage, res: ServerResponse): void {
  if (!isAlone) return
  // Only Express sets this property, and only where it has set the prototypes.
  if ((req as Message<'res', ServerResponse>).res !== res || res.req !== req) return
  if (Reflect.deleteProperty(req, 'res')) (req as Message<'res', ServerResponse>).res = res
  if (Reflect.deleteProperty(res, 'req')) (res as Message<'req', IncomingMessage>).req = req
}
