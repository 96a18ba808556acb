import assert from 'node:assert/strict'
import test from 'node:test'
import { hexOf } from '../../src/base/hex.ts'
import { type FaultEntry, type FaultKind, withFaults } from '../../src/simulator/faults.ts'
import { type SimulatedWireCard, type WireCardOptions, wireCardOf } from '../../src/simulator/wire-card.ts'
import { edcOf } from '../../src/simulator/wire-edc.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { Random } from '../support/random.ts'

/** Writes down what it is asked; reads are 11 22 33. */
class Recorder {
  readonly journal: string[] = []

  write(bytes: Uint8Array): boolean {
    this.journal.push(`write ${hexOf(bytes)}`)
    return true
  }

  read(length: number): Uint8Array {
    this.journal.push(`read ${length}`)
    return Uint8Array.of(0x11, 0x22, 0x33).subarray(0, length)
  }

  reset(): void {
    this.journal.push('reset')
  }

  delayAnswer(requests: number): void {
    this.journal.push(`delay ${requests}`)
  }
}

function faultyOf(kind: FaultKind, settings: { rate?: number; maxFaults?: number; seed?: number } = {}) {
  const [wire, clock] = [new Recorder(), new ManualClock()]
  const faulty = withFaults(wire, { seed: 1, rate: 1, kinds: [kind], ...settings }, { clock })
  return { wire, clock, faulty }
}

const BYTES = Uint8Array.of(1, 2, 3)

test('faults: without any rate nothing is touched', () => {
  const { wire, faulty } = faultyOf('flip', { rate: 0 })
  assert.equal(faulty.write(BYTES), true)
  assert.equal(hexOf(faulty.read(3) ?? BYTES), '112233')
  faulty.reset()
  assert.deepEqual(wire.journal, ['write 010203', 'read 3', 'reset'])
  assert.deepEqual(faulty.log, [])
})

test('faults: each kind does to a write what it says', () => {
  const outcomes: Partial<Record<FaultKind, [acknowledged: boolean, journal: string[]]>> = {
    lose: [true, []],
    nack: [false, []],
    silence: [false, []],
    duplicate: [true, ['write 010203', 'write 010203']],
    'wtx-storm': [true, ['delay 5', 'write 010203']],
    delay: [true, ['write 010203']],
    truncate: [true, ['write 010203']],
  }
  for (const [kind, [acknowledged, journal]] of Object.entries(outcomes)) {
    const { wire, faulty } = faultyOf(kind as FaultKind)
    assert.equal(faulty.write(BYTES), acknowledged, kind)
    assert.deepEqual(wire.journal, journal, kind)
    assert.deepEqual(
      faulty.log.map((entry) => entry.kind),
      kind === 'truncate' ? [] : [kind],
    )
  }
  assert.deepEqual(BYTES, Uint8Array.of(1, 2, 3))
})

test('faults: a flip changes the one bit that the log names, in a copy', () => {
  for (let seed = 0; seed < 50; seed++) {
    const { wire, faulty } = faultyOf('flip', { seed })
    faulty.write(BYTES)
    const bit = faulty.log[0]?.amount ?? 0
    const expected = Uint8Array.from(BYTES)
    expected[bit >> 3]! ^= 1 << (bit & 7)
    assert.deepEqual(wire.journal, [`write ${hexOf(expected)}`])
  }
})

test('faults: each kind does to a read what it says', () => {
  const read = (kind: FaultKind) => {
    const { wire, faulty } = faultyOf(kind)
    const bytes = faulty.read(3)
    return { bytes: bytes && hexOf(bytes), journal: wire.journal, log: faulty.log }
  }
  assert.deepEqual([read('lose').bytes, read('lose').journal], [undefined, ['read 3']])
  for (const kind of ['nack', 'silence', 'delay'] as const) {
    assert.deepEqual([read(kind).bytes, read(kind).journal], [undefined, []])
  }
  const { bytes, log } = read('truncate')
  assert.equal(bytes, '112233'.slice(0, 2 * log[0]!.amount).padEnd(6, 'F'))
  assert.deepEqual(read('duplicate'), { bytes: '112233', journal: ['read 3'], log: [] })
})

test('faults: silence lasts its time, for both directions, and a reset ends it', async () => {
  const { wire, clock, faulty } = faultyOf('silence', { maxFaults: 1 })
  assert.equal(faulty.write(BYTES), false)
  await clock.advanceBy(49)
  assert.equal(faulty.write(BYTES), false)
  assert.equal(faulty.read(3), undefined)
  await clock.advanceBy(1)
  assert.equal(faulty.write(BYTES), true)
  assert.equal(wire.journal.length, 1)
  const again = faultyOf('silence', { maxFaults: 1 })
  again.faulty.write(BYTES)
  again.faulty.reset()
  assert.equal(again.faulty.write(BYTES), true)
})

test('faults: on SPI a fault cannot refuse, and brings idle bytes', () => {
  const [wire, clock] = [new Recorder(), new ManualClock()]
  const bus = { clock, refusesWrites: false, nothing: (length: number) => new Uint8Array(length) }
  const faulty = withFaults(wire, { seed: 1, rate: 1, kinds: ['nack'] }, bus)
  assert.equal(faulty.write(BYTES), true)
  assert.deepEqual(faulty.read(2), new Uint8Array(2))
  assert.deepEqual(wire.journal, [])
})

/** The least host of T=1 there can be: one command at a time, no resynchronisation, 500 tries a command. */
class PlainHost {
  readonly #card: SimulatedWireCard
  readonly #clock: ManualClock
  readonly #dialect: { nad: number; lenBytes: number; edc: 'x25lo' | 'x25hi' }
  #number = 0
  #expected = 0

  constructor(card: SimulatedWireCard, clock: ManualClock, framing: 'nxp' | 'gp') {
    this.#card = card
    this.#clock = clock
    this.#dialect =
      framing === 'nxp' ? { nad: 0x5a, lenBytes: 1, edc: 'x25lo' } : { nad: 0x21, lenBytes: 2, edc: 'x25hi' }
  }

  async transmit(command: Uint8Array): Promise<string> {
    let [at, response] = [0, '']
    const chunk = () => command.subarray(at, at + CHUNK)
    const iBlock = () => this.#frame((this.#number << 6) | (at + CHUNK < command.length ? 0x20 : 0), chunk())
    const rBlock = (error: number) => this.#frame(0x80 | (this.#expected << 4) | error)
    let frame = iBlock()
    for (let tries = 0; tries < 500; tries++) {
      const block = await this.#exchange(frame)
      const isRLast = (frame[1]! & 0xc0) === 0x80
      const number = (block?.pcb ?? 0) >> 6
      if (block !== undefined && block.pcb < 0x80 && number === this.#expected) {
        this.#expected ^= 1
        response += hexOf(block.inf)
        if ((block.pcb & 0x20) === 0) {
          this.#number ^= 1
          return response
        }
        frame = rBlock(0)
      } else if (block !== undefined && (block.pcb & 0xc0) === 0x80 && response === '') {
        const isAccepted = ((block.pcb >> 4) & 1) !== this.#number
        if (isAccepted && at + CHUNK < command.length) {
          at += CHUNK
          this.#number ^= 1
          frame = iBlock()
        } else frame = isAccepted ? rBlock(0) : iBlock()
      } else if (block?.pcb === 0xc3) frame = this.#frame(0xe3, block.inf)
      else if (!isRLast) frame = rBlock(2)
    }
    throw new Error('no answer')
  }

  #frame(pcb: number, inf: Uint8Array = new Uint8Array(0)): Uint8Array {
    const { nad, lenBytes, edc } = this.#dialect
    const body = Uint8Array.of(nad, pcb, ...(lenBytes === 2 ? [0] : []), inf.length, ...inf)
    return Uint8Array.of(...body, ...edcOf(edc, body))
  }

  async #exchange(frame: Uint8Array): Promise<{ pcb: number; inf: Uint8Array } | undefined> {
    const { lenBytes, edc } = this.#dialect
    for (let tries = 0; tries < 100 && !this.#card.write(frame); tries++) await this.#clock.advanceBy(1)
    for (let tries = 0; tries < 100; tries++) {
      const bytes = this.#card.read(80)
      const start = bytes?.findIndex((byte) => byte !== 0 && byte !== 0xff) ?? -1
      if (bytes === undefined || start < 0) {
        await this.#clock.advanceBy(1)
        continue
      }
      const end = start + 2 + lenBytes + bytes[start + 1 + lenBytes]!
      const body = bytes.subarray(start, end)
      const isRight = hexOf(edcOf(edc, body)) === hexOf(bytes.subarray(end, end + 2))
      return isRight ? { pcb: body[1]!, inf: body.subarray(2 + lenBytes) } : undefined
    }
    return undefined
  }
}

const CHUNK = 7

interface Run {
  readonly faultLog: readonly FaultEntry[]
  readonly clockMs: number
}

/** Twenty commands of all lengths through faults; every one must have run once and have its own answer. */
async function runOf(
  seed: number,
  options: Pick<WireCardOptions, 'framing' | 'medium' | 'busy'>,
): Promise<Run> {
  const clock = new ManualClock()
  const random = new Random(seed)
  const card = wireCardOf({
    ...options,
    clock,
    card: {
      reset: () => new Uint8Array(0),
      process: (apdu) => ({ response: Uint8Array.of(...apdu.toReversed(), 0x90, 0), step: 'other' }),
    },
    latency: (command) => command.length,
    wtxEveryMs: 15,
    ifsd: 9,
    faults: { seed, rate: 0.2, delayMs: 3, silenceMs: 20 },
  })
  const host = new PlainHost(card, clock, options.framing === 'gp' ? 'gp' : 'nxp')
  const sent: string[] = []
  for (let count = 0; count < 20; count++) {
    const command = Uint8Array.of(count, ...random.bytes(random.int(30)))
    sent.push(hexOf(command))
    assert.equal(
      await host.transmit(command),
      `${hexOf(command.toReversed())}9000`,
      `command ${count}, seed ${seed}`,
    )
  }
  assert.deepEqual(card.executed.map(hexOf), sent, `seed ${seed}`)
  return { faultLog: card.faultLog, clockMs: clock.now() }
}

for (const options of [
  { framing: 'nxp', medium: 'i2c', busy: 'nack' },
  { framing: 'nxp', medium: 'i2c', busy: 'zero-bytes' },
  { framing: 'gp', medium: 'i2c', busy: 'nack' },
  { framing: 'gp', medium: 'spi', busy: 'nack' },
] as const) {
  const { framing, medium, busy } = options
  test(`faults: over ${framing}, ${medium}, ${busy} no command is lost, doubled or mixed up`, async () => {
    const kinds = new Set<FaultKind>()
    for (let seed = 0; seed < 20; seed++) {
      for (const { kind } of (await runOf(seed, options)).faultLog) kinds.add(kind)
    }
    assert.equal(kinds.size, 8)
  })
}

test('faults: a seed gives the same faults at the same instants again, another one others', async () => {
  const options = { framing: 'nxp', medium: 'i2c', busy: 'nack' } as const
  const [once, again, other] = [await runOf(5, options), await runOf(5, options), await runOf(6, options)]
  assert.deepEqual(again, once)
  assert.notDeepEqual(other, once)
  assert.ok(once.faultLog.length > 20)
})
