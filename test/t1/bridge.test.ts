import assert from 'node:assert/strict'
import test from 'node:test'
import { InternalError } from '../../src/base/errors.ts'
import { hexOf } from '../../src/base/hex.ts'
import { BRIDGE_TIMEOUT_MS, BridgeMachine } from '../../src/t1/bridge.ts'
import type { T1Action } from '../../src/t1/machine.ts'
import { hex } from '../support/hex-fields.ts'
import { withEdc } from '../support/t1-bench.ts'
import { FRAMES, sectionOf } from '../support/t1-vectors.ts'

const FRAME = FRAMES['bridge']!
const VECTORS = new Map(sectionOf('E').map(([, name = '', block = '']) => [name, hex(block)]))
const SELECT = '00 A4 04 00 00'

function vector(name: string): Uint8Array {
  const block = VECTORS.get(name)
  assert.ok(block !== undefined, name)
  return block
}

function sent(action: T1Action): string {
  assert.ok(action.kind === 'send')
  assert.equal(action.timeoutMs, BRIDGE_TIMEOUT_MS)
  return hexOf(action.block)
}

function codeOf(action: T1Action): string {
  return action.kind === 'failed' ? action.error.code : action.kind
}

/** The bridge sends `block`, which has its EDC. */
function answer(machine: BridgeMachine, block: Uint8Array): T1Action {
  const body = machine.bodyOf(block.subarray(0, 3))
  if (body === undefined) return machine.invalid()
  body.set(block.subarray(3, 3 + body.length))
  return machine.received(block.subarray(0, 3), body)
}

function started(response = new Uint8Array(258)): BridgeMachine {
  const machine = new BridgeMachine()
  assert.equal(sent(machine.start(hex(SELECT), response)), hexOf(vector('APDU req 00A4040000')))
  return machine
}

const damagedAnswer = () => vector('APDU rsp 9000').map((byte, offset) => (offset === 6 ? byte ^ 0xff : byte))

test('bridge: an APDU and its answer (section E)', () => {
  const response = new Uint8Array(258)
  const action = answer(started(response), vector('APDU rsp 9000'))
  assert.deepEqual(action, { kind: 'delivered', length: 2 })
  assert.equal(hexOf(response.subarray(0, 2)), '9000')
})

test('bridge: ATR and echo (section E)', () => {
  const machine = new BridgeMachine()
  assert.equal(sent(machine.getAtr()), hexOf(vector('ATR req')))
  assert.deepEqual(answer(machine, withEdc(FRAME, hex('A5 CF 02 | 80 31'))), { kind: 'delivered', length: 2 })
  assert.equal(hexOf(machine.lastInf), '8031')
  assert.equal(sent(machine.echo(hex('AA 55'))), hexOf(vector('echo req AA55')))
  answer(machine, withEdc(FRAME, hex('A5 C0 02 | AA 55')))
  assert.equal(hexOf(machine.lastInf), 'AA55')
  machine.bodyOf(hex('A5 C0 02'))?.fill(0x11)
  assert.equal(hexOf(machine.lastInf), '1111')
})

test('bridge: a damaged answer is asked for once more, without the question (section E)', () => {
  const machine = started()
  assert.equal(sent(answer(machine, damagedAnswer())), hexOf(vector('R CRC 83')))
  assert.equal(codeOf(answer(machine, vector('APDU rsp 9000'))), 'delivered')
})

test('bridge: a second damaged answer ends the exchange, and only a reset makes the bridge usable', () => {
  const machine = started()
  answer(machine, damagedAnswer())
  assert.equal(codeOf(answer(machine, damagedAnswer())), 't1.edc')
  assert.equal(codeOf(machine.start(hex(SELECT), new Uint8Array(8))), 't1.sequence')
  machine.reset()
  assert.equal(codeOf(machine.start(hex(SELECT), new Uint8Array(8))), 'send')
})

test('bridge: a question that arrived damaged is sent again once (section E)', () => {
  const machine = started()
  assert.equal(sent(answer(machine, vector('SE R 83'))), hexOf(vector('APDU req 00A4040000')))
  assert.equal(codeOf(answer(machine, vector('SE R 83'))), 't1.edc')
})

test('bridge: a question that has been answered is never sent again, also when our request to repeat is lost', () => {
  const machine = started()
  answer(machine, damagedAnswer())
  assert.equal(codeOf(answer(machine, vector('SE R 83'))), 't1.edc')
})

test('bridge: errors of the element end the exchange, and the next one may begin (section E)', () => {
  for (const name of ['SE R 82', 'SE R 81']) {
    const machine = started()
    assert.equal(codeOf(answer(machine, vector(name))), 't1.aborted')
    assert.equal(codeOf(machine.start(hex(SELECT), new Uint8Array(8))), 'send')
  }
})

test('bridge: silence is not followed by anything, since the element may have executed the command', () => {
  assert.equal(codeOf(started().silence()), 't1.silent')
})

test('bridge: FF in PCB or LEN, another NAD or another kind are errors', () => {
  for (const prologue of ['A5 FF 00', 'A5 C1 FF', '5A C1 02', '00 C1 02', 'A5 C1']) {
    const machine = started()
    assert.equal(machine.bodyOf(hex(prologue)), undefined)
    assert.equal(sent(machine.invalid()), hexOf(vector('R CRC 83')))
    assert.equal(codeOf(machine.invalid()), 't1.malformed')
  }
  assert.equal(codeOf(answer(started(), withEdc(FRAME, hex('A5 C0 00')))), 't1.sequence')
})

test('bridge: commands of 253, 254 and 255 bytes go, one more does not; answers go up to 254', () => {
  for (const length of [253, 254, 255]) {
    const machine = new BridgeMachine()
    const command = new Uint8Array(length).fill(0x5a)
    const block = sent(machine.start(command, new Uint8Array(258)))
    assert.equal(block, hexOf(withEdc(FRAME, Uint8Array.of(0x5a, 0xc1, length, ...command))))
  }
  const machine = new BridgeMachine()
  assert.equal(codeOf(machine.start(new Uint8Array(256), new Uint8Array(258))), 't1.oversize')
  assert.equal(codeOf(machine.echo(new Uint8Array(255))), 't1.oversize')
  machine.start(hex(SELECT), new Uint8Array(258))
  const long = withEdc(FRAME, Uint8Array.of(0xa5, 0xc1, 254, ...new Uint8Array(254)))
  assert.deepEqual(answer(machine, long), { kind: 'delivered', length: 254 })
})

test('bridge: an answer that fills its room is delivered, a longer one fails', () => {
  for (const room of [1, 2, 3, 4]) {
    const action = answer(started(new Uint8Array(room)), vector('APDU rsp 9000'))
    assert.equal(codeOf(action), room < 2 ? 't1.overflow' : 'delivered')
  }
})

test('bridge: a command in the scratch is sent from where it lies, any other is left alone (clobber)', () => {
  const machine = new BridgeMachine()
  machine.scratch.set(hex(SELECT))
  const action = machine.start(machine.scratch.subarray(0, 5), new Uint8Array(8))
  assert.ok(action.kind === 'send')
  machine.scratch.fill(0x77)
  assert.equal(hexOf(action.block.subarray(3, 8)), '7777777777')
  const large = new Uint8Array(32).fill(0xee)
  machine.reset()
  machine.start(large.subarray(8, 13), new Uint8Array(8))
  assert.ok(large.every((byte) => byte === 0xee))
})

test('bridge: the answer is read in place when there is room for its EDC (clobber)', () => {
  const response = new Uint8Array(8)
  const machine = started(response)
  const body = machine.bodyOf(hex('A5 C1 06'))
  assert.ok(body?.buffer === response.buffer && body.length === 8)
  response.fill(0x44)
  assert.ok(body.every((byte) => byte === 0x44))
  assert.ok(machine.bodyOf(hex('A5 C1 07'))?.buffer !== response.buffer)
  assert.ok(machine.bodyOf(hex('A5 83 00'))?.buffer !== response.buffer)
})

test('bridge: an exchange that is given up leaves an answer behind, so a reset is asked for', () => {
  const machine = started()
  assert.equal(codeOf(machine.getAtr()), 't1.sequence')
  assert.throws(() => machine.silence(), InternalError)
  assert.throws(() => machine.invalid(), InternalError)
})
