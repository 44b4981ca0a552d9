export {
  createOpenvCloudAccess,
  type OpenvCloudAccessDirectory,
  type OpenvCloudAccessOptions,
} from './access.ts'
export type { OpenvCloudTarget } from './access-lines.ts'
export type {
  OpenvCloudAccount,
  OpenvCloudAce,
  OpenvCloudApi,
  OpenvCloudCloudspace,
  OpenvCloudCloudspaceDetails,
  OpenvCloudMachine,
  OpenvCloudMachineDetails,
  OpenvCloudMethod,
  OpenvCloudParameters,
} from './api.ts'
export type {
  OpenvCloudCatalogue,
  OpenvCloudCatalogueOperation,
  OpenvCloudCatalogueParameter,
  OpenvCloudCatalogueRequest,
} from './catalogue.ts'
export {
  createOpenvCloudClient,
  type OpenvCloudClient,
  type OpenvCloudClientOptions,
  type OpenvCloudCredentials,
  type OpenvCloudTask,
  type OpenvCloudWhoami,
} from './client.ts'
export { needs as openvCloudNeeds } from './needs.generated.ts'
export { type OpenvCloudJwtOptions, type OpenvCloudOptions, openvCloud } from './provider.ts'
export {
  type OpenvCloudAccess,
  type OpenvCloudNeeds,
  type OpenvCloudOperation,
  type OpenvCloudResource,
  type OpenvCloudRight,
  openvCloudAccess,
  openvCloudRights,
  readOpenvCloudAccess,
} from './rights.ts'
