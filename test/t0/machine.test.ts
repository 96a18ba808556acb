import assert from 'node:assert/strict'
import test from 'node:test'
import { MAX_COMMAND_BYTES, writeCommand } from '../../src/apdu/command.ts'
import { InternalError } from '../../src/base/errors.ts'
import { hexOf } from '../../src/base/hex.ts'
import { T0Machine } from '../../src/t0/machine.ts'
import { hex } from '../support/hex-fields.ts'
import { outcomeOf, play, type TpduExchange } from '../support/t0-bench.ts'

test('t0: commands whose lengths contradict each other, and headers that T=0 cannot carry, are refused', () => {
  const commands = ['', '00 A4 00', '00 A4 00 00 02 A1', '00 A4 00 00 00 00', '00 A4 00 00 00 00 00 01 02']
  const headers = ['FF CA 00 00 00', '00 60 00 00', '00 6F 00 00', '00 90 00 00', '00 9F 00 00 00']
  for (const command of [...commands, ...headers]) {
    assert.equal(play(hex(command), []), 'apdu.malformed', command)
  }
})

function commandWith(nc: number, ne: number): Uint8Array {
  const bytes = new Uint8Array(MAX_COMMAND_BYTES)
  return bytes.subarray(
    0,
    writeCommand(bytes, { cla: 0, ins: 0xcb, p1: 0, p2: 0, data: new Uint8Array(nc), ne }),
  )
}

/** How many TPDUs go out until a card that says 9000 to everything, with all data it can, has had the command. */
function sentFor(nc: number, ne: number): { writes: number; reads: number; length: number } {
  const machine = new T0Machine()
  const response = new Uint8Array(65_538)
  const counts = { writes: 0, reads: 0 }
  let action = machine.start(commandWith(nc, ne), response)
  let left = ne
  while (action.kind === 'send') {
    if (action.direction === 'read') counts.reads++
    else counts.writes++
    const asked = action.direction === 'read' ? action.tpdu[4] || 256 : 0
    left -= asked
    const isFirstOfCase4 = asked === 0 && ne > 0
    const more = left > 0 ? [0x61, Math.min(left, 256) & 0xff] : [0x90, 0]
    const sw = isFirstOfCase4 && action.tpdu[1] !== 0xc2 ? [0x61, Math.min(ne, 256) & 0xff] : more
    const isPiece = action.tpdu[1] === 0xc2 && action.tpdu.length > 5
    action = machine.received(Uint8Array.of(...new Uint8Array(asked), ...(isPiece ? [0x90, 0] : sw)))
  }
  assert.ok(action.kind === 'delivered')
  return { ...counts, length: action.length }
}

test('t0: lengths at their limits and one beyond take the TPDUs they need', () => {
  assert.deepEqual(sentFor(255, 0), { writes: 1, reads: 0, length: 2 })
  // 263 bytes in two envelopes, and the empty one.
  assert.deepEqual(sentFor(256, 0), { writes: 3, reads: 0, length: 2 })
  // 65542 bytes in 258 envelopes, and the empty one.
  assert.deepEqual(sentFor(65_535, 0), { writes: 259, reads: 0, length: 2 })
  assert.deepEqual(sentFor(0, 256), { writes: 0, reads: 1, length: 258 })
  assert.deepEqual(sentFor(0, 257), { writes: 0, reads: 2, length: 259 })
  assert.deepEqual(sentFor(0, 65_535), { writes: 0, reads: 256, length: 65_537 })
  assert.deepEqual(sentFor(0, 65_536), { writes: 0, reads: 256, length: 65_538 })
  assert.deepEqual(sentFor(255, 257), { writes: 1, reads: 2, length: 259 })
  assert.deepEqual(sentFor(65_535, 65_536), { writes: 259, reads: 256, length: 65_538 })
})

/** What ends a command whose every TPDU is answered in turn by `answers`, and after how many. */
function endOf(command: Uint8Array, answers: readonly string[]): { outcome: string; sent: number } {
  const machine = new T0Machine()
  const response = new Uint8Array(65_538)
  let action = machine.start(command, response)
  let sent = 0
  for (; action.kind === 'send'; sent++) action = machine.received(hex(answers[sent % answers.length] ?? ''))
  return { outcome: outcomeOf(action, response), sent }
}

test('t0: a card that announces more for ever is given up after 300 rounds', () => {
  assert.deepEqual(endOf(commandWith(0, 65_536), ['61 10']), { outcome: 'apdu.endless', sent: 301 })
  assert.deepEqual(endOf(commandWith(9, 65_536), ['61 10', '6C 05']), { outcome: 'apdu.endless', sent: 301 })
})

test('t0: an answer that fills the room is taken, one byte more is an overflow, and nothing is written beyond', () => {
  const script: TpduExchange[] = [['r 00 B0 00 00 04', '01 02 03 04 90 00']]
  assert.equal(play(hex('00 B0 00 00 04'), script, 6), '010203049000')
  assert.equal(play(hex('00 B0 00 00 04'), script, 5), 'apdu.overflow')
  assert.equal(play(hex('00 B0 00 00'), [['w 00 B0 00 00 00', '90 00']], 1), 'apdu.overflow')
  const around = new Uint8Array(10).fill(0xee)
  const machine = new T0Machine()
  machine.start(hex('00 B0 00 00 04'), around.subarray(2, 7))
  machine.received(hex('01 02 03 04 90 00'))
  assert.equal(hexOf(around), 'EE'.repeat(10))
})

test('t0: an answer without status word, or with more data than was asked for, is malformed', () => {
  assert.equal(play(hex('00 B0 00 00 02'), [['r 00 B0 00 00 02', '90']]), 'apdu.malformed')
  assert.equal(play(hex('00 B0 00 00 02'), [['r 00 B0 00 00 02', '']]), 'apdu.malformed')
  assert.equal(play(hex('00 B0 00 00 02'), [['r 00 B0 00 00 02', '01 02 03 90 00']]), 'apdu.malformed')
})

test('t0: an answer to no TPDU is our own bug, before the first command and after the end of one', () => {
  const machine = new T0Machine()
  assert.throws(() => machine.received(hex('90 00')), InternalError)
  machine.start(hex('00 D8 00 00'), new Uint8Array(2))
  machine.received(hex('90 00'))
  assert.throws(() => machine.received(hex('90 00')), InternalError)
})

test('t0: nothing of one command is left for the next, and answers are not looked at after the call', () => {
  const machine = new T0Machine()
  const response = new Uint8Array(16)
  machine.start(hex('00 A4 00 00 02 A1 A2 00'), response)
  machine.received(hex('62 81'))
  machine.start(hex('00 A4 00 00 02 A1 A2 00'), response)
  const answer = hex('62 82')
  assert.equal(machine.received(answer).kind, 'send')
  answer.fill(0xff)
  assert.equal(outcomeOf(machine.received(hex('6F 00')), response), '6282')
  machine.start(hex('00 20 00 00'), response)
  assert.equal(outcomeOf(machine.received(hex('63 C2')), response), '63C2')
})
