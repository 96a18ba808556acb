// The whole gateway over I2C while something goes wrong on the bus: what must not be felt, what ends a session, and
// that the next session is served in every case.

import assert from 'node:assert/strict'
import test from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { systemClock } from '../../src/base/clock.ts'
import type { FramingName } from '../../src/drivers/dialects.ts'
import { Card } from '../../src/simulator/card.ts'
import { LATENCY_PROFILES } from '../../src/simulator/latency.ts'
import { type SimulatedWireCard, wireCardOf } from '../../src/simulator/wire-card.ts'
import { Gateway } from '../support/gateway.ts'
import { askOnce, NodePeer } from '../support/peers.ts'
import { type Device, type Fault, Pca9548a, Rig } from './rig.ts'

const skip = Rig.isMissing('i2c-bus')
const NAME = 'chip.com'
/** How long an adapter waits for a stuck bus here; Linux' adapters take a second. */
const STUCK_MS = 300

/** A chip whose transfers can be tampered with, one after the other. */
class TamperedChip implements Device {
  readonly card: SimulatedWireCard
  readonly #changes: ((bytes: Uint8Array) => void)[] = []

  constructor(framing: FramingName, sen = NAME) {
    const card = new Card({ applet: 'keystore', protocol: 't1', sen })
    const common = { medium: 'i2c', clock: systemClock, latency: LATENCY_PROFILES.none } as const
    const busy = framing === 'bridge' ? 'zero-bytes' : 'nack'
    this.card = wireCardOf({ ...common, framing, card, busy })
  }

  /** The next reads of more than three bytes, where INF and EDC are, are changed in their order. */
  change(...changes: ((bytes: Uint8Array) => void)[]): void {
    this.#changes.push(...changes)
  }

  calm(): void {
    this.#changes.length = 0
  }

  write(bytes: Uint8Array): boolean {
    return this.card.write(bytes)
  }

  read(length: number): Uint8Array | undefined {
    const bytes = this.card.read(length)
    if (bytes !== undefined && length > 3) this.#changes.shift()?.(bytes)
    return bytes
  }

  reset(): void {
    this.card.reset()
  }
}

type Scene = Pick<Stand, 'chip' | 'rig'>

/** What goes wrong, and whether the session that it happens to goes on. */
interface Row {
  readonly fault: string
  readonly framings: readonly FramingName[]
  readonly session: 'goes on' | 'ends'
  readonly apply: (scene: Scene) => void
}

const ALL: readonly FramingName[] = ['nxp', 'gp', 'bridge', 'iso']
const T1: readonly FramingName[] = ['nxp', 'gp', 'iso']
const flip = (bytes: Uint8Array): void => {
  bytes[0] = (bytes[0] ?? 0) ^ 0x10
}
const script =
  (...faults: Fault[]) =>
  ({ rig, chip }: Scene): void =>
    rig.fail(chip, ...faults)

const MATRIX: readonly Row[] = [
  { fault: '5 refusals', framings: ALL, session: 'goes on', apply: script({ kind: 'nack', times: 5 }) },
  { fault: 'a flipped bit', framings: ALL, session: 'goes on', apply: ({ chip }) => chip.change(flip) },
  {
    fault: 'flipped bits in each of many answers',
    framings: ALL,
    session: 'ends',
    apply: ({ chip }) => chip.change(...new Array<typeof flip>(30).fill(flip)),
  },
  {
    fault: 'a read that floats after its first byte',
    framings: T1,
    session: 'goes on',
    apply: script({ kind: 'floating', bytes: 1 }),
  },
  {
    fault: 'a read that the adapter cuts',
    framings: ALL,
    session: 'ends',
    apply: script({ kind: 'short', bytes: 0 }),
  },
  {
    fault: 'a clock held for 50 ms',
    framings: ALL,
    session: 'goes on',
    apply: script({ kind: 'stuck', ms: 50 }),
  },
  {
    fault: 'a bus held until the adapter gives up',
    framings: ALL,
    session: 'ends',
    apply: script({ kind: 'stuck', ms: STUCK_MS + 50 }),
  },
  {
    fault: '5 requests for more time',
    framings: T1,
    session: 'goes on',
    apply: ({ chip }) => chip.card.delayAnswer(5),
  },
  {
    fault: 'requests for more time without end',
    framings: T1,
    session: 'ends',
    apply: ({ chip }) => chip.card.delayAnswer(10_000),
  },
]

/** A gateway with one chip on a bus. */
class Stand implements AsyncDisposable {
  readonly chip: TamperedChip
  readonly rig: Rig
  readonly gateway: Gateway

  private constructor(chip: TamperedChip, rig: Rig, gateway: Gateway) {
    this.chip = chip
    this.rig = rig
    this.gateway = gateway
  }

  static async start(framing: FramingName): Promise<Stand> {
    const chip = new TamperedChip(framing)
    const buses = { 1: { clockHz: 400_000, devices: { 0x48: chip } } }
    const gpio = { 0: { label: 'pinctrl-bcm2711', count: 58, lines: { 17: { resets: [chip] } } } }
    const rig = await Rig.start({ timing: 'none', buses, gpio, stuckTimeoutMs: STUCK_MS })
    // Nothing else ends what these two are doing.
    const line = framing === 'bridge' || framing === 'iso' ? 'reset = { line = 17 }' : ''
    const table = `[[slots]]\ndriver = "i2c"\naddress = 0x48\nframing = "${framing}"\nsen = "${NAME}"\n${line}\n`
    const gateway = await Gateway.start(table, rig.env)
    await gateway.logged('slot.ready', { sen: NAME })
    return new Stand(chip, rig, gateway)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.gateway[Symbol.asyncDispose]()
    await this.rig[Symbol.asyncDispose]()
  }
}

/** Whether `peer` is still served. */
async function goesOn(peer: NodePeer): Promise<boolean> {
  const ended = new Promise<false>((resolve) => peer.socket.once('close', () => resolve(false)))
  const answered = peer.ask('?01hello').then(
    (answer) => answer === 'hello',
    () => false,
  )
  return Promise.race([answered, ended])
}

/** As a client that tries again and again, for a while. */
async function servedAgain(gateway: Gateway, sen: string): Promise<void> {
  const limit = performance.now() + 10_000
  for (;;) {
    const answer = await askOnce(gateway.port, sen).catch((error: unknown) => String(error))
    if (answer === 'hello') return
    assert.ok(performance.now() < limit, answer)
    await setTimeout(50)
  }
}

for (const framing of ALL) {
  test(`i2c faults: a session over ${framing} survives what can be mended, and the next one everything`, {
    skip,
  }, async () => {
    await using stand = await Stand.start(framing)
    const { chip, gateway } = stand
    for (const { fault, session, apply } of MATRIX.filter(({ framings }) => framings.includes(framing))) {
      await using peer = await NodePeer.open(gateway.port, NAME)
      assert.equal(await peer.ask('?01before'), 'before', fault)
      const before = chip.card.executed.length
      apply(stand)
      assert.equal(await goesOn(peer), session === 'goes on', `${fault}: the session ${session}`)
      if (session === 'goes on') {
        const commands = chip.card.executed.slice(before).map((bytes) => Buffer.from(bytes).toString('hex'))
        assert.equal(new Set(commands).size, commands.length, `${fault}: a command was done twice`)
      }
      await peer[Symbol.asyncDispose]()
      chip.calm()
      assert.equal(await askOnce(gateway.port, NAME), 'hello', `after ${fault}`)
    }
  })
}

test('i2c faults: a chip that falls silent ends its session, and is served again when it is back', {
  skip,
}, async () => {
  await using stand = await Stand.start('nxp')
  const { chip, rig, gateway } = stand
  await using peer = await NodePeer.open(gateway.port, NAME)
  rig.fail(chip, { kind: 'nack', times: 20_000 })
  assert.equal(await goesOn(peer), false)
  const closed = await gateway.logged('session.closed', { sen: NAME })
  assert.match(JSON.stringify(closed), /link\.nack|t1\.silent/)
})

test('i2c faults: a bus that stays stuck is quarantined with its elements, and comes back by itself', {
  skip,
}, async () => {
  await using stand = await Stand.start('nxp')
  const { rig, gateway } = stand
  rig.stick(1, 60_000)
  await assert.rejects(askOnce(gateway.port, NAME))
  await assert.rejects(askOnce(gateway.port, NAME))
  await gateway.logged('bus.quarantined', { bus: 1, part: 'the bus' })
  await gateway.logged('slot.vacated', { cause: 'the bus is stuck' })
  await assert.rejects(askOnce(gateway.port, NAME), /unrecognized/i)
  rig.free(1)
  await gateway.logged('bus.released', { bus: 1 })
  await servedAgain(gateway, NAME)
})

test('i2c faults: a stuck channel of a multiplexer costs the others nothing but their wait', {
  skip,
}, async () => {
  const [left, right] = [new TamperedChip('nxp', 'left.com'), new TamperedChip('nxp', 'right.com')]
  const mux = new Pca9548a({ 0: { 0x48: left }, 1: { 0x48: right } })
  const buses = { 1: { clockHz: 400_000, devices: { 0x70: mux } } }
  const gpio = { 0: { label: 'pinctrl-bcm2711', count: 58, lines: { 4: { resets: [mux] } } } }
  await using rig = await Rig.start({ timing: 'none', buses, gpio, stuckTimeoutMs: STUCK_MS })
  const at = (channel: number, sen: string): string =>
    `[[slots]]\ndriver = "i2c"\naddress = 0x48\nframing = "nxp"\nsen = "${sen}"\nselect = { mux = 0x70, channel = ${channel}, reset = { line = 4 } }\n`
  await using gateway = await Gateway.start(at(0, 'left.com') + at(1, 'right.com'), rig.env)
  await gateway.logged('slot.ready', { sen: 'left.com' })
  await gateway.logged('slot.ready', { sen: 'right.com' })
  let resets = 0
  rig.line(0, 4).watch((level) => (resets += 1 - level))
  // Each access to the left one holds the bus for as long as the channel is connected.
  rig.fail(left, { kind: 'stuck', ms: STUCK_MS + 50 }, { kind: 'stuck', ms: STUCK_MS + 50 })
  await assert.rejects(askOnce(gateway.port, 'left.com'))
  await gateway.logged('bus.quarantined', { part: 'channel 0 of 0x70' })
  assert.equal(await askOnce(gateway.port, 'right.com'), 'hello')
  assert.ok(resets > 0, 'the multiplexer was not reset')
  await gateway.logged('bus.released', { part: 'channel 0 of 0x70' })
  await servedAgain(gateway, 'left.com')
})
