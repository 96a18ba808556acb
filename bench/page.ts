// The status page: what it weighs, and how long a person waits for the first state of a slot.

import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { isBrowserMissing, PageBench } from '../test/support/browser.ts'
import { startGateway } from './child.ts'
import { type Benchmark, missingRow, type Row, rowOf, withRatio } from './row.ts'

const NAMES = { weight: 'page: weight', first: 'page: time to first state' } as const

export const page: Benchmark = {
  name: 'page',
  rows: Object.values(NAMES),
  async run(pace) {
    return [weight(), await firstState(TURNS[pace])]
  },
}

function weight(): Row {
  const sizes = readdirSync(FOLDER).map((name) => statSync(join(FOLDER, name)).size)
  const value = sizes.reduce((sum, size) => sum + size, 0)
  const remark = `${sizes.length} files, as they are sent; reference: the limit`
  return withRatio({ name: NAMES.weight, unit: 'bytes', value, reference: MAX_BYTES, remark })
}

async function firstState(turns: number): Promise<Row> {
  if (isBrowserMissing !== false) return missingRow(NAMES.first, isBrowserMissing)
  await using gateway = await startGateway()
  const url = `http://${gateway.statusAddress}/`
  await using bench = await PageBench.open(url)
  const samples: number[] = []
  for (let turn = 0; turn < turns; turn++) {
    const startedAt = performance.now()
    await bench.goto(url)
    samples.push(performance.now() - startedAt)
  }
  const remark = 'Chromium, from its address to the first slot with its state; aim: under 1000 ms'
  return rowOf({ name: NAMES.first, unit: 'ms', samples, remark })
}

const FOLDER = join(import.meta.dirname, '../dist/status/page')
const MAX_BYTES = 60_000
const TURNS = { full: 20, quick: 3 }
