export default {
  // What decides whether a request passes.
  mutate: [
    'packages/core/src/{bearer,credentials,verify,claims,jws,key,keys,cache,revocation,routes}.ts',
    'packages/core/src/guards/**/*.ts',
  ],
  // No such file: Stryker would rewrite the paths in tsconfig.json with an interface TypeScript 7 no longer has.
  tsconfigFile: 'tsconfig.unused.json',
  ignorePatterns: ['**/dist', 'bench', 'docs', 'examples'],
  testRunner: 'jest',
  plugins: ['@stryker-mutator/jest-runner'],
  jest: { configFile: 'jest.config.js' },
  testRunnerNodeArgs: ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'],
  coverageAnalysis: 'perTest',
  concurrency: 2,
  incremental: true,
  incrementalFile: 'reports/stryker-incremental.json',
  reporters: ['clear-text', 'html', 'json'],
  htmlReporter: { fileName: 'reports/mutation/index.html' },
  jsonReporter: { fileName: 'reports/mutation/mutation.json' },
  tempDirName: '.stryker-tmp',
}
