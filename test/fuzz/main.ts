// npm run fuzz -- [--seed N] [--inputs N] [--only NAME] [--from INDEX]

import { parseArgs } from 'node:util'
import { messageOf } from '../../src/base/errors.ts'
import { FuzzFailure, fuzz } from './run.ts'
import { targets } from './targets.ts'

const NAMES = targets.map(({ name }) => name).join(', ')
const HELP = `Usage: npm run fuzz -- [--only NAME] [--inputs N] [--seed N] [--from INDEX]

Feeds hostile input to every parser; prints the command that replays an input which breaks one.

  --only NAME   one target: ${NAMES}
  --inputs N    how many per target; default 1000000; a target of whole conversations does fewer
  --seed N      default: from the clock, and printed
  --from INDEX  the first input of the seed; default 0
`

const options = optionsOf(process.argv.slice(2))
if (options.help === true) console.log(HELP)
else await run(options)

function optionsOf(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
        inputs: { type: 'string', default: '1000000' },
        only: { type: 'string' },
        from: { type: 'string', default: '0' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values
  } catch (error) {
    return misuse(messageOf(error))
  }
}

async function run({ seed, inputs, from, only }: ReturnType<typeof optionsOf>): Promise<void> {
  const range = {
    seed: wholeNumber('seed', seed, 2 ** 32),
    inputs: wholeNumber('inputs', inputs),
    from: wholeNumber('from', from),
  }
  const chosen = targets.filter(({ name }) => only === undefined || name === only)
  if (chosen.length === 0) misuse(`no target ${only ?? ''}; there are ${NAMES}`)
  console.log(`seed ${range.seed}`)
  for (const target of chosen) {
    try {
      const report = await fuzz(target, { ...range, inputs: Math.ceil(range.inputs / (target.weight ?? 1)) })
      const rate = Math.round(report.inputs / Math.max(report.seconds, 1e-6))
      const time = `${report.inputs} inputs in ${report.seconds.toFixed(1)} s, ${rate} inputs/s`
      const slowest = `slowest ${report.slowestMs.toFixed(2)} ms (input ${report.slowestIndex})`
      console.log(`${target.name}: ${time}, ${slowest}`)
    } catch (error) {
      if (!(error instanceof FuzzFailure)) throw error
      console.error(`${target.name}: failed`)
      console.error(error.cause)
      console.error(error.message)
      process.exit(1)
    }
  }
}

function wholeNumber(option: string, text: string, end = Number.MAX_SAFE_INTEGER): number {
  if (!/^\d+$/.test(text) || Number(text) >= end) {
    misuse(`--${option} ${text}: not a whole number below ${end}`)
  }
  return Number(text)
}

function misuse(reason: string): never {
  console.error(`fuzz: ${reason}\nTry: npm run fuzz -- --help`)
  process.exit(64)
}
