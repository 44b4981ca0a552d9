// Every subpath, as ES module and as CommonJS: both load, and both have the same names.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const require = createRequire(import.meta.url)
const subpaths = JSON.parse(readFileSync(new URL('subpaths.json', import.meta.url), 'utf8'))
const namesOf = (module) =>
  Object.keys(module)
    .filter((name) => !['default', '__esModule', 'module.exports'].includes(name))
    .sort()

for (const subpath of subpaths) {
  const names = namesOf(await import(subpath))
  assert.notEqual(names.length, 0, `${subpath} exports nothing`)
  assert.deepEqual(namesOf(require(subpath)), names, `require('${subpath}')`)
  // What Node finds in the CommonJS file without running it is what a named import can reach.
  assert.deepEqual(namesOf(await import(pathToFileURL(require.resolve(subpath)))), names, `named imports of ${subpath}`)
}

const { AuthError } = require('@claviger/core')
assert.equal(AuthError.name, (await import('@claviger/core')).AuthError.name, 'logs show the name of the class')
assert.equal(AuthError.name, 'AuthError')
for (const [subpath, name] of [
  ['oidc', 'oidc'],
  ['redis', 'createRedisRevocationList'],
]) {
  const make = require(`@claviger/core/${subpath}`)[name]
  assert.throws(() => make({}), AuthError, 'the subpaths of the core share one copy of its state')
}
