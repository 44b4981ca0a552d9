import type { CallOptions } from './client-options.ts'

// What a missing part adds to an intersection: `unknown`, which has no members and takes none away.
type PathOf<O> = O extends { parameters: { path: infer P extends object } } ? P : unknown
// Without a query openapi-typescript writes `query?: never`.
type QueryOf<O> = O extends { parameters: { query?: infer Q extends object } }
  ? [Q] extends [never]
    ? unknown
    : Q
  : unknown
type ParamsOf<O> = PathOf<O> & QueryOf<O>
type BodyOf<O> = O extends { requestBody: { content: infer C } } ? C[keyof C] : never
type Good = 200 | 201 | 202 | 204
type ContentOf<R> = R extends { content: infer C } ? C[keyof C] : undefined
type ResultOf<O> = O extends { responses: infer R } ? ContentOf<R[keyof R & Good]> : never
type ParamsArgument<P> = keyof P extends never ? [] : Partial<P> extends P ? [params: P | undefined] : [params: P]
type BodyArgument<B> = [B] extends [never] ? [] : [body: B]

/** One operation: its parameters by name, where it has some; its body, where it takes one; options of the call. */
export type OperationMethod<O> = (
  ...args: [...ParamsArgument<ParamsOf<O>>, ...BodyArgument<BodyOf<O>>, options?: CallOptions]
) => Promise<ResultOf<O>>

/** All operations of an API under their own names. */
export type OperationMethods<Operations> = { readonly [Name in keyof Operations]: OperationMethod<Operations[Name]> }
