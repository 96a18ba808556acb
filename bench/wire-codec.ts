// What the largest block of T=1 costs in our own code, before anything is on a wire.

import type * as blocks from '../src/t1/block.ts'
import type * as machines from '../src/t1/machine.ts'
import type * as profiles from '../src/t1/profile.ts'
import { allocatedBytesOf, lookAtEach, microsecondsOf } from './batch.ts'
import { built } from './built.ts'
import { type Benchmark, median, type Row, rowOf, withRatio } from './row.ts'

const INF_BYTES = 254
const SMALL_BYTES = 2
const NAMES = {
  sealed: `wire codec, ${INF_BYTES}-byte block: framed`,
  checked: `wire codec, ${INF_BYTES}-byte block: checked`,
  exchanged: `wire codec, ${INF_BYTES}-byte block: within an exchange`,
  allocated: `wire codec, ${INF_BYTES}-byte block: memory allocated`,
} as const

export const wireCodec: Benchmark = {
  name: 'wire codec',
  rows: Object.values(NAMES),
  async run(pace) {
    const { sealBlock, isIntact } = await built<typeof blocks>('t1/block.js')
    const { NXP_T1_OVER_I2C: frame } = await built<typeof profiles>('t1/profile.js')
    const block = new Uint8Array(3 + INF_BYTES + frame.edc.bytes).fill(0x5a)
    sealBlock(frame, block, 0, INF_BYTES)
    const [prologue, body] = [block.subarray(0, 3), block.subarray(3)]
    if (!isIntact(frame, prologue, body)) throw new Error('wire codec: our own block is damaged')
    const subjects = {
      sealed: () => void sealBlock(frame, block, 0, INF_BYTES),
      checked: () => void isIntact(frame, prologue, body),
      exchanged: await exchangeOf(INF_BYTES),
      looked: () => lookAtEach(block),
    }
    const samples = samplesOf(subjects, BATCHES[pace])
    const reference = median(samples.looked)
    const perBlock = samples.exchanged.map((us) => us / 2)
    const common = { unit: 'us', reference, remark: REMARK }
    return [
      rowOf({ ...common, name: NAMES.sealed, samples: samples.sealed }),
      rowOf({ ...common, name: NAMES.checked, samples: samples.checked }),
      rowOf({
        ...common,
        name: NAMES.exchanged,
        samples: perBlock,
        remark: `state and trace too; ${REMARK}`,
      }),
      await allocatedRow(subjects.exchanged, BATCHES[pace]),
    ]
  },
}

/** Microseconds of one call, batches in turns. */
function samplesOf<Name extends string>(
  subjects: Record<Name, () => void>,
  batches: number,
): Record<Name, number[]> {
  const names = Object.keys(subjects) as Name[]
  const samples = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, number[]>
  for (let batch = 0; batch < WARM_UP + batches; batch++) {
    for (const name of names) {
      const us = microsecondsOf(subjects[name])
      if (batch >= WARM_UP) samples[name].push(us)
    }
  }
  return samples
}

/** One command and one answer through the machine, each a block of `infBytes`. */
async function exchangeOf(infBytes: number): Promise<() => void> {
  const { iPcb, sealBlock } = await built<typeof blocks>('t1/block.js')
  const { NXP_T1_OVER_I2C: profile } = await built<typeof profiles>('t1/profile.js')
  const { T1Machine } = await built<typeof machines>('t1/machine.js')
  const machine = new T1Machine(profile)
  const cardFrame = { ...profile, nadOut: profile.nadIn[0] ?? 0 }
  const answers = ([0, 1] as const).map((number) => {
    const block = new Uint8Array(3 + infBytes + profile.edc.bytes).fill(0xa5)
    sealBlock(cardFrame, block, iPcb(number, 'last'), infBytes)
    return { prologue: block.subarray(0, 3), body: block.subarray(3) }
  })
  const command = machine.scratch.subarray(0, infBytes)
  const response = new Uint8Array(infBytes + profile.edc.bytes)
  let number = 0
  return () => {
    machine.start(command, response)
    const answer = answers[number]!
    const body = machine.bodyOf(answer.prologue)!
    body.set(answer.body)
    const { kind } = machine.received(answer.prologue, body)
    if (kind !== 'delivered') throw new Error(`wire codec: the exchange came to ${kind}`)
    number ^= 1
  }
}

async function allocatedRow(exchange: () => void, batches: number): Promise<Row> {
  const small = await exchangeOf(SMALL_BYTES)
  const bytesOf = (call: () => void): number => {
    return median(Array.from({ length: batches }, () => allocatedBytesOf(call) / 2))
  }
  bytesOf(small)
  const what = `reference: a block of ${SMALL_BYTES} bytes`
  return withRatio({
    ...{ name: NAMES.allocated, unit: 'B', value: bytesOf(exchange), reference: bytesOf(small) },
    remark: `heap and buffers, two blocks an exchange; ${what}; aim: ratio of 1, no payload in it`,
  })
}

const BATCHES = { full: 400, quick: 60 }
const WARM_UP = 20
const REMARK = 'reference: one look at each byte; aim: under 3 us'
