// What the gateway is for, where the element itself would be lost: somebody has the wrong keys, and tries again.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { at, blank, DOMAIN, GpBench } from '../support/gp-bench.ts'

let bench: GpBench
before(async () => {
  bench = await GpBench.start(blank('sim5', 'max_key_tries = 4\n') + blank('bare', 'max_key_tries = 3\n'))
})
after(() => bench[Symbol.asyncDispose]())

test('wrong keys three times: the gateway stops them before the element blocks itself, until an operator clears', async () => {
  const wrong = ['list', '--seid', 'sim5', '--key-set', bench.file('wrong.keys', '11'.repeat(16))]
  for (const count of [1, 2, 3]) {
    await bench.fails(
      1,
      new RegExp(`does not have these keys.*Wrong keys in a row: ${count}; after 3 the`, 's'),
      ...wrong,
    )
  }
  // The right keys as well: nobody can know that they are right.
  for (const order of [wrong, ['list', ...at('sim5')]])
    await bench.fails(
      1,
      /3 wrong keys in a row: the element could block itself.*\nNext: .*iose racs tries SEID --clear/s,
      ...order,
    )
  assert.equal(bench.gateway.all('tries.refused', { seid: 'sim5' }).length, 2)
  const cleared = await bench.iose(['racs', 'tries', 'sim5', '--clear'])
  assert.deepEqual([cleared.exitCode, cleared.stdout], [0, 'authentication 0 of 3, verification 0 of 2\n'])
  assert.equal(await bench.done('list', ...at('sim5')), DOMAIN)
})

test('wrong keys on an element that takes only as many as the gateway lets pass: who clears the count finds it blocked', async () => {
  const order = ['list', '--seid', 'bare', '--key-set', bench.file('wrong.keys', '11'.repeat(16))]
  for (let n = 0; n < 3; n++) await bench.gp(...order)
  await bench.iose(['racs', 'tries', 'bare', '--clear'])
  await bench.fails(
    1,
    /INITIALIZE UPDATE: 6983: the key set is blocked: too many failed tries/,
    'list',
    ...at('bare'),
  )
})
