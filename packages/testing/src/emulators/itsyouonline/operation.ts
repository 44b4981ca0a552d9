/** One operation of the API, as the emulator needs to know it. */
export interface Operation {
  readonly id: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** With `:name` for its parts. */
  readonly path: string
  /** Which of the server's checks stands before it. */
  readonly auth: 'none' | 'user' | 'organization' | 'client-id'
  /** One of them is needed; an empty list takes any valid token. */
  readonly scopes: readonly string[] | null
  /** Of success. */
  readonly status: number
  /** Fields of the body with their JSON types; a name that ends in `?` may be left out. */
  readonly needs?: Readonly<Record<string, string | undefined>>
  /** An example, for operations whose effects are not kept. */
  readonly answer?: unknown
}
