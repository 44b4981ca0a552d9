import { serve } from '../child.ts'
import { loadCalls } from './calls.ts'

/** What a load process can be asked for. */
export type LoadCalls = typeof loadCalls

serve(loadCalls)
