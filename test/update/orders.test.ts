import assert from 'node:assert/strict'
import test from 'node:test'
import { UPDATE_ERROR_CODES, UpdateError } from '../../src/update/errors.ts'
import {
  cutLine,
  errorOf,
  lineOf,
  MAX_UPDATE_BYTES,
  type Order,
  orderOf,
  type Reply,
  replyOf,
} from '../../src/update/orders.ts'
import { Random } from '../support/random.ts'

const ORDERS: readonly Order[] = [
  { order: 'install', bytes: 0, by: '127.0.0.1:1' },
  { order: 'install', bytes: MAX_UPDATE_BYTES, by: '[2001:db8::1]:65535' },
  { order: 'restart', by: '?:0' },
]
const REPLIES: readonly Reply[] = [
  { reply: 'accepted', version: '1.1.0', slot: 'B', bytes: 1 },
  { reply: 'progress', phase: 'write', bytes: 1 },
  { reply: 'progress', phase: 'check', bytes: 0 },
  { reply: 'done', version: '1.1.0', slot: 'A' },
  { reply: 'refused', code: 'update.busy', cause: 'why' },
]

test('orders: what one side writes the other reads', () => {
  for (const order of ORDERS) assert.deepEqual(orderOf(textOf(order)), order)
  for (const reply of REPLIES) assert.deepEqual(replyOf(textOf(reply)), reply)
})

test('orders: whatever is none is refused', () => {
  for (const line of [
    ...['', '{', 'null', '[]', '"restart"', '{"order":"wipe","by":"x"}', '{"order":"restart"}'],
    ...[
      '{"order":"restart","by":""}',
      '{"order":"restart","by":"a\\nb"}',
      `{"order":"restart","by":"${'x'.repeat(81)}"}`,
    ],
    ...['{"order":"install","by":"x"}', '{"order":"install","by":"x","bytes":-1}'],
    ...['{"order":"install","by":"x","bytes":1.5}', '{"order":"install","by":"x","bytes":"1"}'],
  ]) {
    assert.throws(() => orderOf(line), codeIs('update.malformed'), line)
    assert.throws(() => replyOf(line), codeIs('update.unanswered'), line)
  }
  for (const line of [
    '{"reply":"accepted","version":"1","slot":"C","bytes":1}',
    '{"reply":"progress","phase":"wipe","bytes":1}',
    '{"reply":"done","slot":"A"}',
    '{"reply":"refused","code":1,"cause":"x"}',
  ]) {
    assert.throws(() => replyOf(line), codeIs('update.unanswered'), line)
  }
  const random = new Random(4)
  for (let n = 0; n < 500; n++) {
    const line = Buffer.from(random.bytes(random.int(200))).toString('latin1')
    assert.throws(() => orderOf(line), UpdateError)
    assert.throws(() => replyOf(line), UpdateError)
  }
})

test('orders: a line is cut wherever the bytes are split, and what follows is left as it is', () => {
  const all = Buffer.concat([lineOf(ORDERS[2] as Order), Buffer.from([0, 10, 255])])
  const end = all.length - 3
  for (let split = 0; split <= all.length; split++) {
    const cut = cutLine(all.subarray(0, split))
    if (split < end) assert.equal(cut, undefined)
    else assert.deepEqual([orderOf(cut?.line ?? ''), cut?.rest], [ORDERS[2], all.subarray(end, split)])
  }
})

test('orders: a refusal is the error that it was, and what is none of updates a failure of that side', () => {
  for (const code of UPDATE_ERROR_CODES)
    assert.equal(errorOf({ reply: 'refused', code, cause: 'why' }).code, code)
  const { code, message } = errorOf({ reply: 'refused', code: 'internal.unreachable', cause: 'why' })
  assert.deepEqual([code, message], ['update.unanswered', 'why'])
})

function textOf(words: Order | Reply): string {
  return lineOf(words).toString().trimEnd()
}

function codeIs(code: string) {
  return (error: unknown) => error instanceof UpdateError && error.code === code
}
