import assert from 'node:assert/strict'
import { createHash, createHmac } from 'node:crypto'
import test from 'node:test'
import fc from 'fast-check'
import { BEFORE_FIRST, Chain, textOn } from '../../src/audit/chain.ts'
import { recordOf, recordText, statementOf } from '../../src/audit/record.ts'
import { InternalError } from '../../src/base/errors.ts'
import { KEY } from '../support/audit-bench.ts'

const AT = Date.UTC(2026, 0, 31, 12)

// The values behind `hash` and `mac` were computed by openssl 3 from the text and the key 00 01 .. 1f:
//   { head -c 32 /dev/zero; printf '%s' "$TEXT"; } | openssl dgst -sha256
//   printf '%s' HASH | xxd -r -p | openssl dgst -sha256 -mac HMAC -macopt hexkey:0001..1f
const TEXT =
  '{"seq":1,"at":"2026-01-31T12:00:00.000Z","event":"lease.granted","fields":{"isLast":true,"seid":"sim1","user":null}}'
const HASH = 'e39d7a4763b9dfc59c0e434e2f9296b61725acc93e87cfd2b4e39a571f2d1dba'
const MAC = '931df2bf27062ea0e0d2fdcab036fa0f415f965add22936681e16c3bdcdb3cd4'

test('audit: a record has one text, and its line ends with the hashes that openssl computes', () => {
  const statement = statementOf(AT, 'lease.granted', {
    user: null,
    seid: 'sim1',
    none: undefined,
    isLast: true,
  })
  assert.equal(recordText(1, statement), TEXT)
  const { line, link } = new Chain(KEY).next(BEFORE_FIRST, statement)
  const trailer = `,"prev":"${'0'.repeat(64)}","hash":"${HASH}","mac":"${MAC}"}\n`
  assert.equal(line.toString(), TEXT.slice(0, -1) + trailer)
  assert.deepEqual(link, { sequence: 1, hash: HASH })
})

test('audit: the second record goes on from the first, as node:crypto computes it', () => {
  const chain = new Chain(KEY)
  const { link } = chain.next(BEFORE_FIRST, statementOf(AT, 'lease.granted', {}))
  const { line } = chain.next(link, statementOf(AT + 1, 'lease.ended', { text: 'é\u{1F600}"\\\n' }))
  const { prev, hash, mac } = JSON.parse(line.toString()) as Record<string, string>
  const text = textOn(line.subarray(0, -1))
  const own = createHash('sha256').update(Buffer.from(link.hash, 'hex')).update(text).digest()
  assert.deepEqual([prev, hash], [link.hash, own.toString('hex')])
  assert.equal(mac, createHmac('sha256', KEY).update(own).digest('hex'))
})

test('audit: any fields come back as they went in, in the order of their names', () => {
  const value = fc.oneof(fc.string({ unit: 'binary' }), fc.double(), fc.boolean(), fc.constant(null))
  const fields = fc.dictionary(fc.stringMatching(/^[a-zA-Z][a-zA-Z0-9]{0,9}$/), value, { maxKeys: 8 })
  const property = fc.property(fields, fc.integer({ min: 1 }), (given, sequence) => {
    const text = recordText(sequence, statementOf(AT, 'a.b', given))
    const record = recordOf(text)
    assert.ok(record !== undefined, text)
    assert.deepEqual(Object.keys(record.fields), Object.keys(given).sort())
    for (const [name, was] of Object.entries(given)) {
      const wanted = typeof was === 'number' && !Number.isFinite(was) ? String(was) : was
      assert.equal(record.fields[name], wanted === 0 ? 0 : wanted)
    }
  })
  fc.assert(property, { numRuns: 300 })
})

test('audit: a text of 512 characters is whole, a longer one is cut and shows it', () => {
  const lengths = [512, 513, 100_000].map((length) => {
    const text = recordText(1, statementOf(AT, 'a.b', { text: 'x'.repeat(length) }))
    return String(recordOf(text)?.fields['text'])
  })
  assert.deepEqual(lengths, ['x'.repeat(512), `${'x'.repeat(511)}…`, `${'x'.repeat(511)}…`])
})

test('audit: names that are none are our bug', () => {
  for (const event of ['', 'a', 'a.b.c', 'A.b', 'a.b"', `a.${'b'.repeat(33)}`]) {
    assert.throws(() => statementOf(AT, event, {}), InternalError, event)
  }
  for (const field of ['', '1', 'a b', '__proto__x', 'a"', 'a'.repeat(65)]) {
    assert.throws(() => statementOf(AT, 'a.b', { [field]: 1 }), InternalError, field)
  }
  const many = Object.fromEntries(Array.from({ length: 33 }, (_, n) => [`f${n}`, n]))
  assert.throws(() => statementOf(AT, 'a.b', many), InternalError)
})

test('audit: what is a record, but not in its one form, is none', () => {
  assert.ok(recordOf(TEXT) !== undefined)
  const others = [
    TEXT.replace('{', '{ '),
    TEXT.replace('"seq":1', '"seq":1.0'),
    TEXT.replace('"seq":1', '"seq":0'),
    TEXT.replace('"seq":1', '"seq":"1"'),
    TEXT.replace('.000Z', 'Z'),
    TEXT.replace('2026', 'never'),
    TEXT.replace('"seid":"sim1"', '"seid":["sim1"]'),
    TEXT.replace('"seid":"sim1"', '"seid":"\\u0073im1"'),
    TEXT.replace('"isLast":true,', '').replace('null}', 'null,"isLast":true}'),
    TEXT.replace('{"isLast"', '{"isLast":true,"isLast"'),
    `${TEXT} `,
    TEXT.slice(0, -1),
    'null',
    '[]',
    '',
  ]
  for (const text of others) assert.equal(recordOf(text), undefined, text)
})
