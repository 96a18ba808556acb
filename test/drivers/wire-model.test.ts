// Exchanges over a wire on which transfers go wrong.

import assert from 'node:assert/strict'
import test from 'node:test'
import { runFaulty } from '../support/faulty-wire.ts'
import { Random } from '../support/random.ts'

for (const framing of ['nxp', 'gp'] as const) {
  for (const busy of ['nack', 'zero-bytes'] as const) {
    test(`wire: over ${framing} with ${busy}, no APDU is lost, doubled or mixed up at 1 % faults`, async () => {
      const { delivered, failed } = await runFaulty(new Random(1), {
        framing,
        busy,
        rate: 0.01,
        exchanges: 2_500,
      })
      const failures = [...failed.values()].reduce((sum, count) => sum + count, 0)
      assert.equal(delivered + failures, 2_500)
      assert.ok(failures < 250, `${failures} failed: ${JSON.stringify([...failed])}`)
    })
  }
}

test('wire: at 10 % faults some exchanges fail, each with its cause, and still none is done twice', async () => {
  for (const framing of ['nxp', 'gp'] as const) {
    const run = { framing, busy: 'nack', rate: 0.1, exchanges: 2_000 } as const
    const { delivered, failed } = await runFaulty(new Random(2), run)
    assert.ok(failed.size > 0 && delivered > 1_500, `${delivered} delivered, ${JSON.stringify([...failed])}`)
  }
})
