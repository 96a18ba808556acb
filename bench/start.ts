// From the start of the process to all listeners ready, against a Node process that does nothing.

import { spawnSync } from 'node:child_process'
import { startGateway } from './child.ts'
import { type Benchmark, median, percentile } from './row.ts'

export const start: Benchmark = {
  name: 'start',
  async run() {
    const [gateway, bare]: [number[], number[]] = [[], []]
    for (let turn = 0; turn < TURNS; turn++) {
      const running = await startGateway()
      gateway.push(running.startMs)
      await running.stop()
      const startedAt = performance.now()
      spawnSync(process.execPath, ['-e', '0'])
      bare.push(performance.now() - startedAt)
    }
    const [value, reference] = [median(gateway), median(bare)]
    return [
      { name: 'start of a bare Node process (floor)', unit: 'ms', value: reference },
      {
        name: 'start to gateway.ready, default configuration',
        unit: 'ms',
        value,
        p50: value,
        p99: percentile(gateway, 0.99),
        reference,
        ratio: value / reference,
        remark: 'aim: under 500 ms',
      },
    ]
  },
}

const TURNS = 10
