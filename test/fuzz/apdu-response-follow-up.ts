import assert from 'node:assert/strict'
import { ApduError } from '../../src/apdu/errors.ts'
import { FollowUp, type FollowUpAction } from '../../src/apdu/follow-up.ts'
import { responseOf } from '../../src/apdu/response.ts'
import type { Random } from '../support/random.ts'
import type { FuzzTarget } from './target.ts'

/** Whatever an element answers, the exchange ends within its caps and keeps exactly the data that came. */
export const apduResponseFollowUp: FuzzTarget = {
  name: 'apdu-response-follow-up',
  run(random) {
    const exchange = new Exchange(random)
    const card = hostileCard(random)
    let action = exchange.answer(card())
    while (action?.kind === 'send') action = exchange.answer(card())
  },
}

/** One command and all that follows, checked step by step against the rules. */
class Exchange {
  readonly #output: Uint8Array
  readonly #followUp: FollowUp
  readonly #maxRounds: number
  readonly #first: Uint8Array
  readonly #received: Uint8Array[] = []
  #rounds = 0
  #wasRepeat = false

  constructor(random: Random) {
    this.#maxRounds = random.pick([0, 1, 2, 7, 30, 300])
    this.#output = new Uint8Array(random.pick([0, 1, 255, 1000, 100_000]))
    const moreSw1 = random.pick([[0x61], [0x61, 0x9f]])
    this.#followUp = new FollowUp(this.#output, { moreSw1, maxRounds: this.#maxRounds })
    this.#first = random.bytes(random.pick([4, 5, 5, 6, 7, 20]))
    this.#followUp.start(this.#first)
  }

  /** The next step, or undefined when the element was given up. */
  answer(response: Uint8Array): FollowUpAction | undefined {
    const read = responseOf(response)
    const total = this.#total() + (read?.data.length ?? 0)
    let action: FollowUpAction
    try {
      action = this.#followUp.received(response)
    } catch (error) {
      assert.ok(error instanceof ApduError, String(error))
      this.#checkError(error, total, read !== undefined)
      return undefined
    }
    assert.ok(read !== undefined)
    this.#received.push(read.data)
    if (action.kind === 'send') this.#checkSent(action.command, read.sw1, read.sw2)
    else this.#checkDone(action.length, action.sw, read.sw)
    return action
  }

  #checkError(error: ApduError, total: number, isResponse: boolean): void {
    if (error.code === 'apdu.malformed') assert.ok(!isResponse)
    else if (error.code === 'apdu.overflow') assert.ok(total > this.#output.length)
    else assert.ok(error.code === 'apdu.endless' && this.#rounds === this.#maxRounds)
  }

  #checkSent(command: Uint8Array, sw1: number, sw2: number): void {
    this.#rounds++
    assert.ok(this.#rounds <= this.#maxRounds)
    assert.equal(command.length, 5)
    assert.equal(command[0], this.#first[0])
    assert.equal(command[4], sw2)
    const isGetResponse = command[1] === 0xc0 && command[2] === 0 && command[3] === 0
    if (sw1 === 0x6c) {
      assert.ok(!this.#wasRepeat, 'repeated twice')
      const isFirst =
        this.#first.length === 5 && Buffer.compare(command.subarray(0, 4), this.#first.subarray(0, 4)) === 0
      assert.ok(isGetResponse || (isFirst && this.#rounds === 1))
    } else {
      assert.ok(isGetResponse && (sw1 === 0x61 || sw1 === 0x9f))
    }
    this.#wasRepeat = sw1 === 0x6c
  }

  #checkDone(length: number, sw: number, lastSw: number): void {
    assert.equal(sw, lastSw)
    assert.equal(length, this.#total())
    assert.equal(Buffer.compare(this.#output.subarray(0, length), Buffer.concat(this.#received)), 0)
  }

  #total(): number {
    return this.#received.reduce((sum, { length }) => sum + length, 0)
  }
}

/** An element that answers anything; one in eight never comes to an end by itself. */
function hostileCard(random: Random): () => Uint8Array {
  return random.oneIn(8) ? endlessCard(random) : anyCard(random)
}

function anyCard(random: Random): () => Uint8Array {
  const maxData = random.pick([0, 0, 4, 256])
  return () => {
    if (random.oneIn(50)) return random.bytes(random.int(2))
    return responseOfLength(
      random,
      random.int(maxData + 1),
      random.pick([0x61, 0x61, 0x9f, 0x6c, 0x90, random.int(256)]),
    )
  }
}

/** Announces more for ever. Now and then it wants another Le, but not twice in a row, which would be an end. */
function endlessCard(random: Random): () => Uint8Array {
  const maxData = random.pick([0, 0, 4, 256])
  let mayComplain = false
  return () => {
    const complains = mayComplain && random.oneIn(4)
    mayComplain = !complains
    return complains
      ? responseOfLength(random, 0, 0x6c)
      : responseOfLength(random, random.int(maxData + 1), 0x61)
  }
}

function responseOfLength(random: Random, dataLength: number, sw1: number): Uint8Array {
  const response = random.bytes(dataLength + 2)
  response[dataLength] = sw1
  return response
}
