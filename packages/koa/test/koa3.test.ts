import Koa from 'koa'
import { describeAdapter } from '../../core/test/support/adapter-contract.ts'
import { buildWith } from './app.ts'

describeAdapter('Koa 3', buildWith(Koa))
