import Koa from 'koa2'
import { describeAdapter } from '../../core/test/support/adapter-contract.ts'
import { buildWith } from './app.ts'

describeAdapter('Koa 2', buildWith(Koa))
