import { fileURLToPath } from 'node:url'
import { describe } from '@jest/globals'
import { describeApi } from '../../support/api-contract.ts'

describe('examples/express-api', () => {
  describeApi(fileURLToPath(new URL('../src/main.ts', import.meta.url)))
})
