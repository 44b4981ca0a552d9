// MUTATION_TESTS names the test files of a run over one source file: see CONTRIBUTING.md.
const tests =
  process.env.MUTATION_TESTS ??
  '{bearer,cache,claims,credentials,dpop,guards,jws,key,oidc,opaque,refreshed,request,revocation,roles,tokens,verify}*'

export default {
  // What decides whether a request passes.
  mutate: [
    'packages/core/src/{bearer,credentials,verify,claims,jws,key,keys,cache,revocation,routes}.ts',
    'packages/core/src/dpop/*.ts',
    'packages/core/src/guards/**/*.ts',
    'packages/core/src/roles/**/*.ts',
  ],
  // No such file: Stryker would rewrite the paths in tsconfig.json with an interface TypeScript 7 no longer has.
  tsconfigFile: 'tsconfig.unused.json',
  ignorePatterns: ['**/dist', 'bench', 'docs', 'examples'],
  testRunner: 'jest',
  plugins: ['@stryker-mutator/jest-runner'],
  jest: {
    configFile: 'jest.config.js',
    // Each mutant loads all of these files, so they are the ones about it: not the providers' own, nothing random,
    // and nothing that runs its tests at the same time, where Stryker could not tell which of them a mutant concerns.
    config: {
      testMatch: [`<rootDir>/packages/core/test/${tests}.test.ts`, '!**/*propert*.test.ts'],
    },
  },
  testRunnerNodeArgs: ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'],
  coverageAnalysis: 'perTest',
  // What is decided once, when a file loads, would need every test again.
  ignoreStatic: true,
  timeoutMS: 20_000,
  concurrency: 2,
  incremental: true,
  incrementalFile: 'reports/stryker-incremental.json',
  reporters: ['clear-text', 'html', 'json'],
  htmlReporter: { fileName: 'reports/mutation/index.html' },
  jsonReporter: { fileName: 'reports/mutation/mutation.json' },
  tempDirName: '.stryker-tmp',
}
