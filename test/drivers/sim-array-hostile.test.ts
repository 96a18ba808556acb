import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import test from 'node:test'
import { ApduError } from '../../src/apdu/errors.ts'
import { hexOf } from '../../src/base/hex.ts'
import { ElementError, LinkError } from '../../src/drivers/errors.ts'
import { drive, plainReplyTo, rogue, slotOf } from '../support/array-bench.ts'
import { hex } from '../support/hex-fields.ts'
import { ManualClock, settle } from '../support/manual-clock.ts'
import { until } from '../support/until.ts'

const FOREVER = Number.POSITIVE_INFINITY
const READ = hex('00 B0 00 00 02')
const hasCode =
  (code: string, text = /./) =>
  (error: unknown) =>
    (error instanceof LinkError || error instanceof ElementError || error instanceof ApduError) &&
    error.code === code &&
    text.test(error.message)

/** An array with a card in 101, whose answers to the lines of `verb` are in the test's hands. */
async function world(verb: string, answer: (line: string, socket: Socket) => string | undefined) {
  const lines: string[] = []
  let isHostile = true
  const array = await rogue((line, socket) => {
    if (line !== '' && line !== 'CONTENT') lines.push(line)
    return isHostile && line !== '' && line.startsWith(verb) ? answer(line, socket) : plainReplyTo(line)
  })
  const clock = new ManualClock()
  const driven = await drive(array.port, { clock })
  return {
    ...{ array, clock, lines, reports: driven.reports, send: driven.send.bind(driven) },
    element: driven.reports.element('array-101'),
    /** From now on the array behaves. */
    relent: () => (isHostile = false),
    async [Symbol.asyncDispose]() {
      await driven[Symbol.asyncDispose]()
      await array[Symbol.asyncDispose]()
    },
  }
}

async function calm(): Promise<void> {
  for (let count = 0; count < 50; count++) await settle()
}

for (const [title, answer, code] of [
  ['closes in the middle of a line', '000 90', 'link.closed'],
  ['sends garbage', '\x00\xff\r\n', 'link.closed'],
  ['sends a run without its byte', '000 *0A\r\n', 'link.closed'],
  ['sends a run of no bytes', '000 *00AA9000\r\n', 'link.closed'],
  ['sends half a byte', '000 900\r\n', 'link.closed'],
  ['sends more than any response has', `000 ${'*FF00'.repeat(258)}\r\n`, 'link.closed'],
  ['sends a line without end', 'A'.repeat(200_000), 'link.closed'],
  ['refuses', '500 what\r\n', 'link.nack'],
  ['sends no status word', '000 90\r\n', 'apdu.malformed'],
  ['sends nothing at all', '000\r\n', 'apdu.malformed'],
  ['sends more than was asked for', '000 0102039000\r\n', 'apdu.malformed'],
] as const) {
  test(`sim array: ${title}: the command fails, and after a reset all is well`, async () => {
    await using hostile = await world('tpdu', (_line, socket) => {
      if (!title.startsWith('closes')) return answer
      socket.end(answer)
      return undefined
    })
    const { element } = hostile
    await element.reset('cold', FOREVER)
    await assert.rejects(hostile.send('array-101', READ, FOREVER), hasCode(code))
    await assert.rejects(hostile.send('array-101', READ, FOREVER), hasCode('element.mute'))
    hostile.relent()
    await element.reset('cold', FOREVER)
    assert.equal(hexOf(await hostile.send('array-101', READ, FOREVER)), '9000')
    assert.equal(hostile.lines.filter((line) => line.includes(hexOf(READ))).length, 2)
  })
}

test('sim array: the cause of a run that cannot be read is in the error', async () => {
  await using hostile = await world('tpdu', () => '000 *00AA9000\r\n')
  await hostile.element.reset('cold', FOREVER)
  await assert.rejects(hostile.send('array-101', READ, FOREVER), (error: unknown) => {
    assert.ok(error instanceof LinkError && error.cause instanceof RangeError)
    return error.cause.message.includes('*00AA9000')
  })
})

test('sim array: a reply after its deadline is never taken for that of the next command', async () => {
  const late: Socket[] = []
  await using hostile = await world('tpdu', (_line, socket) => {
    late.push(socket)
    return undefined
  })
  const { element, clock } = hostile
  await element.reset('cold', FOREVER)
  const failing = assert.rejects(hostile.send('array-101', READ, 500), hasCode('link.timeout'))
  await until(() => late.length === 1)
  await clock.advanceTo(500)
  await failing
  late[0]?.write('000 DEAD9000\r\n')
  hostile.relent()
  await element.reset('cold', FOREVER)
  assert.equal(hexOf(await hostile.send('array-101', READ, FOREVER)), '9000')
})

test('sim array: an array that refuses tpdu is asked by apdu from the next command on, nothing twice', async () => {
  await using hostile = await world('tpdu', () => '500 unknown command\r\n')
  const { element, lines } = hostile
  await element.reset('cold', FOREVER)
  await assert.rejects(hostile.send('array-101', READ, FOREVER), hasCode('link.nack', /refused tpdu/))
  await element.reset('cold', FOREVER)
  assert.equal(hexOf(await hostile.send('array-101', READ, FOREVER)), '9000')
  const commands = lines.filter((line) => line.includes('pdu'))
  assert.deepEqual(commands, ['tpdu 101 r 00B0000002', 'apdu 101 00B0000002'])
})

for (const [title, answer, code] of [
  ['has no ATR', '000\r\n', 'element.mute'],
  ['has an ATR of half a byte', '000 3B0\r\n', 'link.closed'],
  ['does not give the slot', '409 taken\r\n', 'link.nack'],
] as const) {
  test(`sim array: USE ${title}: the reset fails, and the element comes back by itself`, async () => {
    await using hostile = await world('USE', () => answer)
    const { element, clock, reports } = hostile
    await assert.rejects(element.reset('cold', FOREVER), hasCode(code))
    hostile.relent()
    await calm()
    await clock.advanceBy(2000)
    await until(() => reports.events.length === 3)
    assert.deepEqual(reports.events, ['+array-101', '-array-101', '+array-101'])
    assert.equal(hexOf(await reports.element('array-101').reset('cold', FOREVER)), '3B00')
  })
}

test('sim array: a connection lost between two commands fails the second one, and no other slot notices', async () => {
  await using array = await rogue((line) => (line === 'CONTENT' ? '000 101:4:C:0\r\n' : plainReplyTo(line)))
  const clock = new ManualClock()
  await using driven = await drive(array.port, { clock })
  const seids = ['array-101', 'array-102']
  for (const seid of seids) {
    await driven.reports.element(seid).reset('cold', FOREVER)
    await driven.send(seid, READ, FOREVER)
  }
  // The inventory's connection came first, then one for each element.
  ;[...array.sockets][1]?.destroy()
  await calm()
  await assert.rejects(driven.send('array-101', READ, FOREVER), hasCode('link.closed'))
  assert.equal(hexOf(await driven.send('array-102', READ, FOREVER)), '9000')
  ;[...array.sockets][0]?.destroy()
  await calm()
  await clock.advanceBy(2000)
  await calm()
  assert.equal(hexOf(await driven.send('array-102', READ, FOREVER)), '9000')
  assert.deepEqual(driven.reports.events, ['+array-101', '+array-102'])
})

test('sim array: a slot that takes its time keeps no other one waiting', async () => {
  const slow: Socket[] = []
  await using array = await rogue((line, socket) => {
    if (line === 'CONTENT') return '000 101:4:C:0\r\n'
    if (!line.startsWith('tpdu 101')) return plainReplyTo(line)
    slow.push(socket)
    return undefined
  })
  await using driven = await drive(array.port, { clock: new ManualClock() })
  for (const seid of ['array-101', 'array-102']) await driven.reports.element(seid).reset('cold', FOREVER)
  const response = new Uint8Array(258)
  const first = driven.reports.element('array-101').transmit(READ, response, FOREVER)
  await until(() => slow.length === 1)
  assert.equal(hexOf(await driven.send('array-102', READ, FOREVER)), '9000')
  slow[0]?.write('000 01026A82\r\n')
  assert.equal(hexOf(response.subarray(0, await first)), '01026A82')
})

for (const [title, content] of [
  ['stops answering', undefined],
  ['refuses', '500 no\r\n'],
  ['names slots that cannot be', '000 100:4:F:0\r\n'],
  ['has a map of the wrong length', '000 101:4:FF:0\r\n'],
] as const) {
  test(`sim array: CONTENT ${title}: elements leave, and are back when the inventory is`, async () => {
    let isHostile = false
    await using array = await rogue((line) =>
      isHostile && line === 'CONTENT' ? content : plainReplyTo(line),
    )
    const clock = new ManualClock()
    await using driven = await drive(array.port, { clock })
    const { events } = driven.reports
    isHostile = true
    for (let step = 0; events.length === 1; step++) {
      assert.ok(step < 100)
      await clock.advanceBy(100)
      await calm()
    }
    isHostile = false
    let waitedMs = 0
    for (; events.length === 2; waitedMs += 100) {
      assert.ok(waitedMs < 3000)
      await clock.advanceBy(100)
      await calm()
    }
    assert.deepEqual(events, ['+array-101', '-array-101', '+array-101'])
  })
}

test('sim array: a slot that the array does not have never arrives', async () => {
  await using array = await rogue(plainReplyTo)
  await using driven = await drive(array.port, {
    clock: new ManualClock(),
    slots: [slotOf(105), slotOf(101)],
  })
  assert.deepEqual(driven.reports.events, ['+array-101'])
})

test('sim array: closed while calls are under way, the driver leaves no timer, connection or call behind', async () => {
  let asked = 0
  await using array = await rogue((line) => {
    if (!line.startsWith('tpdu')) return plainReplyTo(line)
    asked++
    return undefined
  })
  const clock = new ManualClock()
  const driven = await drive(array.port, { clock })
  await driven.reports.element('array-101').reset('cold', FOREVER)
  const failing = assert.rejects(driven.send('array-101', READ, FOREVER), hasCode('element.gone'))
  await until(() => asked === 1)
  await driven[Symbol.asyncDispose]()
  await failing
  assert.equal(clock.pending, 0)
  await until(() => array.sockets.size === 0)
})
