// Standard input to standard output: a netlist without what differs from one run to the next.

import { readFileSync } from 'node:fs'
import { settled } from './netlist.ts'

process.stdout.write(settled(readFileSync(0, 'utf8')))
