import { isAuthError } from '../errors.ts'
import { createRoleDirectory } from '../roles/directory.ts'
import { roleMatrix } from '../roles/matrix.ts'

/** Prints what the roles of a definition allow. @returns the status to exit with */
export async function roles([path, ...others]: string[]): Promise<number> {
  if (path === undefined || others.length > 0) {
    console.error('Which roles? Give the path of a JSON file with them: roles <definition.json>')
    return 2
  }
  try {
    const directory = createRoleDirectory({ source: path })
    console.log(roleMatrix((await directory.known()) ?? []))
    directory.close()
    return 0
  } catch (error) {
    if (!isAuthError(error)) throw error
    console.error(error.explanation ?? error.message)
    return 1
  }
}
