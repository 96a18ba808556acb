// Cards in PC/SC readers: both planes against the least that a client of the same pcscd can do, one to eight readers,
// and how soon a card is served.

import { Gateway } from '../test/support/gateway.ts'
import { PrivatePcscd } from '../test/support/pcscd.ts'
import { NodePeer } from '../test/support/peers.ts'
import { Child, operatorCredentials, processorUs, type RunningGateway, startGateway } from './child.ts'
import { DirectClient } from './pcsc-direct.ts'
import { apduOf, DATA, selectOf } from './racs-texts.ts'
import { type Benchmark, missingRow, type Pace, percentile, type Row, rowOf, withRatio } from './row.ts'

export const pcsc: Benchmark = {
  name: 'pcsc',
  get rows() {
    return [...Object.values(NAMES), ...READERS.flatMap((count) => [...Object.values(rateNamesOf(count))])]
  },
  async run(pace) {
    const missing = PrivatePcscd.isMissing('pcsclite') || DirectClient.isMissing()
    if (missing !== false) return pcsc.rows.map((name) => missingRow(name, missing))
    await using pcscd = await PrivatePcscd.started(['Rig A', 'Rig B', 'Rig C', 'Rig D'])
    using direct = new DirectClient(pcscd.env)
    return [
      ...(await tripRows(pcscd, direct, pace)),
      ...(await rateRows(pcscd, direct, pace)),
      await arrivalRow(pcscd, direct, pace),
    ]
  },
}

const NAMES = {
  direct: 'pcsc APDU: C client',
  racs: 'pcsc APDU: RACS plane',
  tlsSe: 'pcsc record of 32 bytes: TLS-SE plane',
  arrival: 'pcsc card: report of pcscd to slot.ready',
} as const

function rateNamesOf(count: number) {
  const readers = count === 1 ? '1 reader' : `${count} readers`
  return {
    slow: `pcsc card of 100 ms, ${readers}: RACS plane`,
    direct: `pcsc instant card, ${readers}: C client`,
    instant: `pcsc instant card, ${readers}: RACS plane`,
    processor: `pcsc instant card, ${readers}: gateway's processor time`,
  }
}

/** One reader, in turns: the readers have one user at a time. */
async function tripRows(pcscd: PrivatePcscd, direct: DirectClient, pace: Pace): Promise<Row[]> {
  await pcscd.insert(0, { sen: 'bench.com', answers: INSTANT })
  const samples = { direct: [] as number[], racs: [] as number[], tlsSe: [] as number[] }
  for (let turn = 0; turn < TURNS[pace]; turn++) {
    const { roundTripsUs } = await patiently(() => direct.drive([readerOf(0)], APDU, TRIP_SECONDS))
    samples.direct.push(...roundTripsUs)
    await using gateway = await startGateway(PCSC, pcscd.env)
    await using client = await lanesOn(gateway, 1)
    samples.racs.push(...(await client.ask<Driven>({ rounds: ROUNDS })).roundTripsUs)
    await client.ask({ close: true })
    samples.tlsSe.push(...(await recordsUs(gateway.port)))
  }
  await pcscd.clear()
  const floor = rowOf({ name: NAMES.direct, unit: 'us', samples: samples.direct, remark: CARD })
  return [
    floor,
    rowOf({
      ...{ name: NAMES.racs, unit: 'us', samples: samples.racs, reference: floor.value },
      remark: 'in turns; reference: C client',
    }),
    rowOf({
      ...{ name: NAMES.tlsSe, unit: 'us', samples: samples.tlsSe, reference: 2 * floor.value },
      remark: 'two APDUs, and the cryptography of the card; reference: two of the C client',
    }),
  ]
}

async function recordsUs(port: number): Promise<number[]> {
  const samples: number[] = []
  const peer = await patiently(() => NodePeer.open(port, 'bench.com'))
  for (let n = 0; n < ROUNDS; n++) {
    const start = performance.now()
    await peer.ask('?01hello')
    if (n >= WARM_UP) samples.push(1000 * (performance.now() - start))
  }
  await peer[Symbol.asyncDispose]()
  return samples
}

async function rateRows(pcscd: PrivatePcscd, direct: DirectClient, pace: Pace): Promise<Row[]> {
  const slow = await ratesOf(
    pcscd,
    { latencyMs: SLOW_MS, answers: INSTANT },
    (count) => count * SLOW_ROUNDS[pace],
  )
  const instant = await ratesOf(pcscd, { answers: INSTANT }, () => BUSY_ROUNDS[pace])
  const rows: Row[] = []
  for (const count of READERS) {
    const names = rateNamesOf(count)
    for (let slot = 0; slot < count; slot++) await pcscd.insert(slot, { answers: INSTANT })
    const readers = Array.from({ length: count }, (_, slot) => readerOf(slot))
    const floor = await patiently(() => direct.drive(readers, APDU, FLOOR_SECONDS[pace]))
    await pcscd.clear()
    rows.push(
      withRatio({
        ...{
          name: names.slow,
          unit: '/s',
          value: slow.get(count)?.rate ?? NaN,
          reference: count * (slow.get(1)?.rate ?? NaN),
        },
        remark: `reference: linear${count > 1 ? '; aim: ratio of at least 0.97' : ''}`,
      }),
      { name: names.direct, unit: '/s', value: floor.rate, remark: `a thread a reader; ${CARD}` },
      withRatio({
        ...{ name: names.instant, unit: '/s', value: instant.get(count)?.rate ?? NaN, reference: floor.rate },
        remark: 'reference: C client; all programs share the machine',
      }),
      {
        ...{ name: names.processor, unit: 'us', value: instant.get(count)?.processorUs ?? NaN },
        remark: 'of one APDU, all threads; aim: at most 125 us, 8000 /s on one core',
      },
    )
  }
  return rows
}

/** APDUs a second, and what the gateway needs for one. */
interface Rate {
  readonly rate: number
  readonly processorUs: number
}

/** By number of readers, over RACS, with a client for each. */
async function ratesOf(
  pcscd: PrivatePcscd,
  card: Parameters<PrivatePcscd['insert']>[1],
  roundsOf: (count: number) => number,
): Promise<Map<number, Rate>> {
  for (let slot = 0; slot < Math.max(...READERS); slot++) await pcscd.insert(slot, card)
  const rates = new Map<number, Rate>()
  {
    await using gateway = await startGateway(PCSC, pcscd.env)
    for (const count of READERS) {
      await using client = await lanesOn(gateway, count)
      const rounds = roundsOf(count)
      const before = processorUs(gateway.pid)
      const { elapsedMs } = await client.ask<Driven>({ rounds })
      const spentUs = (processorUs(gateway.pid) - before) / rounds
      await client.ask({ close: true })
      rates.set(count, { rate: (1000 * rounds) / elapsedMs, processorUs: spentUs })
    }
  }
  await pcscd.clear()
  return rates
}

/** From pcscd's report, to a client of its own, until the gateway says that the element is served. */
async function arrivalRow(pcscd: PrivatePcscd, direct: DirectClient, pace: Pace): Promise<Row> {
  await using gateway = await Gateway.start(PCSC, pcscd.env)
  const reports: number[] = []
  direct.watch(readerOf(0), (atMs) => reports.push(atMs))
  const samples: number[] = []
  for (let n = 1; n <= ARRIVALS[pace]; n++) {
    await pcscd.insert(0, { sen: 'bench.com' })
    const ready = (await gateway.loggedTimes(n, 'slot.ready'))[n - 1]
    while (reports.length < n) await new Promise((resolve) => setTimeout(resolve, 5))
    samples.push(Date.parse(String(ready?.['time'])) - (reports[n - 1] ?? NaN))
    await pcscd.pull(0)
    await gateway.loggedTimes(n, 'slot.vacated')
  }
  const p95 = percentile(samples, 0.95).toFixed(0)
  return rowOf({
    ...{ name: NAMES.arrival, unit: 'ms', samples },
    remark: `${samples.length} cards; p95 ${p95} ms; aim: under 200 ms at p95`,
  })
}

async function lanesOn({ racsPort: port }: RunningGateway, count: number): Promise<Child> {
  const client = new Child('racs-client.ts')
  const seids = Array.from({ length: count }, (_, slot) => readerOf(slot).replaceAll(' ', '-'))
  const lanes = seids.map((seid) => ({ prelude: [selectOf(seid)], exchange: apduOf(seid) }))
  const open = { port, credentials: operatorCredentials(), lanes, warmUp: WARM_UP }
  await patiently(() => client.ask({ open }))
  return client
}

/** A card that was used a moment ago is reset first, one that was put in a moment ago has to be noticed. */
async function patiently<Result>(attempt: () => Promise<Result>): Promise<Result> {
  for (let left = 20; ; left--) {
    try {
      return await attempt()
    } catch (error) {
      if (left === 0) throw error
      await new Promise((resolve) => setTimeout(resolve, 250))
    }
  }
}

/** Reader R of the private pcscd has the slots 2R and 2R + 1. */
function readerOf(slot: number): string {
  return `Rig ${'ABCD'[slot >> 1] ?? ''} 00 0${slot & 1}`
}

interface Driven {
  readonly elapsedMs: number
  readonly roundTripsUs: readonly number[]
}

const PCSC = '[[slots]]\ndriver = "pcsc"\n'
const APDU = '80CA000010'
const ANSWER = `${Buffer.from(DATA).toString('hex')}9000`
const INSTANT = { [APDU.toLowerCase()]: ANSWER, '00a4040000': ANSWER }
const CARD = 'by pcscd and vpcd to a card in JavaScript'
const READERS = [1, 2, 4, 8]
const SLOW_MS = 100
const SLOW_ROUNDS = { full: 30, quick: 5 }
const BUSY_ROUNDS = { full: 20_000, quick: 1_000 }
const FLOOR_SECONDS = { full: 2, quick: 0.5 }
const TRIP_SECONDS = 0.5
const TURNS = { full: 5, quick: 1 }
const ROUNDS = 1_000
const WARM_UP = 50
const ARRIVALS = { full: 25, quick: 4 }
