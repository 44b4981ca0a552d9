import framework from 'express'
import { describeChromium } from '../../core/test/support/adapter-chromium.ts'
import { buildWith } from './app.ts'

describeChromium('express', buildWith(framework))
