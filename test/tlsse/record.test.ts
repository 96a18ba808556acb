import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { hexOf } from '../../src/base/hex.ts'
import { areWholeRecords, RecordAssembler } from '../../src/tlsse/record.ts'
import { hex } from '../support/hex-fields.ts'

const STREAM = '16 0301 0003 | 010203' + '14 0303 0001 | 01' + '17 0303 0005 | 0a0b0c0d0e'
const RECORDS = ['1603010003010203', '140303000101', '17030300050A0B0C0D0E']

/** The records of `chunks`, copied at once as a borrower must. */
function recordsOf(chunks: readonly Uint8Array[], maxRecordBytes = 16_389): string[] {
  const assembler = new RecordAssembler(maxRecordBytes)
  const records: string[] = []
  for (const chunk of chunks) {
    assembler.push(chunk)
    for (let record = assembler.next(); record !== undefined; record = assembler.next())
      records.push(hexOf(record))
  }
  return records
}

test('record: every split of a stream in two gives the same records', () => {
  const stream = hex(STREAM)
  for (let at = 0; at <= stream.length; at++) {
    assert.deepEqual(recordsOf([stream.subarray(0, at), stream.subarray(at)]), RECORDS, `split at ${at}`)
  }
})

test('record: byte by byte gives the same records', () => {
  assert.deepEqual(recordsOf([...hex(STREAM)].map((byte) => Uint8Array.of(byte))), RECORDS)
})

test('record: any records in any chunks come out as they went in', () => {
  const record = fc
    .tuple(fc.integer({ min: 20, max: 23 }), fc.uint8Array({ minLength: 1, maxLength: 600 }))
    .map(([type, body]) => Uint8Array.of(type, 3, 3, body.length >> 8, body.length & 0xff, ...body))
  const property = fc.property(
    fc.array(record, { maxLength: 6 }),
    fc.infiniteStream(fc.nat(700)),
    (records, sizes) => {
      const stream = Buffer.concat(records)
      const chunks: Uint8Array[] = []
      for (let at = 0; at < stream.length; ) {
        const size = 1 + (sizes.next().value as number)
        chunks.push(new Uint8Array(stream.subarray(at, at + size)))
        at += size
      }
      assert.deepEqual(recordsOf(chunks), records.map(hexOf))
    },
  )
  fc.assert(property, { numRuns: 300 })
})

test('record: the largest record allowed is taken, one byte more is peer.oversize from the header alone', () => {
  const sized = (length: number) =>
    Uint8Array.of(23, 3, 3, length >> 8, length & 0xff, ...new Uint8Array(length))
  for (const limit of [6, 512, 16_389]) {
    assert.equal(recordsOf([sized(limit - 5)], limit).length, 1)
    const header = sized(limit - 4).subarray(0, 5)
    assert.throws(() => recordsOf([header], limit), { code: 'peer.oversize' })
    assert.throws(() => recordsOf([header.subarray(0, 4), header.subarray(4)], limit), {
      code: 'peer.oversize',
    })
  }
})

test('record: a lowered limit holds from the next record on', () => {
  const assembler = new RecordAssembler(100)
  assembler.push(hex('17 0303 0010 | 000102030405060708090a0b0c0d0e0f' + '17 0303 0010'))
  assert.equal(assembler.next()?.length, 21)
  assembler.maxRecordBytes = 20
  assert.throws(() => assembler.next(), { code: 'peer.oversize' })
})

test('record: bytes that begin no record are refused at the first or second byte', () => {
  for (const first of [0, 19, 24, 0x47, 0x53, 0x80, 0xff]) {
    assert.throws(() => recordsOf([Uint8Array.of(first)]), { code: 'peer.not-tls' })
  }
  for (const second of [0, 2, 4, 0x53]) {
    assert.throws(() => recordsOf([Uint8Array.of(22, second)]), { code: 'peer.not-tls' })
    assert.throws(() => recordsOf([Uint8Array.of(22), Uint8Array.of(second, 1, 0, 1)]), {
      code: 'peer.not-tls',
    })
  }
})

test('record: an empty record is peer.syntax', () => {
  assert.throws(() => recordsOf([hex('16 0301 0000')]), { code: 'peer.syntax' })
})

test('record: knows whether the stream stands between two records', () => {
  const assembler = new RecordAssembler(100)
  const states: boolean[] = [assembler.isBetweenRecords]
  for (const byte of hex('17 0303 0001 | aa')) {
    assembler.push(Uint8Array.of(byte))
    assembler.next()
    states.push(assembler.isBetweenRecords)
  }
  assert.deepEqual(states, [true, false, false, false, false, false, true])
})

test('record: a whole record is a view of its chunk; a gathered one dies with the next', () => {
  const assembler = new RecordAssembler(100)
  const chunk = hex('17 0303 0001 | aa' + '17 0303 0001 | bb')
  assembler.push(chunk)
  assert.equal(assembler.next()?.buffer, chunk.buffer)
  assembler.push(hex('17 0303 0001'))
  assert.equal(assembler.next(), undefined)
  assembler.push(hex('aa'))
  const gathered = assembler.next()!
  assert.equal(hexOf(gathered), '1703030001AA')
  assembler.push(hex('17 0303 00'))
  assembler.next()
  assembler.push(hex('01 cc'))
  assembler.next()
  assert.equal(hexOf(gathered), '1703030001CC')
})

test('record: whole records back to back are told from anything else', () => {
  assert.equal(areWholeRecords(hex('')), true)
  assert.equal(areWholeRecords(hex(STREAM)), true)
  const stream = hex(STREAM)
  const ends = new Set([0, 8, 14, 24])
  for (let at = 0; at <= stream.length; at++) {
    assert.equal(areWholeRecords(stream.subarray(0, at)), ends.has(at), `cut at ${at}`)
  }
  // TLS-SE-IO: clear text for the host, marked by a zero header (draft-urien-core-tls-se-io-00).
  assert.equal(areWholeRecords(hex('00 0000 0008 | 74656D700D0A17')), false)
  assert.equal(areWholeRecords(hex('17 0203 0001 | aa')), false)
  assert.equal(areWholeRecords(hex('17 0303 0000')), false)
})
