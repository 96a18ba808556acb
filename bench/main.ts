// npm run bench [-- --only PATTERN] [--json FILE]

import { existsSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { IOSED } from './child.ts'
import { handshakes } from './handshakes.ts'
import { hello } from './hello-parse.ts'
import { idle } from './idle.ts'
import { relay } from './relay.ts'
import { type Row, tableOf } from './row.ts'
import { start } from './start.ts'

const HELP = `Usage: npm run bench -- [--only PATTERN] [--json FILE]

Measures and prints a table; every floor and limit in it was measured in the same run.

  --only PATTERN  only benchmarks whose name contains PATTERN: relay, handshakes, hello, idle, start
  --json FILE     also write the rows {name, unit, value, p50, p99, reference, ratio}
`

const { values } = parseArgs({
  options: { only: { type: 'string' }, json: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
})
if (values.help === true) {
  process.stdout.write(HELP)
} else if (!existsSync(IOSED)) {
  process.stderr.write('bench: there is no build to measure. Run: npm run build\n')
  process.exitCode = 1
} else {
  const wanted = [relay, handshakes, hello, idle, start].filter(({ name }) =>
    name.includes(values.only ?? ''),
  )
  process.stdout.write(`${cpus().length} x ${cpus()[0]?.model ?? '?'}, Node ${process.version}\n\n`)
  const rows: Row[] = []
  for (const benchmark of wanted) {
    process.stderr.write(`${benchmark.name}...\n`)
    rows.push(...(await benchmark.run()))
  }
  process.stdout.write(`${tableOf(rows)}\n`)
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(rows, null, 1)}\n`)
}
