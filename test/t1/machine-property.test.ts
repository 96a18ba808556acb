import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { hexOf } from '../../src/base/hex.ts'
import { hasMore, kindOf, prologueBytesOf, rPcb, sendNumberOf } from '../../src/t1/block.ts'
import { type T1Action, T1Machine } from '../../src/t1/machine.ts'
import {
  GP_T1_PRIME,
  ISO_T1_CRC,
  ISO_T1_LRC,
  NXP_PN80T,
  NXP_T1_OVER_I2C,
  type T1Profile,
} from '../../src/t1/profile.ts'
import { withEdc } from '../support/t1-bench.ts'

const PROFILES = [ISO_T1_LRC, ISO_T1_CRC, GP_T1_PRIME, NXP_PN80T, NXP_T1_OVER_I2C]

/** A command, and the blocks of its answer, the first of them with N(S) as `firstNs` is even or odd. */
interface Run {
  command: Uint8Array
  answer: readonly Uint8Array[]
  firstNs: number
}

/** What a card without faults hears and says: any command whole, any answer, in blocks of any size. */
function exchange(machine: T1Machine, profile: T1Profile, { command, answer, firstNs }: Run): string {
  const prologueBytes = prologueBytesOf(profile)
  const [nad = 0] = profile.nadIn
  let heard = ''
  let said = 0
  const response = new Uint8Array(600)
  let action: T1Action = machine.start(command, response)
  while (action.kind === 'send') {
    const pcb = action.block[1]!
    let reply: Uint8Array
    if (kindOf(pcb) === 'I') heard += hexOf(action.block.subarray(prologueBytes, -profile.edc.bytes))
    if (kindOf(pcb) === 'I' && hasMore(pcb)) {
      reply = Uint8Array.of(nad, rPcb(sendNumberOf(pcb) === 0 ? 1 : 0, 0), ...lengthOf(profile, 0))
    } else {
      const inf = answer[said]!
      const ns = (firstNs + said) & 1
      const isLast = ++said === answer.length
      reply = Uint8Array.of(nad, (ns << 6) | (isLast ? 0 : 0x20), ...lengthOf(profile, inf.length), ...inf)
    }
    const whole = withEdc(profile, reply)
    const body = machine.bodyOf(whole.subarray(0, prologueBytes))!
    body.set(whole.subarray(prologueBytes))
    action = machine.received(whole.subarray(0, prologueBytes), body)
  }
  assert.ok(action.kind === 'delivered')
  assert.equal(hexOf(response.subarray(0, action.length)), hexOf(Buffer.concat(answer)))
  return heard
}

function lengthOf(profile: T1Profile, length: number): number[] {
  return profile.lengthBytes === 1 ? [length] : [length >> 8, length & 0xff]
}

const COMMAND = Uint8Array.from({ length: 600 }, (_, index) => index * 7)

test('t1: commands and answers of any length arrive whole, in blocks of any size, one after the other', () => {
  const run = fc.record({
    length: fc.nat(600),
    ifsc: fc.integer({ min: 1, max: 254 }),
    answer: fc.array(fc.uint8Array({ minLength: 1, maxLength: 60 }), { minLength: 1, maxLength: 9 }),
  })
  fc.assert(
    fc.property(
      fc.constantFrom(...PROFILES),
      fc.array(run, { minLength: 1, maxLength: 4 }),
      (profile, runs) => {
        const machine = new T1Machine(profile)
        let firstNs = 0
        for (const { length, ifsc, answer } of runs) {
          machine.configure({ ifsc })
          const command = COMMAND.subarray(0, length)
          assert.equal(exchange(machine, profile, { command, answer, firstNs }), hexOf(command))
          firstNs += answer.length
        }
      },
    ),
  )
})
