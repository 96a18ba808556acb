// npm run bench [-- --only PATTERN] [--quick] [--json FILE]

import { existsSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { audit } from './audit.ts'
import { card } from './card.ts'
import { IOSED } from './child.ts'
import { client } from './client.ts'
import { globalplatform } from './globalplatform.ts'
import { handshakes } from './handshakes.ts'
import { hello } from './hello-parse.ts'
import { idle } from './idle.ts'
import { metrics } from './metrics.ts'
import { page } from './page.ts'
import { pcsc } from './pcsc.ts'
import { rack } from './rack.ts'
import { racs } from './racs.ts'
import { relay } from './relay.ts'
import { jsonOf, type Row, tableOf } from './row.ts'
import { start } from './start.ts'
import { wire } from './wire.ts'
import { wireCodec } from './wire-codec.ts'
import { wireDelay } from './wire-delay.ts'

const HELP = `Usage: npm run bench -- [--only PATTERN] [--quick] [--json FILE]

Measures the build in dist/ and prints a table; every floor and limit in it was measured or computed in the same
run. Takes about eight minutes.

  --only PATTERN  only rows whose name contains PATTERN; every name begins with one of
                  relay, racs, handshakes, client, hello, idle, start, card, wire, pcsc, gp, audit, rack,
                  metrics, page
  --quick         a short run, to see that everything works; its figures are rough
  --json FILE     also write the rows {name, unit, value, p50, p99, reference, ratio}
`

const BENCHMARKS = [
  relay,
  racs,
  handshakes,
  client,
  hello,
  idle,
  start,
  card,
  wire,
  wireDelay,
  wireCodec,
  pcsc,
  globalplatform,
  audit,
  rack,
  metrics,
  page,
]

interface Options {
  readonly only?: string | undefined
  readonly quick?: boolean | undefined
  readonly json?: string | undefined
}

async function measure({ only = '', quick = false, json }: Options): Promise<void> {
  const isWanted = (name: string): boolean => name.includes(only)
  const load = loadavg()[0] ?? 0
  process.stdout.write(
    `${cpus().length} x ${cpus()[0]?.model ?? '?'}, Node ${process.version}, load ${load.toFixed(1)}\n\n`,
  )
  const rows: Row[] = []
  for (const benchmark of BENCHMARKS.filter(({ rows }) => rows.some(isWanted))) {
    process.stderr.write(`${benchmark.name}...\n`)
    rows.push(...(await benchmark.run(quick ? 'quick' : 'full')).filter(({ name }) => isWanted(name)))
  }
  process.stdout.write(`${tableOf(rows)}\n`)
  if (json !== undefined) writeFileSync(json, jsonOf(rows))
}

function refuse(reason: string, exitCode: number): void {
  process.stderr.write(`bench: ${reason}\n`)
  process.exitCode = exitCode
}

function optionsOf(args: string[]): (Options & { help?: boolean | undefined }) | Error {
  try {
    const options = {
      only: { type: 'string' },
      quick: { type: 'boolean' },
      json: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    } as const
    return parseArgs({ args, options }).values
  } catch (error) {
    return error as Error
  }
}

const options = optionsOf(process.argv.slice(2))
const names = BENCHMARKS.flatMap(({ rows }) => rows)
if (options instanceof Error) {
  refuse(`${options.message}\nTry: npm run bench -- --help`, 64)
} else if (options.help === true) {
  process.stdout.write(HELP)
} else if (!existsSync(IOSED)) {
  refuse('there is no build in dist/ to measure. Run: npm run build', 69)
} else if (!names.some((name) => name.includes(options.only ?? ''))) {
  refuse(`no row is named '${options.only ?? ''}'; there are\n  ${names.join('\n  ')}`, 64)
} else {
  await measure(options)
}
