// npm run fuzz -- [--seed N] [--inputs N] [--only NAME] [--from INDEX]

import { parseArgs } from 'node:util'
import { FuzzFailure, fuzz } from './run.ts'
import { targets } from './targets.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    inputs: { type: 'string', default: '1000000' },
    only: { type: 'string' },
    from: { type: 'string', default: '0' },
  },
})

const range = {
  seed: wholeNumber('seed', values.seed, 2 ** 32),
  inputs: wholeNumber('inputs', values.inputs),
  from: wholeNumber('from', values.from),
}
const { only } = values
const chosen = targets.filter(({ name }) => only === undefined || name === only)
if (chosen.length === 0)
  usage(`no target ${only ?? ''}; there are ${targets.map(({ name }) => name).join(', ')}`)

console.log(`seed ${range.seed}`)
for (const target of chosen) {
  try {
    const { inputs, seconds, slowestMs, slowestIndex } = fuzz(target, range)
    const rate = Math.round(inputs / Math.max(seconds, 1e-6))
    const time = `${inputs} inputs in ${seconds.toFixed(1)} s, ${rate} inputs/s`
    console.log(`${target.name}: ${time}, slowest ${slowestMs.toFixed(2)} ms (input ${slowestIndex})`)
  } catch (error) {
    if (!(error instanceof FuzzFailure)) throw error
    console.error(`${target.name}: failed`)
    console.error(error.cause)
    console.error(error.message)
    process.exit(1)
  }
}

function wholeNumber(option: string, text: string, end = Number.MAX_SAFE_INTEGER): number {
  if (!/^\d+$/.test(text) || Number(text) >= end)
    usage(`--${option} ${text}: not a whole number below ${end}`)
  return Number(text)
}

function usage(reason: string): never {
  console.error(reason)
  process.exit(64)
}
