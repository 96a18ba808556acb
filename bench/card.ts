// What a simulated card costs: how fast a handshake can be before any latency is put on.

import { createECDH } from 'node:crypto'
import type * as cards from '../src/simulator/card.ts'
import { exchange } from '../test/support/card-bridge.ts'
import { TlsClient } from '../test/support/tls-client.ts'
import { built } from './built.ts'
import { Child, startGateway } from './child.ts'
import { type Benchmark, median, type Row, rowOf } from './row.ts'
import { Sessions } from './sessions.ts'

const NAMES = {
  alone: 'card without latency: its part of a handshake',
  floor: 'card without latency: node:tls to node:tls instead',
  whole: 'card without latency: handshake through the gateway',
} as const

export const card: Benchmark = {
  name: 'card',
  rows: Object.values(NAMES),
  async run(pace) {
    return [await cardAlone(HANDSHAKES[pace]), ...(await wholeHandshakes(TURNS[pace]))]
  },
}

/** In this process: the time inside the card, the client's is not counted. */
async function cardAlone(handshakes: number): Promise<Row> {
  const { Card } = await built<typeof cards>('simulator/card.js')
  const card = new Card({ applet: 'keystore', protocol: 't1' })
  const peer = createECDH('prime256v1').generateKeys()
  const [samples, floors]: [number[], number[]] = [[], []]
  for (let n = 0; n < WARM_UP + handshakes; n++) {
    const cardMs = handshakeMs(card)
    const start = performance.now()
    const ephemeral = createECDH('prime256v1')
    ephemeral.generateKeys()
    ephemeral.computeSecret(peer)
    const floorMs = performance.now() - start
    if (n < WARM_UP) continue
    samples.push(cardMs)
    floors.push(floorMs)
  }
  const remark = 'reference: its key pair and ECDH in node:crypto'
  return rowOf({ name: NAMES.alone, unit: 'ms', samples, reference: median(floors), remark })
}

/** Of all commands from reset to open channel. */
function handshakeMs(card: cards.Card): number {
  const client = new TlsClient()
  const hello = client.clientHello()
  const start = performance.now()
  card.reset()
  const flight = exchange(card, hello)
  const flightMs = performance.now() - start
  client.readServerFlight(flight.output)
  const finished = client.clientFinished()
  const finishedAt = performance.now()
  const { sw } = exchange(card, finished)
  if (sw !== '9001') throw new Error(`the card answered ${sw} to the client's Finished`)
  return flightMs + performance.now() - finishedAt
}

/** Over TCP, in turns with Node's own server; client and server each in a process of its own. */
async function wholeHandshakes(turns: number): Promise<Row[]> {
  await using gateway = await startGateway()
  await using server = new Child('tls-server.ts')
  await using client = new Sessions()
  const { port } = await server.receive<{ port: number }>()
  const [throughGateway, direct]: [number[], number[]] = [[], []]
  // The first turn is the warm-up.
  for (let turn = 0; turn <= turns; turn++) {
    const ours = await client.handshakesMs(gateway.port, PER_TURN)
    const theirs = await client.handshakesMs(port, PER_TURN)
    if (turn === 0) continue
    throughGateway.push(...ours)
    direct.push(...theirs)
  }
  const remark = 'client and card included; reference: node:tls to node:tls'
  return [
    rowOf({ name: NAMES.floor, unit: 'ms', samples: direct, remark: 'same suite, group and PSK' }),
    rowOf({ name: NAMES.whole, unit: 'ms', samples: throughGateway, reference: median(direct), remark }),
  ]
}

const WARM_UP = 200
const HANDSHAKES = { full: 400, quick: 60 }
const TURNS = { full: 8, quick: 1 }
const PER_TURN = 50
