import assert from 'node:assert/strict'
import test from 'node:test'
import { EventAssembler, MAX_EVENT, MAX_LINE, type ServerEvent } from '../../src/client/sse.ts'

// Examples of the kind in WHATWG HTML, section 9.2.6, with every line end.
const STREAM = Buffer.from(
  'event: slots\ndata: [1]\n\n: still here\r\n\r\ndata: one\rdata:two\r\revent: slot\r\nid: 7\r\ndata: "\u00e9\u20ac\ud83d\ude00"\r\n\r\nevent: none\n\nda: x\ndata\n\n',
)
const EVENTS: readonly ServerEvent[] = [
  { name: 'slots', data: '[1]' },
  { name: 'message', data: 'one\ntwo' },
  { name: 'slot', data: '"\u00e9\u20ac\ud83d\ude00"' },
  { name: 'message', data: '' },
]

test('sse: every split of a stream in two gives the same events', () => {
  for (let at = 0; at <= STREAM.length; at++) {
    const assembler = new EventAssembler()
    const events = [...assembler.push(STREAM.subarray(0, at)), ...assembler.push(STREAM.subarray(at))]
    assert.deepEqual(events, EVENTS, `split at ${at}`)
  }
})

test('sse: byte by byte gives the same events', () => {
  const assembler = new EventAssembler()
  assert.deepEqual(
    [...STREAM].flatMap((byte) => assembler.push(Uint8Array.of(byte))),
    EVENTS,
  )
})

test('sse: a line as long as may be is taken, one more character is not, ended or not', () => {
  const longest = `data:${'x'.repeat(MAX_LINE - 5)}`
  const [event] = new EventAssembler().push(Buffer.from(`${longest}\n\n`))
  assert.equal(event?.data.length, MAX_LINE - 5)
  for (const text of [`${longest}x\n\n`, `${longest}x`]) {
    assert.throws(() => new EventAssembler().push(Buffer.from(text)), { code: 'client.protocol' })
  }
})

test('sse: an event as long as may be is taken, one more character is not', () => {
  const line = `data:${'x'.repeat(MAX_LINE / 2)}\n`
  const lines = MAX_EVENT / (MAX_LINE / 2)
  const assembler = new EventAssembler()
  assert.equal(assembler.push(Buffer.from(`${line.repeat(lines)}\n`)).length, 1)
  assert.equal(assembler.push(Buffer.from(`${line.repeat(lines)}\n`)).length, 1)
  assert.throws(() => assembler.push(Buffer.from(`${line.repeat(lines)}data:x\n`)), {
    code: 'client.protocol',
  })
})
