/** Which part of the portal's API is asked for. */
export interface OpenvCloudCatalogueRequest {
  /** The first part of the paths. Default `cloudapi`. */
  group?: string
  /** Only these, by their names within the group, such as `machines`. Default: all. */
  actors?: readonly string[]
}

/** One operation, as the catalogue tells it. */
export interface OpenvCloudCatalogueOperation {
  /** Such as `post__cloudapi_machines_list`. */
  readonly operationId: string
  readonly description?: string
  /** Absent where it takes none. */
  readonly parameters?: readonly OpenvCloudCatalogueParameter[]
  readonly [member: string]: unknown
}

/** One parameter of an operation. */
export interface OpenvCloudCatalogueParameter {
  readonly name: string
  /** `query` of a GET, `formData` of a POST. */
  readonly in: string
  readonly required: boolean
  readonly description?: string
  /** A type of Swagger; lists have a `$ref` in place of it. */
  readonly type?: string
  readonly default?: unknown
  readonly [member: string]: unknown
}

/**
 * What an environment offers, as Swagger 2.0. An actor that the portal could not load is missing; then `info.description` tells so.
 * @see https://swagger.io/specification/v2/
 */
export interface OpenvCloudCatalogue {
  readonly swagger: '2.0'
  /** What stands before the paths: `/restmachine/`. */
  readonly basePath: string
  readonly info: { readonly title: string; readonly version: string; readonly description?: string }
  /** By path, such as `/cloudapi/machines/list`, and by verb. */
  readonly paths: { readonly [path: string]: { readonly [verb: string]: OpenvCloudCatalogueOperation } }
  readonly [member: string]: unknown
}
