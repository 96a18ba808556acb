// The addon i2c-bus alone: the accesses of one APDU, with blocks that were made before and answers that are only
// looked at.

import { type I2CBus, openSync } from 'i2c-bus'
import type * as blocks from '../../src/t1/block.ts'
import type * as profiles from '../../src/t1/profile.ts'
import { built } from '../built.ts'
import { drive, type Stretch } from '../wire-lanes.ts'
import { obey } from './orders.ts'

export interface FloorOrder extends Stretch {
  readonly bus: number
  readonly address: number
  readonly commandBytes: number
  /** blocking: in the thread that asks, as no server can. */
  readonly calls: 'asynchronous' | 'blocking'
}

const { iPcb, sealBlock } = await built<typeof blocks>('t1/block.js')
const { NXP_T1_OVER_I2C } = await built<typeof profiles>('t1/profile.js')
let bus: I2CBus | undefined
/** N(S) of the next block. */
let sendNumber: 0 | 1 = 0

obey((order: FloorOrder) => {
  const opened = (bus ??= openSync(order.bus))
  const commands = [blockOf(0, order.commandBytes), blockOf(1, order.commandBytes)] as const
  const exchange = order.calls === 'blocking' ? exchangeBlocking : exchangeOf
  const trip = async (): Promise<void> => {
    await exchange(opened, order.address, commands[sendNumber])
    if (!ANSWER.subarray(2, 5).equals(PLAIN_ANSWER)) throw new Error(`answered ${ANSWER.toString('hex')}`)
    sendNumber = sendNumber === 0 ? 1 : 0
  }
  return drive([trip], order)
})

async function exchangeOf(opened: I2CBus, address: number, block: Buffer): Promise<void> {
  await settled((done) => opened.i2cWrite(address, block.length, block, done))
  await settled((done) => opened.i2cRead(address, PROLOGUE.length, PROLOGUE, done))
  await settled((done) => opened.i2cRead(address, REST.length, REST, done))
}

function exchangeBlocking(opened: I2CBus, address: number, block: Buffer): Promise<void> {
  opened.i2cWriteSync(address, block.length, block)
  opened.i2cReadSync(address, PROLOGUE.length, PROLOGUE)
  opened.i2cReadSync(address, REST.length, REST)
  return Promise.resolve()
}

function settled(start: (done: (error: Error | null | undefined) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    start((error) => (error instanceof Error ? reject(error) : resolve()))
  })
}

function blockOf(number: 0 | 1, commandBytes: number): Buffer {
  const { edc } = NXP_T1_OVER_I2C
  const block = Buffer.alloc(PROLOGUE.length + commandBytes + edc.bytes, 0x5a)
  block.set([0x00, 0x00, 0x00, 0x00, commandBytes - 5], PROLOGUE.length)
  sealBlock(NXP_T1_OVER_I2C, block, iPcb(number, 'last'), commandBytes)
  return block
}

const ANSWER = Buffer.alloc(7)
const PROLOGUE = ANSWER.subarray(0, 3)
const REST = ANSWER.subarray(3)
/** LEN and INF. */
const PLAIN_ANSWER = Buffer.from('029000', 'hex')
