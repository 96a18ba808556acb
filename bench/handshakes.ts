// Handshakes a second over more and more elements of p71 speed: each element is a lane of its own, or should be.

import { LATENCY_PROFILES } from '../src/simulator/latency.ts'
import { startGateway } from './child.ts'
import { type Benchmark, type Row, rowOf, withRatio } from './row.ts'
import { Sessions } from './sessions.ts'

export const handshakes: Benchmark = {
  name: 'handshakes',
  get rows() {
    return SLOTS.flatMap((slots) => Object.values(namesOf(slots)))
  },
  async run(pace) {
    await using gateway = await startGateway(CONFIG)
    await using client = new Sessions()
    await client.rate(gateway.port, MOST_SLOTS, WARM_UP_SECONDS)
    const measured = new Map<number, Measured>()
    for (const slots of SLOTS) {
      measured.set(slots, await client.rate(gateway.port, slots, SECONDS[pace]))
    }
    const single = measured.get(1)?.rate ?? 0
    return [...measured].flatMap(([slots, figures]) => rowsOf(slots, figures, single))
  },
}

type Measured = Awaited<ReturnType<Sessions['rate']>>

function namesOf(slots: number) {
  const name = `handshakes over ${slots} p71 ${slots === 1 ? 'slot' : 'slots'}`
  return { rate: `${name}: a second`, time: `${name}: time of one` }
}

function rowsOf(slots: number, { rate, handshakesMs }: Measured, single: number): Row[] {
  const names = namesOf(slots)
  const remark = `reference: ${slots} x one slot; aim: ratio of at least 0.97`
  return [
    withRatio({ name: names.rate, unit: '/s', value: rate, reference: slots * single, remark }),
    rowOf({
      name: names.time,
      unit: 'ms',
      samples: handshakesMs,
      reference: CARD_MS,
      remark: 'reference: what the card takes, its reset included',
    }),
  ]
}

const SLOTS = [1, 4, 16, 64]
const MOST_SLOTS = 64
const SECONDS = { full: 8, quick: 2 }
const WARM_UP_SECONDS = 2

const { reset, clientHello, encryptedExtensions, serverFinished } = LATENCY_PROFILES.p71
/** Until the client has the server's Finished; it comes while the element is still reset after the one before. */
const CARD_MS = reset + clientHello + encryptedExtensions + serverFinished

const CONFIG = `tls_se.max_connections_per_address = 1000
[[slots]]
driver = "simulator"
count = ${MOST_SLOTS}
sen = "key{n}.com"
latency = "p71"
`
