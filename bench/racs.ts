// The administration plane: APDUs a second over RACS, what the gateway adds to each, and LIST of a thousand elements;
// all against an echo server of node:tls that gives the same answers over the same TLS.

import { RacsStand, type Subject, type Turn, type Turns } from './racs-stand.ts'
import { apduOf, LIST, pipelined, SEIDS, selectOf } from './racs-texts.ts'
import { type Benchmark, median, type Pace, percentile, type Row, rowOf, withRatio } from './row.ts'

export const racs: Benchmark = {
  name: 'racs',
  get rows() {
    const perClients = CLIENTS.flatMap((clients) => Object.values(rateNamesOf(clients)))
    return [...perClients, ...[TRIP_NAMES, LIST_NAMES, PIPELINED_NAMES].flatMap(Object.values<string>)]
  },
  async run(pace) {
    await using stand = await RacsStand.start()
    const rows: Row[] = []
    for (const clients of CLIENTS) {
      const turns = await stand.measure(apdusOf(clients, pace))
      rows.push(...rateRowsOf(clients, turns))
      if (clients === 1) rows.push(...tripRowsOf(turns))
    }
    for (const user of ['star', 'named'] as const) {
      const lanes = [{ prelude: [], exchange: LIST }]
      rows.push(listRowOf(LIST_NAMES[user], await stand.measure({ user, lanes, rounds: LISTS, pace })))
    }
    return [...rows, ...pipelinedRowsOf(await stand.measure(pipelinedApdus(pace)))]
  },
}

/** Each client on an element of its own. */
function apdusOf(clients: number, pace: Pace): Subject {
  const seids = SEIDS.slice(0, clients)
  const lanes = seids.map((seid) => ({ prelude: [selectOf(seid)], exchange: apduOf(seid) }))
  return { user: 'star', lanes, rounds: clients === 1 ? ROUNDS : BUSY_ROUNDS, pace }
}

function pipelinedApdus(pace: Pace): Subject {
  const [seid = ''] = SEIDS
  const lanes = [{ prelude: [selectOf(seid)], exchange: pipelined(apduOf(seid), DEPTH) }]
  return { user: 'star', lanes, rounds: ROUNDS, pace }
}

function rateNamesOf(clients: number) {
  const name = `racs APDU, ${clients} ${clients === 1 ? 'client' : 'clients'}`
  return {
    echo: `${name}: node:tls echo`,
    gateway: `${name}: through the gateway`,
    server: `${name}: server time of one`,
  }
}

function rateRowsOf(clients: number, turns: Turns): Row[] {
  const names = rateNamesOf(clients)
  const aim = clients === 16 ? `; aim: at least ${AIM_RATE}/s` : ''
  const serverUs = (side: readonly Turn[]): number => median(side.map((turn) => turn.serverUs))
  return [
    ...ratesOf(names, turns, { scale: 1, remark: `${OVER_ECHO}${aim}` }),
    withRatio({
      ...{ name: names.server, unit: 'us', value: serverUs(turns.gateway), reference: serverUs(turns.echo) },
      remark: `processor time; ${OVER_ECHO}`,
    }),
  ]
}

function tripRowsOf({ gateway, echo }: Turns): Row[] {
  const samplesOf = (turns: readonly Turn[]): number[] => turns.flatMap((turn) => [...turn.roundTripsUs])
  const reference = median(samplesOf(echo))
  /** The median over the turns of what a percentile has more in the gateway's half. */
  const added = (share: number): number =>
    median(
      gateway.map(({ roundTripsUs }, turn) => {
        return percentile(roundTripsUs, share) - percentile(echo[turn]?.roundTripsUs ?? [], share)
      }),
    )
  const [p50, p99] = [added(0.5), added(0.99)]
  return [
    rowOf({
      ...{ name: TRIP_NAMES.whole, unit: 'us', samples: samplesOf(gateway), reference },
      remark: `${OVER_ECHO}; aim: at most ${AIM_US} us at p50`,
    }),
    withRatio({ name: TRIP_NAMES.added, unit: 'us', value: p50, p50, p99, reference, remark: OVER_ECHO }),
  ]
}

function listRowOf(name: string, { gateway, echo }: Turns): Row {
  const samplesOf = (turns: readonly Turn[]): number[] =>
    turns.flatMap(({ roundTripsUs }) => roundTripsUs.map((us) => us / 1000))
  return rowOf({
    ...{ name, unit: 'ms', samples: samplesOf(gateway), reference: median(samplesOf(echo)) },
    remark: `${OVER_ECHO} of as many bytes; aim: at most ${AIM_LIST_MS} ms`,
  })
}

function pipelinedRowsOf(turns: Turns): Row[] {
  const remark = `APDUs; ${OVER_ECHO}; published for the reference server: ${REFERENCE_SERVER_RATE}/s`
  return ratesOf(PIPELINED_NAMES, turns, { scale: DEPTH, remark })
}

/** Medians over the turns, `scale` times the round trips. */
function ratesOf(
  names: { echo: string; gateway: string },
  { gateway, echo }: Turns,
  { scale, remark }: { scale: number; remark: string },
): Row[] {
  const rateOf = (turns: readonly Turn[]): number => scale * median(turns.map(({ rate }) => rate))
  const reference = rateOf(echo)
  return [
    { name: names.echo, unit: '/s', value: reference, remark: 'same TLS, certificates and bytes' },
    withRatio({ name: names.gateway, unit: '/s', value: rateOf(gateway), reference, remark }),
  ]
}

const TRIP_NAMES = {
  whole: 'racs APDU, 1 client: round trip',
  added: 'racs APDU, 1 client: added by the gateway',
}
const LIST_NAMES = {
  star: `racs LIST of ${SEIDS.length}, user of all`,
  named: `racs LIST of ${SEIDS.length}, user of each by name`,
}
const DEPTH = 4
const PIPELINED_NAMES = {
  echo: `racs ${DEPTH} APDUs in one record: node:tls echo`,
  gateway: `racs ${DEPTH} APDUs in one record: through the gateway`,
}

const CLIENTS = [1, 4, 16]
const ROUNDS = 3_000
const BUSY_ROUNDS = 12_000
const LISTS = 500
const OVER_ECHO = 'reference: node:tls echo'
const AIM_RATE = 15_000
const AIM_US = 200
const AIM_LIST_MS = 20
/** It does not set TCP_NODELAY. */
const REFERENCE_SERVER_RATE = 90
