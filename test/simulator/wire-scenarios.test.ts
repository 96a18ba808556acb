import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { hexOf } from '../../src/base/hex.ts'
import type { WireCardOptions } from '../../src/simulator/wire-card.ts'
import { hex } from '../support/hex-fields.ts'
import { roteCard, WireBench } from '../support/wire-bench.ts'

interface Step {
  readonly kind: 'D>' | 'Dx' | 'C<' | 'Cx'
  readonly block: Uint8Array
}

const FILE = join(import.meta.dirname, '../vectors/wire-scenarios.txt')
const SCENARIOS = readFileSync(FILE, 'utf8')
  .split('\n')
  .filter((line) => /^\d/.test(line))
  .map((line) => {
    const [number = ''] = line.split(' ')
    const steps = line.slice(number.length + 1).split('; ')
    return { number: Number(number), steps: steps.map((step) => stepOf(step)) }
  })

function stepOf(text: string): Step {
  return { kind: text.slice(0, 2) as Step['kind'], block: hex(text.slice(2)) }
}

/** What the card sent, before the way hurt it. */
function sentOf({ kind, block }: Step): string {
  return hexOf(
    kind === 'Cx' ? block.map((byte, at) => (at === block.length - 1 ? byte ^ 0xff : byte)) : block,
  )
}

const RESPONSES: Record<number, readonly string[]> = {
  6: ['F1 F2 F3 F4', 'F5 F6'],
  23: ['F1 F2 F3 F4'],
  24: ['F1 F2 F3 F4'],
  25: ['F1 F2 F3 F4', 'F5 F6'],
  26: ['F1 F2 F3 F4'],
}
const EXECUTED: Record<number, readonly string[]> = {
  1: ['0102', '0304'],
  4: ['0102', '0304'],
  5: ['010203040506'],
  6: ['0102', '0304'],
  7: ['0102', '0304'],
  21: ['010203040506'],
  22: ['010203040506'],
  25: ['0102', '0304'],
  27: [],
  28: [],
  29: [],
  30: [],
  31: [],
  32: [],
}

function optionsOf(number: number, steps: readonly Step[]): Partial<WireCardOptions> {
  const sends = (pcb: number) => steps.some(({ kind, block }) => kind.startsWith('C') && block[1] === pcb)
  const responses = (RESPONSES[number] ?? ['F1 F2', 'F3 F4']).map(hex)
  return {
    card: roteCard(responses),
    ifsd: 2,
    endsEmpty: (response) => number === 7 && response === responses[0],
    ...(sends(0xc3) ? { latency: () => 10, wtxEveryMs: 6, wtxMultiplier: 0x10 } : {}),
    ...(sends(0xc1) ? { asksIfsc: 0x79 } : {}),
    ...(sends(0xc2) ? { aborts: { chain: number === 26 ? 'response' : 'command', atBlock: 2 } } : {}),
  }
}

test('wire: the scenarios are there, each begun by the device', () => {
  assert.equal(SCENARIOS.length, 34)
  assert.ok(SCENARIOS.every(({ steps }) => steps.length >= 2 && steps[0]?.kind.startsWith('D')))
})

for (const { number, steps } of SCENARIOS) {
  test(`wire: the card keeps to scenario ${number} of ISO/IEC 7816-3 Annex A`, async () => {
    const bench = new WireBench({ framing: 'iso', ...optionsOf(number, steps) })
    for (let at = 0; at < steps.length; at += 2) {
      const [said, answered] = [steps[at]!, steps[at + 1]!]
      assert.equal(await bench.exchange(said.block, 1), sentOf(answered), `step ${at + 1}`)
    }
    assert.deepEqual(bench.executed, EXECUTED[number] ?? ['0102'])
  })
}
