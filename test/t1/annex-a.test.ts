// The scenarios of ISO/IEC 7816-3 Annex A, under every EDC.

import assert from 'node:assert/strict'
import test from 'node:test'
import { hexOf } from '../../src/base/hex.ts'
import { hasMore, kindOf, sendNumberOf, sNameOf } from '../../src/t1/block.ts'
import { EDC } from '../../src/t1/edc.ts'
import { ISO_T1_LRC, type T1Profile } from '../../src/t1/profile.ts'
import { T1Bench, withEdc } from '../support/t1-bench.ts'
import { annexA, type Step } from '../support/t1-vectors.ts'

const SCENARIOS = annexA()

test('annex a: the file has the scenarios that are known byte by byte, with their LRC', () => {
  assert.equal(SCENARIOS.size, 27)
  for (const steps of SCENARIOS.values()) {
    for (const { from, block, edc } of steps) {
      const [lrc = 0] = withEdc(ISO_T1_LRC, block).subarray(-1)
      assert.equal(edc[0], from === 'card, damaged' ? lrc ^ 0xff : lrc)
    }
  }
})

for (const [number, steps] of SCENARIOS) {
  test(`annex a: scenario ${number}, with LRC and the four CRCs`, () => {
    for (const edc of Object.values(EDC)) play({ ...ISO_T1_LRC, edc }, steps)
  })
}

function play(profile: T1Profile, steps: readonly Step[]): void {
  const bench = new T1Bench(profile)
  bench.machine.configure({ ifsc: 2 })
  let started = 0
  for (const [index, { from, block }] of steps.entries()) {
    if (from !== 'us') {
      bench.card(block, from === 'card' ? 0 : 0xff)
      continue
    }
    if (bench.action?.kind !== 'send') {
      if (bench.action !== undefined) checkAnswer(bench, steps.slice(started, index))
      started = index
      begin(bench, steps.slice(index))
    }
    bench.us(block)
  }
  checkAnswer(bench, steps.slice(started))
}

function begin(bench: T1Bench, steps: readonly Step[]): void {
  const block = steps[0]!.block
  if (kindOf(block[1]!) === 'S') {
    bench.request(sNameOf(bench.profile, block[1]!)!, hexOf(block.subarray(3)))
    return
  }
  const { inf, isComplete } = infOf(steps.filter(({ from }) => from === 'us'))
  // A chain that is aborted would have gone on.
  bench.start(isComplete ? inf : `${inf}0506`)
}

function checkAnswer(bench: T1Bench, steps: readonly Step[]): void {
  if (steps.some(({ block }) => block[1] === 0xc2)) {
    bench.failed('t1.aborted')
    return
  }
  if (kindOf(steps[0]!.block[1]!) === 'S') return void bench.answered(hexOf(steps[0]!.block.subarray(3)))
  bench.delivered(infOf(steps.filter(({ from }) => from === 'card')).inf)
}

/** The INF of a chain of I-blocks, each counted once. */
function infOf(steps: readonly Step[]): { inf: string; isComplete: boolean } {
  let inf = ''
  let last: number | undefined
  for (const { block } of steps) {
    const pcb = block[1]!
    if (kindOf(pcb) !== 'I' || sendNumberOf(pcb) === last) continue
    last = sendNumberOf(pcb)
    inf += hexOf(block.subarray(3))
    if (!hasMore(pcb)) return { inf, isComplete: true }
  }
  return { inf, isComplete: false }
}
