import type { CallOptions } from '../../client-options.ts'
import type { OperationMethod } from '../../openapi-types.ts'
import type { OpenvCloudOperation } from './rights.ts'
import type { components, operations } from './types.generated.ts'

type Schemas = components['schemas']
/** An account, as `accounts.list` and `accounts.get` tell it. */
export type OpenvCloudAccount = Schemas['Account']
/** A cloudspace, as `cloudspaces.list` tells it. */
export type OpenvCloudCloudspace = Schemas['Cloudspace']
/** A cloudspace, as `cloudspaces.get` tells it. */
export type OpenvCloudCloudspaceDetails = Schemas['CloudspaceDetails']
/** A machine, as `machines.list` tells it. */
export type OpenvCloudMachine = Schemas['Machine']
/** A machine, as `machines.get` tells it, with the passwords of its logins. */
export type OpenvCloudMachineDetails = Schemas['MachineDetails']
/** An entry of an access control list. */
export type OpenvCloudAce = Schemas['ACE']

/** The parameters of an operation; nothing for one without. */
export type OpenvCloudParameters<Name extends OpenvCloudOperation> = operations[Name] extends {
  requestBody: { content: { 'application/json': infer Parameters } }
}
  ? Parameters
  : Record<never, never>

// Where no parameter is needed, none has to be written.
type Arguments<Parameters> = keyof Parameters extends never
  ? [options?: CallOptions]
  : Partial<Parameters> extends Parameters
    ? [parameters?: Parameters, options?: CallOptions]
    : [parameters: Parameters, options?: CallOptions]

/** One operation: its parameters by name, where it has some; options of the call. */
export type OpenvCloudMethod<Name extends OpenvCloudOperation> = (
  ...args: Arguments<OpenvCloudParameters<Name>>
) => ReturnType<OperationMethod<operations[Name]>>

type Group = OpenvCloudOperation extends infer Name ? (Name extends `${infer First}.${string}` ? First : never) : never

/** All operations of the cloud API by their groups: `api.machines.start({ machineId })`. */
export type OpenvCloudApi = {
  readonly [G in Group]: {
    readonly [Name in OpenvCloudOperation as Name extends `${G}.${infer Method}`
      ? Method
      : never]: OpenvCloudMethod<Name>
  }
}

/** Groups flat operations by what stands before the dot. @param takes tells whether an operation has parameters */
export function groupOperations(
  flat: Readonly<Record<string, (...args: never[]) => Promise<unknown>>>,
  takes: (name: string) => boolean,
): OpenvCloudApi {
  const groups: Record<string, Record<string, unknown>> = {}
  for (const [name, call] of Object.entries(flat)) {
    const [group = '', method = ''] = name.split('.')
    const run = call as (...args: unknown[]) => Promise<unknown>
    const members = groups[group] ?? {}
    members[method] = takes(name)
      ? (parameters: unknown = {}, options?: CallOptions) => run(parameters, options)
      : (options?: CallOptions) => run(options)
    groups[group] = members
  }
  for (const members of Object.values(groups)) Object.freeze(members)
  return Object.freeze(groups) as OpenvCloudApi
}
