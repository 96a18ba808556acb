// Our side of a wire against the card's side, which was written from the rules and not from ours, with faults between
// them. Commands carry numbers, so that it shows when one is lost, done twice, or answered with another's answer.

import assert from 'node:assert/strict'
import type { Clock } from '../../src/base/clock.ts'
import { codeOf } from '../../src/base/errors.ts'
import { dialectOf } from '../../src/drivers/dialects.ts'
import { RESPONSE_BYTES } from '../../src/drivers/driver.ts'
import type { Link } from '../../src/drivers/link.ts'
import { WireElement } from '../../src/drivers/wire-element.ts'
import { type SimulatedWireCard, wireCardOf } from '../../src/simulator/wire-card.ts'
import { JumpingClock } from './jumping-clock.ts'
import type { Random } from './random.ts'

export interface FaultyRun {
  readonly framing: 'nxp' | 'gp'
  readonly busy: 'nack' | 'zero-bytes'
  /** Share of the transfers that go wrong. */
  readonly rate: number
  readonly exchanges: number
}

/** What came of a run. */
export interface Tally {
  readonly delivered: number
  /** How often each error was told. */
  readonly failed: ReadonlyMap<string, number>
}

/** @throws AssertionError when a command was lost, doubled or mixed up, or a failure has no cause we know */
export async function runFaulty(random: Random, run: FaultyRun): Promise<Tally> {
  const clock = new JumpingClock()
  const wire = cardFor(random, run, clock)
  const element = new WireElement({
    name: 'chip',
    link: linkTo(wire, clock),
    clock,
    dialect: dialectOf(run.framing, 'i2c'),
  })
  const failed = new Map<string, number>()
  let delivered = 0
  await revive(element, clock)
  for (let number = 1; number <= run.exchanges; number++) {
    const command = commandOf(number, random)
    const before = wire.executed.length
    const outcome = await transmit(element, command, clock)
    const executed = wire.executed.slice(before).map((bytes) => Buffer.from(bytes).toString('hex'))
    const wanted = Buffer.from(command).toString('hex')
    assert.ok(
      executed.length <= 1 && (executed[0] ?? wanted) === wanted,
      `command ${number}: ${executed.join()}`,
    )
    if (typeof outcome === 'string') {
      assert.match(outcome, /^(t1|link)\./, `command ${number}`)
      failed.set(outcome, (failed.get(outcome) ?? 0) + 1)
      await revive(element, clock)
    } else {
      assert.equal(executed.length, 1, `command ${number} was answered, but not done`)
      assert.deepEqual(outcome, Buffer.from(answerTo(command)), `command ${number}`)
      delivered++
    }
  }
  return { delivered, failed }
}

function cardFor(random: Random, { framing, busy, rate }: FaultyRun, clock: Clock): SimulatedWireCard {
  const card = {
    reset: () => Uint8Array.of(0x3b, 0x00),
    process: (apdu: Uint8Array) => ({ response: answerTo(apdu), step: 'other' as const }),
  }
  const faults = { seed: random.int(2 ** 31), rate }
  const latency = (command: Uint8Array): number => (command[3] ?? 0) % 8
  return wireCardOf({ framing, medium: 'i2c', card, clock, latency, busy, faults })
}

function linkTo(wire: SimulatedWireCard, clock: JumpingClock): Link {
  return {
    name: 'chip',
    isRefusable: true,
    adjust: () => undefined,
    write(bytes) {
      clock.pass(TRANSFER_MS)
      return Promise.resolve(wire.write(bytes) ? 'done' : 'busy')
    },
    read(into) {
      clock.pass(TRANSFER_MS)
      const bytes = wire.read(into.length)
      if (bytes === undefined) return Promise.resolve('busy')
      into.set(bytes)
      return Promise.resolve('done')
    },
    reset() {
      wire.reset()
      return Promise.resolve('reset')
    },
  }
}

/** The answer, or the code of the error. */
async function transmit(element: WireElement, command: Uint8Array, clock: Clock): Promise<Buffer | string> {
  const response = new Uint8Array(RESPONSE_BYTES)
  element.scratch.set(command)
  const inPlace = element.scratch.subarray(0, command.length)
  try {
    const length = await element.transmit(inPlace, response, clock.now() + DEADLINE_MS)
    return Buffer.from(response.subarray(0, length))
  } catch (error) {
    return codeOf(error)
  }
}

/** Resets until it comes about: faults do not stop for that. */
async function revive(element: WireElement, clock: Clock): Promise<void> {
  for (let attempt = 0; attempt < 50; attempt++) {
    try {
      await element.reset('cold', clock.now() + DEADLINE_MS)
      return
    } catch (error) {
      assert.match(codeOf(error), /^(t1|link)\./)
    }
  }
  assert.fail('no reset comes about')
}

/** `00 E0 number(2) Lc data`: up to 250 bytes that nobody else sends. */
function commandOf(number: number, random: Random): Uint8Array {
  const data = Uint8Array.from({ length: random.int(250) + 1 }, () => random.int(256))
  return Uint8Array.of(0x00, 0xe0, (number >> 8) & 0xff, number & 0xff, data.length, ...data)
}

/** Says which command it answers, in up to 256 bytes. */
function answerTo(command: Uint8Array): Uint8Array {
  const [, , p1 = 0, p2 = 0, lc = 0, first = 0] = command
  const data = Uint8Array.from({ length: (lc * 7 + first) % 257 }, (_, n) => (n * p2 + p1 + first) & 0xff)
  return Uint8Array.of(...data, 0x90, 0x00)
}

const TRANSFER_MS = 0.1
const DEADLINE_MS = 60_000
