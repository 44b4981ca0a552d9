import express from 'express4'
import { describeAdapter } from '../../core/test/support/adapter-contract.ts'
import { buildWith } from './app.ts'

describeAdapter('Express 4', buildWith(express))
