import { serve } from '../child.ts'
import { loadCalls } from './calls.ts'

serve(loadCalls)
