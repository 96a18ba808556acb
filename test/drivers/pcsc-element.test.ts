import assert from 'node:assert/strict'
import test from 'node:test'
import { ElementError, LinkError } from '../../src/drivers/errors.ts'
import { PcscElement } from '../../src/drivers/pcsc-element.ts'
import { hex } from '../support/hex-fields.ts'
import { ManualClock, settle } from '../support/manual-clock.ts'
import { RESET_OF_T1, ScriptedSession } from '../support/scripted-cards.ts'

const GET = hex('00 b0 00 00 02')
const FIRST = hex('0101 9000')
const SECOND = hex('0202 9000')

interface Bench {
  readonly element: PcscElement
  readonly session: ScriptedSession
  readonly clock: ManualClock
  readonly taken: string[]
}

function bench(isFree = Promise.resolve()): Bench {
  const [session, clock, taken] = [new ScriptedSession(), new ManualClock(), [] as string[]]
  const onTaken = (): unknown => taken.push('taken')
  return { element: new PcscElement({ name: 'r1', session, isFree, clock, onTaken }), session, clock, taken }
}

async function resetOf({ element, session }: Bench, outcome = RESET_OF_T1): Promise<void> {
  const atr = element.reset('cold', 1000)
  await settle()
  session.settle(outcome)
  assert.deepEqual(await atr, outcome.atr)
}

test('pcsc element: a command goes out as it is, its answer lands in the buffer of the caller', async () => {
  const b = bench()
  await resetOf(b)
  const response = new Uint8Array(258)
  const length = b.element.transmit(GET, response, 1000)
  await settle()
  b.session.settle(FIRST)
  assert.equal(await length, 4)
  assert.deepEqual(response.subarray(0, 4), FIRST)
  assert.deepEqual(b.session.calls, ['cold', '00b0000002 258'])
  assert.equal(b.clock.pending, 0)
})

test('pcsc element: at the deadline the call ends, the element is stuck until PC/SC is done', async () => {
  const b = bench()
  await resetOf(b)
  const response = new Uint8Array(258)
  const late = b.element.transmit(GET, response, 500)
  late.catch(() => undefined)
  await b.clock.advanceTo(499)
  await b.clock.advanceTo(500)
  await assert.rejects(late, { code: 'link.timeout' })
  await b.clock.advanceTo(1700)
  assert.equal(b.element.call?.what, 'a command in the reader of r1')
  assert.equal(b.element.call.since, 0)
  const stuck = { code: 'link.stuck', message: 'r1: still busy with a command of 1700 ms ago' }
  await assert.rejects(b.element.transmit(GET, response, 9000), stuck)
  await assert.rejects(b.element.reset('cold', 9000), stuck)
  await b.element.powerOff()
  assert.deepEqual(b.session.calls, ['cold', '00b0000002 258'], 'nothing else has gone to PC/SC')

  b.session.settle(FIRST)
  await settle()
  assert.equal(b.element.call, undefined)
  assert.deepEqual(response, new Uint8Array(258), 'the late answer is nowhere')
  await assert.rejects(b.element.transmit(GET, response, 9000), { code: 'element.mute' })
  const atr = b.element.reset('cold', 9000)
  await settle()
  b.session.settle(RESET_OF_T1)
  await atr
  const length = b.element.transmit(GET, response, 9000)
  await settle()
  b.session.settle(SECOND)
  assert.equal(await length, 4)
  assert.deepEqual(response.subarray(0, 4), SECOND)
})

test('pcsc element: the end of the element ends the call that waits; the reader is free after it', async () => {
  const b = bench()
  await resetOf(b)
  const length = b.element.transmit(GET, new Uint8Array(258), 1000)
  await settle()
  let isFree = false
  const ended = b.element.end(new ElementError('element.gone', 'pulled')).then(() => (isFree = true))
  await assert.rejects(length, { code: 'element.gone', message: 'pulled' })
  await settle()
  assert.equal(isFree, false)
  assert.ok(!b.session.calls.includes('close'), 'closing would wait for the command')
  b.session.settle(FIRST)
  await ended
  assert.equal(b.session.calls.at(-1), 'close')
  await assert.rejects(b.element.reset('warm', 9000), { code: 'element.gone' })
})

test('pcsc element: a failed command waits 600 ms for word that the card was pulled', async () => {
  for (const outcome of [new ElementError('element.mute', 'silent'), hex('90'), new Uint8Array(0)]) {
    const b = bench()
    await resetOf(b)
    const silent = b.element.transmit(GET, new Uint8Array(258), 5000)
    silent.catch(() => undefined)
    await settle()
    b.session.settle(outcome)
    await b.clock.advanceTo(599)
    assert.equal(b.clock.pending, 2)
    await b.clock.advanceTo(600)
    await assert.rejects(silent, { code: 'element.mute' })

    const pulled = bench()
    await resetOf(pulled)
    const gone = pulled.element.transmit(GET, new Uint8Array(258), 5000)
    gone.catch(() => undefined)
    await settle()
    pulled.session.settle(outcome)
    await pulled.clock.advanceTo(400)
    const ended = pulled.element.end(new ElementError('element.gone', 'pulled'))
    await assert.rejects(gone, { code: 'element.gone' })
    await pulled.clock.advanceTo(600)
    await ended
  }
})

test('pcsc element: after a failure and after power-off, nothing but a reset', async () => {
  const b = bench()
  await assert.rejects(b.element.transmit(GET, new Uint8Array(258), 1000), { code: 'element.mute' })
  await resetOf(b)
  await b.element.powerOff()
  assert.equal(b.session.calls.at(-1), 'close')
  await assert.rejects(b.element.transmit(GET, new Uint8Array(258), 1000), { code: 'element.mute' })
  assert.equal(b.clock.pending, 0)
})

test('pcsc element: over T=0 an extended command goes out in TPDUs', async () => {
  const b = bench()
  await resetOf(b, { ...RESET_OF_T1, protocol: 't0' })
  const response = new Uint8Array(258)
  const length = b.element.transmit(hex('00 a4 04 00 000002 3f00 0100'), response, 1000)
  await settle()
  assert.equal(b.session.calls.at(-1), '00a40400023f00 258')
  b.session.settle(hex('6102'))
  await settle()
  assert.equal(b.session.calls.at(-1), '00c0000002 258')
  b.session.settle(FIRST)
  assert.equal(await length, 4)
  assert.deepEqual(response.subarray(0, 4), FIRST)
})

test('pcsc element: between two TPDUs it stops at the deadline', async () => {
  const b = bench()
  await resetOf(b, { ...RESET_OF_T1, protocol: 't0' })
  const response = new Uint8Array(258)
  const late = b.element.transmit(hex('00 a4 04 00 000002 3f00 0100'), response, 500)
  late.catch(() => undefined)
  await b.clock.advanceTo(500)
  await assert.rejects(late, { code: 'link.timeout' })
  b.session.settle(hex('6102'))
  await settle()
  assert.equal(b.session.calls.at(-1), '00a40400023f00 258')
  assert.deepEqual(response, new Uint8Array(258))
})

test('pcsc element: it says when another program has the card, and only then', async () => {
  for (const [code, taken] of [
    ['link.nack', ['taken']],
    ['link.closed', []],
  ] as const) {
    const b = bench()
    const reset = b.element.reset('cold', 1000)
    reset.catch(() => undefined)
    await settle()
    b.session.settle(new LinkError(code, 'no'))
    await assert.rejects(reset, { code })
    assert.deepEqual(b.taken, taken)
  }
})

test('pcsc element: a reset waits until the element before has let go of the reader', async () => {
  let release: () => void = () => undefined
  const b = bench(new Promise((resolve) => (release = resolve)))
  const reset = b.element.reset('cold', 1000)
  await settle()
  assert.deepEqual(b.session.calls, [])
  release()
  await settle()
  b.session.settle(RESET_OF_T1)
  await reset
  assert.deepEqual(b.session.calls, ['cold'])
})

test('pcsc element: a card that cannot be powered at first is reset again, four times at most', async () => {
  const b = bench()
  const atr = b.element.reset('cold', 5000)
  const mute = new ElementError('element.mute', 'unpowered')
  await settle()
  b.session.settle(mute)
  await b.clock.advanceTo(200)
  b.session.settle(RESET_OF_T1)
  assert.deepEqual(await atr, RESET_OF_T1.atr)
  const failed = b.element.reset('cold', 5000)
  failed.catch(() => undefined)
  await settle()
  for (const now of [400, 600, 800, 1000, 1200]) {
    b.session.settle(now === 600 ? new ElementError('element.absent', 'none') : mute)
    await b.clock.advanceTo(now)
  }
  await assert.rejects(failed, { code: 'element.mute' })
  assert.deepEqual(b.session.calls, new Array<string>(7).fill('cold'))
})
