/** A parameter of an operation, as its specification declares it. */
export interface Parameter {
  /** `int`, `str`, `float`, `bool`, `obj`, or `list(…)` of one of them. */
  readonly type: string
  readonly optional?: boolean
  readonly default?: string | number | boolean
  readonly validators?: readonly string[]
}

/** One operation of the portal. */
export interface Operation {
  /** `machines.start`; with `system.` before what is not of the cloud API. */
  readonly id: string
  readonly methods: readonly string[]
  /** Whether it takes a user. */
  readonly auth: boolean
  /** Resource → letters that are needed; an empty one takes any user that the portal knows. */
  readonly acl: Readonly<Record<string, string | undefined>> | null
  /** Groups of which one is needed. */
  readonly groups?: readonly string[]
  readonly params: Readonly<Record<string, Parameter>>
  /** An example, for operations whose effects are not kept. */
  readonly answer: unknown
}
