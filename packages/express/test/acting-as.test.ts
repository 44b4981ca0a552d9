import { actingAs } from '@claviger/testing'
import { expect, it } from '@jest/globals'
import express from 'express'
import { serve } from '../../core/test/support/adapter-app.ts'
import { requireRole, requireScope } from '../src/index.ts'

it('guards a user that a test made up, as it guards any other', async () => {
  const app = express()
  app.use(actingAs({ id: 'alice', roles: ['admin'] }))
  app.get('/admin', requireRole('admin'), (req, res) => {
    res.json(req.user)
  })
  app.get('/scoped', requireScope('read'), (_req, res) => {
    res.json('unreachable')
  })
  const { call, close } = await serve(app)
  expect((await call('/admin')).json()).toMatchObject({ id: 'alice', roles: [{ name: 'admin' }] })
  expect((await call('/scoped')).status).toBe(403)
  await close()
})
