import framework from 'koa'
import { describeChromium } from '../../core/test/support/adapter-chromium.ts'
import { buildWith } from './app.ts'

describeChromium('koa', buildWith(framework))
