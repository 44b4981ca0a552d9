// Koa 2 under the name it is installed by for tests.
declare module 'koa2' {
  export { default } from 'koa'
}
