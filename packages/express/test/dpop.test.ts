import { it } from '@jest/globals'
import express from 'express'
import express4 from 'express4'
import { expectProofsOfTheWholeAddress } from '../../core/test/support/dpop-mounted.ts'
import { authMiddleware } from '../src/index.ts'

it.each([
  ['4', express4],
  ['5', express],
])('takes a proof for the whole address where a router is mounted, with Express %s', async (_, framework) => {
  await expectProofsOfTheWholeAddress((options) => {
    const router = framework.Router()
    router.use(authMiddleware(options))
    router.get('/orders', (req, res) => {
      res.json(req.user)
    })
    return framework().use('/v1', router)
  })
})
