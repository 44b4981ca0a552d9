import { isAuthError } from '../errors.ts'
import { createRoleDirectory } from '../roles/directory.ts'
import { roleMatrix } from '../roles/matrix.ts'

// Prints what the roles of a definition allow.
const [path, ...others] = process.argv.slice(2)
if (path === undefined || others.length > 0) {
  console.error('Which roles? Give the path of a JSON file with them: roles <definition.json>')
  process.exitCode = 2
} else {
  try {
    const directory = createRoleDirectory({ source: path })
    console.log(roleMatrix((await directory.known()) ?? []))
    directory.close()
  } catch (error) {
    if (!isAuthError(error)) throw error
    console.error(error.explanation ?? error.message)
    process.exitCode = 1
  }
}
