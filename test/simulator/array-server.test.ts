import assert from 'node:assert/strict'
import { connect } from 'node:net'
import test, { type TestContext } from 'node:test'
import { hexOf } from '../../src/base/hex.ts'
import { bytesReplyOf } from '../../src/simulator/array-lines.ts'
import type { ArrayCard, ArrayServer } from '../../src/simulator/array-server.ts'
import type { CardAnswer } from '../../src/simulator/card.ts'
import { hex } from '../support/hex-fields.ts'
import { listen } from '../support/simulated-array.ts'
import { until } from '../support/until.ts'

/** Answers as the cards of the reference recording do, with their ATR. */
class RecordedCard implements ArrayCard {
  reset(): Uint8Array {
    return hex('3B 08 73 69 6D 30 30 31 30 31')
  }

  process(apdu: Uint8Array): CardAnswer {
    const [, ins, , , p3 = 0] = apdu
    const data =
      ins === 0xe0 ? apdu.subarray(5) : ins === 0xe2 ? Uint8Array.from({ length: p3 }, (_, i) => i) : []
    return { response: Uint8Array.of(...data, 0x90, 0x00), step: 'other' }
  }
}

/** A connection of the reference client: all that it hears, as one text. */
function client(context: TestContext, array: ArrayServer) {
  const socket = connect({ port: array.port, host: '127.0.0.1', noDelay: true }).setEncoding('latin1')
  context.after(() => socket.destroy())
  let heard = ''
  socket.on('data', (text: string) => (heard += text))
  socket.on('error', () => socket.destroy())
  const hear = async (): Promise<string> => {
    await until(() => heard.endsWith('\n') || socket.destroyed)
    const text = heard
    heard = ''
    return text
  }
  return {
    socket,
    hear,
    say: (line: string): Promise<string> => {
      socket.write(line)
      return hear()
    },
  }
}

async function arrayWith(card: ArrayCard, ...slots: number[]): Promise<ArrayServer> {
  const array = await listen()
  for (const slot of slots) array.insert(slot, card)
  return array
}

const ALL = Array.from({ length: 16 }, (_, index) => 101 + index)
const ATR_LINE = '000 3B0873696D3030313031\r\n'

/** The log of the reference client in racs-transcripts.md, section G: connections, each a greeting and its lines. */
const RECORDING: readonly (readonly (readonly [string, string])[])[] = [
  [['RESET\n', '000 OK\r\n']],
  [['CONTENT\n', '000 101:16:FFFF:0\r\n']],
  [['QUIT\n', '000 bye\r\n']],
  [
    ['FREE 101\n', '000 OK\r\n'],
    ['USE 101\n', ATR_LINE],
    ['FREE 101\n', '000 OK\r\n'],
  ],
  [
    ['FREE 101\n', '000 OK\r\n'],
    ['USE 101\n', ATR_LINE],
    ['apdu 101 00A4040006010203040500\n', '000 9000\r\n'],
    ['tpdu 101 w 80E000000AAAAAAAAAAAAAAAAAAAAA\n', '000 *0AAA9000\r\n'],
    ['tpdu 101 r 80E2000008\n', '000 00010203040506079000\r\n'],
    ['FREE 101\n', '000 OK\r\n'],
  ],
]

test('array server: serves the recording of the reference client, byte for byte', async (context) => {
  // Ten insertions bring the flag back to the 0 of the recording.
  await using array = await arrayWith(new RecordedCard(), ...ALL, ...ALL.slice(0, 4))
  for (const lines of RECORDING) {
    const { hear, say, socket } = client(context, array)
    assert.equal(await hear(), '000 Welcome\r\n')
    for (const [line, reply] of lines) assert.equal(await say(line), reply)
    socket.end()
  }
})

test('array server: a slot is used by one connection, until it frees it or is gone', async (context) => {
  await using array = await arrayWith(new RecordedCard(), 101, 102)
  const [first, second] = [client(context, array), client(context, array)]
  await Promise.all([first.hear(), second.hear()])
  assert.equal(await first.say('USE 101\n'), ATR_LINE)
  for (const line of ['USE 101\n', 'FREE 101\n', 'tpdu 101 r 80E2000001\n']) {
    assert.equal(await second.say(line), '409 slot in use\r\n')
  }
  assert.equal(await second.say('tpdu 102 r 80E2000001\n'), '410 USE first\r\n')
  assert.equal(await second.say('USE 102\n'), ATR_LINE)
  assert.equal(await first.say('FREE 101\n'), '000 OK\r\n')
  assert.equal(await second.say('USE 101\n'), ATR_LINE)
  second.socket.destroy()
  let reply = ''
  while (reply !== ATR_LINE) reply = await first.say('USE 101\n')
})

test('array server: cards that come and go show in CONTENT, and end the use of their slot', async (context) => {
  await using array = await arrayWith(new RecordedCard(), 101, 103)
  const { hear, say } = client(context, array)
  await hear()
  assert.equal(await say('CONTENT\n'), '000 101:16:A000:2\r\n')
  await say('USE 101\n')
  array.insert(101, new RecordedCard())
  assert.equal(await say('CONTENT\n'), '000 101:16:A000:3\r\n')
  assert.equal(await say('tpdu 101 r 80E2000001\n'), '410 USE first\r\n')
  array.remove(103)
  assert.equal(await say('CONTENT\n'), '000 101:16:8000:4\r\n')
  assert.equal(await say('USE 103\n'), '405 empty slot\r\n')
  assert.throws(() => array.insert(117, new RecordedCard()), RangeError)
})

test('array server: apdu brings the whole answer of a T=0 card, tpdu what the card says', async (context) => {
  const answers: Record<string, string> = {
    '00B0000000': '6C 02',
    '00B0000002': '01 02 61 01',
    '00C0000001': '03 90 00',
  }
  const card: ArrayCard = {
    reset: () => hex('3B 00'),
    process: (apdu) => ({ response: hex(answers[hexOf(apdu)] ?? '6D 00'), step: 'other' }),
  }
  await using array = await arrayWith(card, 101)
  const { hear, say } = client(context, array)
  await hear()
  await say('USE 101\n')
  assert.equal(await say('tpdu 101 r 00B0000000\n'), '000 6C02\r\n')
  assert.equal(await say('tpdu 101 r 00B0000002\n'), '000 01026101\r\n')
  assert.equal(await say('apdu 101 00B0000000\n'), '000 0102039000\r\n')
  assert.equal(await say('apdu 101 00A40000\n'), '000 6D00\r\n')
})

test('array server: what is no request is refused, and an endless line ends the connection', async (context) => {
  await using array = await arrayWith(new RecordedCard(), 101)
  const { hear, say, socket } = client(context, array)
  await hear()
  const lines = [
    '',
    'USE',
    'USE 1',
    'USE 101 102',
    'HELLO',
    'CONTENT 101',
    'apdu 101',
    'apdu 101 0',
    'tpdu 101 0087',
  ]
  for (const line of [...lines, 'tpdu 101 r 00870000', 'tpdu 101 w 0087000001', 'tpdu 101 x 0087000000']) {
    assert.equal(await say(`${line}\n`), '500 unknown command\r\n', line)
  }
  assert.equal(await say('USE 117\n'), '404 no such slot\r\n')
  socket.write('A'.repeat(200_000))
  await until(() => socket.destroyed)
})

test('array server: runs of three equal bytes and more are shortened, up to 255 at a time', () => {
  assert.equal(bytesReplyOf(hex('AA AA')), '000 AAAA')
  assert.equal(bytesReplyOf(hex('01 AA AA AA 90 00')), '000 01*03AA9000')
  assert.equal(bytesReplyOf(new Uint8Array(256)), '000 *FF0000')
})
