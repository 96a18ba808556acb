import assert from 'node:assert/strict'
import test from 'node:test'
import { hexOf } from '../../src/base/hex.ts'
import { Inventory } from '../../src/slots/inventory.ts'
import { RecordExchange } from '../../src/tlsse/exchange.ts'
import { AnsweringElement } from '../support/answering-element.ts'
import { hex } from '../support/hex-fields.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { slotEnvironment } from '../support/slot-environment.ts'

interface Rig {
  element: AnsweringElement
  exchange: RecordExchange
}

/** @param answers  one for each command, in order; bare 9000 when they run out */
async function rig(answers: string[], aid?: Uint8Array): Promise<Rig> {
  const clock = new ManualClock()
  const element = new AnsweringElement()
  const inventory = new Inventory(slotEnvironment({ clock, queueLength: 0 }))
  await inventory.arrive({ element, seid: 'sim1', aliases: [], maxRecordBytes: 512, aid }, 'simulator')
  const request = { holder: 'test', deadline: Infinity }
  const lease = await inventory.slots[0]!.acquire(request, new AbortController().signal)
  element.journal.length = 0
  element.answer = () => hex(answers.shift() ?? '90 00')
  return { element, exchange: new RecordExchange(lease) }
}

const RECORD = '17 0303 0001 | ee'
const send = (exchange: RecordExchange, record = hex(RECORD)) => exchange.send(record, Infinity)

test('exchange: a record goes out in fragments of 240, first and last marked in P2, P1 always 00', async () => {
  for (const [length, headers] of [
    [239, ['00D80003EF']],
    [240, ['00D80003F0']],
    [241, ['00D80001F0', '00D8000201']],
    [480, ['00D80001F0', '00D80002F0']],
    [481, ['00D80001F0', '00D80000F0', '00D8000201']],
  ] as const) {
    const { element, exchange } = await rig([])
    const record = Uint8Array.from({ length }, (_, index) => index & 0xff)
    assert.equal((await send(exchange, record)).kind, 'continued')
    assert.deepEqual(
      element.journal.map((command) => command.slice(0, 10)),
      headers,
    )
    assert.equal(element.journal.map((command) => command.slice(10)).join(''), hexOf(record))
    assert.equal(exchange.commands, headers.length)
  }
})

test('exchange: the answer is collected through 61xx and 9Fxx, with and without data', async () => {
  const { element, exchange } = await rig(['61 03', '17 03 03 9F 02', '00 01 9F 01', 'AA 90 00'])
  const outcome = await send(exchange)
  assert.equal(outcome.kind === 'continued' && hexOf(outcome.records), '1703030001AA')
  assert.deepEqual(element.journal.slice(1), ['00C0000003', '00C0000002', '00C0000001'])
})

test('exchange: 6Cxx to a C0 is repeated with the right length, to a D8 the record is lost', async () => {
  const fetched = await rig(['9F 00', '6C 06', '17 03 03 00 01 AA 90 00'])
  assert.equal((await send(fetched.exchange)).kind, 'continued')
  assert.deepEqual(fetched.element.journal.slice(1), ['00C0000000', '00C0000006'])
  const lost = await rig(['6C 1C'])
  assert.deepEqual(await send(lost.exchange), { kind: 'refused', sw: 0x6c1c })
  assert.equal(lost.element.journal.length, 1)
})

test('exchange: 9001 opens, 9002 finishes with its data, any other 90xx goes on, the rest refuses', async () => {
  const answers: [string, string][] = [
    ['90 00', 'continued'],
    ['90 01', 'opened'],
    ['17 03 03 00 01 AA 90 02', 'finished'],
    ['90 7F', 'continued'],
    ['6D 16', 'refused'],
    ['6D 02', 'refused'],
    ['6F 00', 'refused'],
    ['63 C0', 'refused'],
  ]
  for (const [answer, kind] of answers)
    assert.equal((await send((await rig([answer])).exchange)).kind, kind, answer)
})

test('exchange: anything but a bare 9000 to a fragment that is not the last ends the record', async () => {
  for (const answer of ['6D 02', '90 01', '61 02', 'AA 90 00']) {
    const { element, exchange } = await rig([answer])
    assert.equal((await send(exchange, new Uint8Array(300))).kind, 'refused', answer)
    assert.equal(element.journal.length, 1)
  }
})

test('exchange: what is not whole TLS records never leaves the gateway', async () => {
  for (const answer of [
    '00 00 00 00 02 | 41 17 | 90 00',
    '17 03 03 00 02 AA 90 00',
    '41 90 00',
    '17 03 03 00 01 AA 00 90 00',
  ]) {
    await assert.rejects(send((await rig([answer])).exchange), { code: 'element.unsupported' }, answer)
  }
})

test('exchange: an element that always has more is stopped', async () => {
  const { element, exchange } = await rig([])
  element.answer = () => hex('9F 10')
  await assert.rejects(send(exchange), { code: 'apdu.endless' })
  element.answer = () => Uint8Array.of(...new Uint8Array(256), 0x9f, 0)
  await assert.rejects(send(exchange), { code: 'apdu.overflow' })
})

test('exchange: opening selects the configured application and resets its TLS state', async () => {
  const plain = await rig([])
  await plain.exchange.open(Infinity)
  assert.deepEqual(plain.element.journal, ['00D80000'])
  const selected = await rig(['61 10'], hex('01 02 03 04 05 00'))
  await selected.exchange.open(Infinity)
  assert.deepEqual(selected.element.journal, ['00A4040006010203040500', '00D80000'])
  await assert.rejects((await rig(['6A 82'], hex('01 02 03 04 05'))).exchange.open(Infinity), {
    code: 'element.unsupported',
    message: /SELECT answered 6A82/,
  })
  await assert.rejects((await rig(['6D 00'])).exchange.open(Infinity), /TLS reset answered 6D00/)
})
