import assert from 'node:assert/strict'
import { PeerError } from '../../src/net/errors.ts'
import { areWholeRecords, RecordAssembler } from '../../src/tlsse/record.ts'
import { chunksOf, mutate } from '../support/mutate.ts'
import type { Random } from '../support/random.ts'
import type { FuzzTarget } from './target.ts'

/** However a stream is cut into chunks, it gives the same records and ends by the same error. */
export const tlsRecord: FuzzTarget = {
  name: 'tls-record',
  run(random) {
    const limit = 6 + random.int(120)
    const stream = random.oneIn(8) ? random.bytes(random.int(60)) : streamOf(random)
    const whole = assemble([stream], limit)
    const cut = assemble(chunksOf(random, stream), limit)
    assert.deepEqual(cut, whole)
    const records = Buffer.concat(whole.records)
    assert.equal(Buffer.compare(records, stream.subarray(0, records.length)), 0)
    assert.ok(whole.records.every((record) => record.length <= limit && areWholeRecords(record)))
    if (whole.code === undefined && whole.isBetween) assert.equal(records.length, stream.length)
  },
}

function streamOf(random: Random): Uint8Array {
  const records = Array.from({ length: 1 + random.int(4) }, () => {
    const length = 1 + random.int(random.oneIn(3) ? 100 : 12)
    return Buffer.from([20 + random.int(4), 3, random.int(5), 0, length, ...random.bytes(length)])
  })
  const stream = new Uint8Array(Buffer.concat(records))
  return random.oneIn(2) ? mutate(random, stream) : stream
}

interface Assembled {
  readonly records: Uint8Array[]
  readonly code: string | undefined
  readonly isBetween: boolean
}

function assemble(chunks: readonly Uint8Array[], limit: number): Assembled {
  const assembler = new RecordAssembler(limit)
  const records: Uint8Array[] = []
  try {
    for (const chunk of chunks) {
      assembler.push(chunk)
      for (let record = assembler.next(); record !== undefined; record = assembler.next()) {
        records.push(Uint8Array.from(record))
      }
    }
  } catch (error) {
    assert.ok(error instanceof PeerError, String(error))
    return { records, code: error.code, isBetween: false }
  }
  return { records, code: undefined, isBetween: assembler.isBetweenRecords }
}
