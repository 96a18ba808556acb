import assert from 'node:assert/strict'
import test from 'node:test'
import { hexOf } from '../../src/base/hex.ts'
import { infOfIfs, RULES, type Situation, type T1Event } from '../../src/t1/rules.ts'

const SITUATIONS: readonly Situation[] = ['chain', 'last', 'answer', 'request', 'aborting']
const EVENTS: readonly T1Event[] = [
  ...(['damaged', 'malformed', 'silent', 'i-next', 'i-other', 'r-same', 'r-next'] as const),
  ...(['s-answer', 's-stray', 'wtx', 'ifs', 'abort', 'resynch'] as const),
]

test('rules: every situation and event has exactly one rule, and only a request has an answer', () => {
  for (const situation of SITUATIONS) {
    for (const event of EVENTS) {
      const matching = RULES.filter(
        (rule) => rule.situations.includes(situation) && rule.events.includes(event),
      )
      const expected = event === 's-answer' && situation !== 'request' ? 0 : 1
      assert.equal(matching.length, expected, `${situation}, ${event}`)
    }
  }
})

test('rules: every rule says where it is written', () => {
  for (const { source } of RULES) assert.match(source, /^rules? \d/)
})

test("t1: INF of S(IFS) is one byte up to FE, and two from FF on (T=1')", () => {
  assert.deepEqual([1, 0xfe, 0xff, 4089].map(infOfIfs).map(hexOf), ['01', 'FE', '00FF', '0FF9'])
})
