#!/usr/bin/env node
import { doctor } from './doctor.ts'
import { roles } from './roles.ts'

const commands: Readonly<Record<string, (args: string[]) => Promise<number>>> = { doctor, roles }

const [name = '', ...args] = process.argv.slice(2)
const command = Object.hasOwn(commands, name) ? commands[name] : undefined
if (command === undefined) console.error(`Which command? One of: ${Object.keys(commands).join(', ')}`)
process.exitCode = (await command?.(args)) ?? 2
