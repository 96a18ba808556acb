// Judges a report of KiCad's design rules check, given on standard input as JSON.

import { readFileSync } from 'node:fs'

interface Finding {
  readonly type: string
  readonly description: string
  readonly items: readonly { readonly description: string }[]
}

interface Report {
  readonly violations: readonly Finding[]
  readonly schematic_parity: readonly Finding[]
  readonly unconnected_items: readonly Finding[]
}

const report = JSON.parse(readFileSync(0, 'utf8')) as Report
const found = [...report.violations, ...report.schematic_parity]
for (const { type, description, items } of found) {
  process.stderr.write(`${type}: ${description}: ${items.map((item) => item.description).join('; ')}\n`)
}
process.stdout.write(`not routed: ${report.unconnected_items.length} connections\n`)
process.exitCode = found.length === 0 ? 0 : 1
