// Express 4 under the name it is installed by for tests.
declare module 'express4' {
  export { default } from 'express'
}
