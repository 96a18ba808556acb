// From the start of the process to all listeners ready, against a Node process that does nothing.

import { spawnSync } from 'node:child_process'
import { startGateway } from './child.ts'
import { type Benchmark, median, rowOf } from './row.ts'

const NAMES = { bare: 'start of a bare Node process', gateway: 'start to gateway.ready' } as const

export const start: Benchmark = {
  name: 'start',
  rows: Object.values(NAMES),
  async run(pace) {
    const [gateway, bare]: [number[], number[]] = [[], []]
    // The very first start makes certificates; every other one finds them.
    await gatewayStartMs()
    for (let turn = 0; turn < TURNS[pace]; turn++) {
      gateway.push(await gatewayStartMs())
      const startedAt = performance.now()
      spawnSync(process.execPath, ['-e', '0'])
      bare.push(performance.now() - startedAt)
    }
    const remark = 'default configuration; reference: the bare process; aim: under 500 ms'
    return [
      rowOf({ name: NAMES.bare, unit: 'ms', samples: bare, remark: 'node -e 0, its end included' }),
      rowOf({ name: NAMES.gateway, unit: 'ms', samples: gateway, reference: median(bare), remark }),
    ]
  },
}

async function gatewayStartMs(): Promise<number> {
  await using gateway = await startGateway()
  return gateway.startMs
}

const TURNS = { full: 10, quick: 3 }
