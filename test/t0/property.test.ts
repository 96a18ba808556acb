import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { writeCommand } from '../../src/apdu/command.ts'
import { FollowUp, SIM_AND_TLS_SE_RULES } from '../../src/apdu/follow-up.ts'
import { hexOf } from '../../src/base/hex.ts'
import { T0Machine } from '../../src/t0/machine.ts'
import { T0Card } from '../support/t0-card.ts'

/** A command to the card, and every one that the layer above adds. */
function exchange(card: T0Card, command: Uint8Array): string {
  const machine = new T0Machine()
  const output = new Uint8Array(70_000)
  const response = new Uint8Array(65_538)
  const followUp = new FollowUp(output, SIM_AND_TLS_SE_RULES)
  followUp.start(command)
  let next = command
  for (;;) {
    let action = machine.start(next, response)
    while (action.kind === 'send') action = machine.received(card.answer(action.tpdu, action.direction))
    assert.ok(action.kind === 'delivered', action.kind)
    const followed = followUp.received(response.subarray(0, action.length))
    if (followed.kind === 'done') {
      return hexOf(output.subarray(0, followed.length)) + followed.sw.toString(16).toUpperCase()
    }
    next = followed.command.slice()
  }
}

const sizes = (short: number, long: number) =>
  fc.oneof(
    fc.integer({ min: 1, max: short }),
    fc.integer({ min: short - 2, max: short + 2 }),
    fc.integer({ min: 1, max: long }),
  )

const cases = fc.record({
  cla: fc.constantFrom(0x00, 0x03, 0x80, 0x84),
  data: fc.oneof(fc.constant(0), sizes(255, 2_000)).map((length) => new Uint8Array(length).fill(0xa5)),
  ne: fc.oneof(fc.constant(0), sizes(256, 3_000)),
  share: fc.double({ min: 0, max: 1, noNaN: true }),
  sw: fc.constantFrom(0x9000, 0x6281, 0x62f1, 0x6310),
  habit: fc.constantFrom('announces' as const, 'is silent' as const),
  isExact: fc.boolean(),
})

test('t0: with the layer above it, any command to any kind of T=0 card runs once and brings its whole answer', () => {
  const property = fc.property(cases, ({ cla, data, ne, share, sw, habit, isExact }) => {
    const answer = Uint8Array.from({ length: Math.floor(ne * share) }, (_, index) => index % 251)
    const bytes = new Uint8Array(5_000)
    const command = bytes.slice(0, writeCommand(bytes, { cla, ins: 0xcb, p1: 1, p2: 2, data, ne }))
    const runs: string[] = []
    const card = new T0Card(
      (seen) => {
        runs.push(hexOf(seen))
        return { data: answer, sw }
      },
      habit,
      isExact,
    )
    assert.equal(exchange(card, command), hexOf(answer) + sw.toString(16).toUpperCase())
    assert.equal(runs.length, 1)
    const header = hexOf(Uint8Array.of(cla, 0xcb, 1, 2))
    const isEnveloped = data.length > 255
    const whole = data.length === 0 ? header : header + hexOf(Uint8Array.of(data.length)) + hexOf(data)
    assert.equal(runs[0], isEnveloped ? hexOf(command) : whole)
    // Only after a case 4 command that gives nothing, and is silent about it, is a question in vain.
    const isAskedInVain = data.length > 0 && ne > 0 && answer.length === 0
    assert.equal(card.emptyAsks, isAskedInVain ? 1 : 0)
  })
  fc.assert(property, { numRuns: 400, seed: 20260131 })
})
