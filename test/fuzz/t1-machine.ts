import assert from 'node:assert/strict'
import { hasMore, isIntact, kindOf, prologueBytesOf } from '../../src/t1/block.ts'
import { EDC } from '../../src/t1/edc.ts'
import { type T1Action, T1Machine } from '../../src/t1/machine.ts'
import {
  GP_T1_PRIME,
  ISO_T1_LRC,
  NXP_PN80T,
  NXP_T1_OVER_I2C,
  type SBlockName,
  type T1Profile,
} from '../../src/t1/profile.ts'
import { mutate } from '../support/mutate.ts'
import type { Random } from '../support/random.ts'
import { withEdc } from '../support/t1-bench.ts'
import type { FuzzTarget } from './target.ts'

/** Whatever a card sends, an exchange ends within its limits, in bounds, and no command is sent twice in full. */
export const t1Machine: FuzzTarget = {
  name: 't1-machine',
  run(random) {
    const profile = profileOf(random)
    const machine = new T1Machine(profile)
    machine.configure({ ifsc: random.pick([1, 2, 5, 32, 254]) })
    const exchanges = 1 + random.int(3)
    for (let count = 0; count < exchanges; count++) {
      if (random.oneIn(8)) machine.reset()
      if (random.oneIn(4)) new Exchange(random, profile, machine).request()
      else new Exchange(random, profile, machine).apdu()
    }
  },
}

class Exchange {
  readonly #random: Random
  readonly #profile: T1Profile
  readonly #machine: T1Machine
  readonly #habits: readonly Habit[]
  readonly #response: Uint8Array
  #sends = 0
  #hasLeft = false
  #isLost = false

  constructor(random: Random, profile: T1Profile, machine: T1Machine) {
    this.#random = random
    this.#profile = profile
    this.#machine = machine
    this.#response = new Uint8Array(random.pick([0, 1, 2, 3, 10, 258]))
    // Some cards do one thing only, for ever.
    this.#habits = random.oneIn(4) ? [random.pick(HABITS)] : HABITS
  }

  apdu(): void {
    const length = this.#random.int(20)
    const isInScratch = this.#random.oneIn(2)
    const command = isInScratch ? this.#machine.scratch.subarray(0, length) : this.#random.bytes(length)
    const around = new Uint8Array(this.#response.length + 8).fill(0xee)
    const response = around.subarray(4, 4 + this.#response.length)
    let action = this.#machine.start(command, response)
    const { resyncs, maxStalls, maxWtx } = this.#profile.limits
    const progress = (resyncs + 1) * (length + 2) + response.length + 4
    const maxSends = progress * (maxStalls + 1) + maxWtx
    while (action.kind === 'send' && this.#sends <= maxSends && !this.#random.oneIn(500)) {
      action = this.#step(action)
    }
    assert.ok(this.#sends <= maxSends, `${this.#sends} sends`)
    if (action.kind === 'delivered') assert.ok(action.length <= response.length)
    assert.ok([...around.subarray(0, 4), ...around.subarray(-4)].every((byte) => byte === 0xee))
  }

  request(): void {
    const name = this.#random.pick(Object.keys(this.#profile.sBlocks)) as SBlockName
    const inf =
      name === 'ifs' || name === 'wtx' ? Uint8Array.of(1 + this.#random.int(254)) : new Uint8Array(0)
    let action = this.#machine.request(name, inf)
    const { maxStalls, maxWtx, resyncs } = this.#profile.limits
    const maxSends = (resyncs + 2) * (maxStalls + 1) + maxWtx
    while (action.kind === 'send' && this.#sends <= maxSends) action = this.#step(action)
    assert.ok(action.kind !== 'send', `${this.#sends} sends`)
    if (action.kind === 'delivered') assert.equal(this.#machine.lastInf.length, action.length)
  }

  /** Checks what we send and lets the card do something. */
  #step({ block, timeoutMs }: T1Action & { kind: 'send' }): T1Action {
    this.#sends++
    const prologueBytes = prologueBytesOf(this.#profile)
    const prologue = block.subarray(0, prologueBytes)
    assert.ok(timeoutMs >= 1)
    assert.ok(isIntact(this.#profile, prologue, block.subarray(prologueBytes)))
    const infLength = block.length - prologueBytes - this.#profile.edc.bytes
    const pcb = prologue[1] ?? 0
    if (kindOf(pcb) === 'I') {
      assert.ok(infLength <= this.#machine.ifsc)
      assert.ok(!this.#isLost, 'a command that had left was sent again after S(RESYNCH)')
      if (!hasMore(pcb)) this.#hasLeft = true
    }
    if (pcb === this.#profile.sBlocks.resynch && this.#hasLeft) this.#isLost = true
    return this.#random.pick(this.#habits)(this.#machine, this.#profile, this.#random, pcb)
  }
}

/** Something that a card does. */
type Habit = (machine: T1Machine, profile: T1Profile, random: Random, pcb: number) => T1Action

const silent: Habit = (machine) => machine.silence()

const garbage: Habit = (machine, profile, random) => deliver(machine, profile, random.bytes(random.int(12)))

const damaged: Habit = (machine, profile, random) =>
  deliver(machine, profile, mutate(random, blockOf(profile, random, random.pick(PCBS), random.int(4))))

const anyBlock: Habit = (machine, profile, random) =>
  deliver(machine, profile, blockOf(profile, random, random.pick(PCBS), random.int(4)))

const answerKind: Habit = (machine, profile, random, pcb) => {
  if (kindOf(pcb) === 'S') return deliver(machine, profile, blockOf(profile, random, pcb | 0x20, 0))
  const pcbs = kindOf(pcb) === 'I' && hasMore(pcb) ? [0x80, 0x90] : [0x00, 0x20, 0x40, 0x60]
  return deliver(machine, profile, blockOf(profile, random, random.pick(pcbs), random.int(4)))
}

const moreAndMore: Habit = (machine, profile, random) =>
  deliver(machine, profile, blockOf(profile, random, random.pick([0x20, 0x60]), random.int(2)))

const moreTime: Habit = (machine, profile, random) =>
  deliver(machine, profile, blockOf(profile, random, 0xc3, 1))

const HABITS: readonly Habit[] = [
  ...[silent, garbage, damaged, anyBlock, answerKind, answerKind, answerKind, moreAndMore, moreTime],
]

function deliver(machine: T1Machine, profile: T1Profile, whole: Uint8Array): T1Action {
  const prologueBytes = prologueBytesOf(profile)
  const prologue = whole.subarray(0, prologueBytes)
  const body = machine.bodyOf(prologue)
  if (body === undefined) return machine.invalid()
  const rest = whole.subarray(prologueBytes)
  // A driver that reads less than it was told to, or that reads elsewhere.
  if (rest.length !== body.length)
    return rest.length % 2 === 0 ? machine.invalid() : machine.received(prologue, rest)
  if (rest.length % 3 === 0) return machine.received(prologue, rest)
  body.set(rest)
  return machine.received(prologue, body)
}

function blockOf(profile: T1Profile, random: Random, pcb: number, infLength: number): Uint8Array {
  const length = profile.lengthBytes === 1 ? [infLength] : [0, infLength]
  const nad = random.pick(profile.nadIn)
  return withEdc(profile, Uint8Array.of(nad, pcb, ...length, ...random.bytes(infLength)))
}

function profileOf(random: Random): T1Profile {
  const base = random.pick([ISO_T1_LRC, GP_T1_PRIME, NXP_PN80T, NXP_T1_OVER_I2C])
  const limits = {
    retries: random.int(3),
    resyncs: random.int(4),
    maxStalls: random.int(6),
    maxWtx: random.int(5),
    maxWtxMs: random.pick([0, 1000, 60_000]),
  }
  return { ...base, limits, edc: random.oneIn(2) ? base.edc : random.pick(Object.values(EDC)) }
}

const PCBS = [
  ...[0x00, 0x20, 0x40, 0x60, 0x80, 0x81, 0x82, 0x83, 0x90, 0x91, 0x92],
  ...[0xc0, 0xc1, 0xc2, 0xc3, 0xe0, 0xe1, 0xe2, 0xe3, 0xc4, 0xe4, 0xcf, 0xef, 0x01, 0xa0, 0xff],
] as const
