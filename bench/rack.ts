// Slots: how fast a lease passes on, what an idle rack costs, what a stuck element costs its neighbours, and how soon a
// gateway that was killed serves again.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { systemClock } from '../src/base/clock.ts'
import { RacsClient } from '../src/client/racs.ts'
import type * as inventories from '../src/slots/inventory.ts'
import { LastingCard } from '../test/support/lasting-card.ts'
import { slotEnvironment } from '../test/support/slot-environment.ts'
import { built } from './built.ts'
import { operatorCredentials, processorUs, startGateway } from './child.ts'
import { InstantElement } from './instant-element.ts'
import { type Benchmark, median, type Pace, type Row, rowOf, withRatio } from './row.ts'

const NAMES = {
  handOver: 'rack: lease to the next who waits, element instant',
  idle: 'rack: CPU of an idle gateway, 64 slots',
  stuck: 'rack: APDUs/s of 15 elements of 20 ms beside a stuck one',
  recovery: 'rack: from kill -9 to the first answer of an element',
} as const

export const rack: Benchmark = {
  name: 'rack',
  rows: Object.values(NAMES),
  async run(pace) {
    return [await handOver(pace), await idleRack(pace), await besideStuck(pace), await recovery(pace)]
  },
}

/** From giving a lease back to having the next: a reset, and the turn. */
async function handOver(pace: Pace): Promise<Row> {
  const { Inventory } = await built<typeof inventories>('slots/inventory.js')
  const inventory = new Inventory(slotEnvironment({ clock: systemClock, queueLength: 8 }))
  const element = new InstantElement()
  await inventory.arrive({ element, seid: 'instant', aliases: [], maxRecordBytes: 1024 }, 'simulator')
  const [slot] = inventory.slots
  if (slot === undefined) throw new Error('no slot')
  const signal = new AbortController().signal
  const acquire = (holder: string) => slot.acquire({ holder, deadline: Infinity }, signal)
  const [samples, floor]: [number[], number[]] = [[], []]
  const response = new Uint8Array(258)
  let lease = await acquire('first')
  for (let turn = 0; turn < HAND_OVERS[pace]; turn++) {
    await lease.transmit(COMMAND, response, Infinity)
    const next = acquire(`${turn}`)
    const startedAt = performance.now()
    const ending = lease[Symbol.asyncDispose]()
    lease = await next
    samples.push((performance.now() - startedAt) * 1000)
    await ending
    const resetAt = performance.now()
    await element.reset()
    floor.push((performance.now() - resetAt) * 1000)
  }
  await lease[Symbol.asyncDispose]()
  const warm = samples.slice(samples.length / 10)
  const remark = 'reference: the reset of the element by itself'
  return rowOf({ name: NAMES.handOver, unit: 'us', samples: warm, reference: median(floor), remark })
}

async function idleRack(pace: Pace): Promise<Row> {
  await using gateway = await startGateway(
    '[[slots]]\ndriver = "simulator"\ncount = 64\nsen = "key{n}.com"\n',
  )
  // A start leaves garbage, which is collected within half a minute.
  await delay(SETTLING_MS[pace])
  const [startedAt, before] = [performance.now(), processorUs(gateway.pid)]
  await delay(IDLE_MS[pace])
  const share = (processorUs(gateway.pid) - before) / 10 / (performance.now() - startedAt)
  return {
    name: NAMES.idle,
    unit: '% of a core',
    value: share,
    remark: `over ${IDLE_MS[pace] / 1000} s, each slot looked at every 5 s; aim: under 1`,
  }
}

/** In pairs, with and without the stuck one, so that what else the machine does is in both. */
async function besideStuck(pace: Pace): Promise<Row> {
  await using stand = await Rack.start(16)
  const ratios: number[] = []
  const rates: number[] = []
  const plain: number[] = []
  for (let pair = 0; pair < PAIRS[pace]; pair++) {
    const order = pair % 2 === 0 ? [false, true] : [true, false]
    const rate = { with: 0, without: 0 }
    for (const isStuck of order) rate[isStuck ? 'with' : 'without'] = await stand.rate(isStuck, LANE_MS[pace])
    rates.push(rate.with)
    plain.push(rate.without)
    ratios.push(rate.with / rate.without)
  }
  const remark = `reference: without it; median of ${ratios.length} alternating pairs of ${LANE_MS[pace] / 1000} s; aim: ratio 0.98`
  const row = withRatio({
    name: NAMES.stuck,
    unit: '1/s',
    value: median(rates),
    reference: median(plain),
    remark,
  })
  return { ...row, ratio: median(ratios) }
}

async function recovery(pace: Pace): Promise<Row> {
  const samples: number[] = []
  await using stand = await Rack.start(4)
  for (let round = 0; round < KILLS[pace]; round++) {
    const client = await stand.client()
    const unanswered = client.apdu('sim1', SELECT, { deadline: systemClock.now() + 10_000 })
    unanswered.catch(() => undefined)
    await delay(5)
    const startedAt = performance.now()
    await stand.restart()
    const again = await stand.client()
    await again.apdu('sim1', SELECT, { deadline: systemClock.now() + 10_000 })
    samples.push(performance.now() - startedAt)
    await again[Symbol.asyncDispose]()
  }
  const remark = '4 elements with power and state of their own, killed in mid-APDU; aim: under 1000 ms'
  return rowOf({ name: NAMES.recovery, unit: 'ms', samples, remark })
}

/** A gateway over cards that outlive it, and clients of them. */
class Rack implements AsyncDisposable {
  readonly #cards: readonly LastingCard[]
  readonly #directory: string
  #gateway

  private constructor(cards: readonly LastingCard[], directory: string, gateway: Gateway) {
    this.#cards = cards
    this.#directory = directory
    this.#gateway = gateway
  }

  static async start(count: number): Promise<Rack> {
    const directory = mkdtempSync(join(tmpdir(), 'iose-bench-rack-'))
    const cards: LastingCard[] = []
    for (let n = 1; n <= count; n++) {
      cards.push(await LastingCard.serve(join(directory, `${n}.sock`), `key${n}.com`, 20))
    }
    return new Rack(cards, directory, await startGateway(Rack.#toml(directory, count)))
  }

  static #toml(directory: string, count: number): string {
    const socket = join(directory, '{n}.sock')
    return `[[slots]]\ndriver = "simulator"\ncount = ${count}\nseid = "sim{n}"\nsocket = "${socket}"\n`
  }

  /** A session with the administration plane, as soon as there is one. */
  client(): Promise<RacsClient> {
    const target = { host: '127.0.0.1', port: this.#gateway.racsPort, ...operatorCredentials() }
    return RacsClient.connect(target, { clock: systemClock, deadline: systemClock.now() + 10_000 })
  }

  /** kill -9, and a new start. */
  async restart(): Promise<void> {
    process.kill(this.#gateway.pid, 'SIGKILL')
    await this.#gateway[Symbol.asyncDispose]()
    this.#gateway = await startGateway(Rack.#toml(this.#directory, this.#cards.length))
  }

  /** APDUs a second, to all but the first together. @param isStuck  the first has one that it does not answer */
  async rate(isStuck: boolean, forMs: number): Promise<number> {
    const [first, ...others] = this.#cards
    const clients = await Promise.all(this.#cards.map(() => this.client()))
    const deadline = systemClock.now() + forMs + 20_000
    if (first !== undefined) first.isSilent = isStuck
    const silent = isStuck ? clients[0]?.apdu('sim1', SELECT, { deadline }).catch(() => undefined) : undefined
    const startedAt = performance.now()
    const counts = await Promise.all(
      others.map(async (_, n) => {
        let count = 0
        for (; performance.now() - startedAt < forMs; count++) {
          await clients[n + 1]?.apdu(`sim${n + 2}`, SELECT, { deadline })
        }
        return count
      }),
    )
    const seconds = (performance.now() - startedAt) / 1000
    await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()))
    await silent
    return counts.reduce((sum, count) => sum + count, 0) / seconds
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#gateway[Symbol.asyncDispose]()
    for (const card of this.#cards) await card[Symbol.asyncDispose]()
    rmSync(this.#directory, { recursive: true })
  }
}

type Gateway = Awaited<ReturnType<typeof startGateway>>

const COMMAND = Uint8Array.of(0x00, 0xd8, 0x00, 0x00, 0x00)
const SELECT = Uint8Array.from(Buffer.from('00A4040006010203040500', 'hex'))
const HAND_OVERS = { full: 20_000, quick: 500 }
const SETTLING_MS = { full: 40_000, quick: 1_000 }
const IDLE_MS = { full: 30_000, quick: 3_000 }
const PAIRS = { full: 5, quick: 1 }
const LANE_MS = { full: 12_000, quick: 1_000 }
const KILLS = { full: 20, quick: 2 }
