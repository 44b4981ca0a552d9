import express from 'express'
import { describeAdapter } from '../../core/test/support/adapter-contract.ts'
import { buildWith } from './app.ts'

describeAdapter('Express 5', buildWith(express))
