// What the gateway adds to one relayed record, against an echo server of node:net and a direct call of the element.

import { Child } from './child.ts'
import { helloRecordFor } from './hello.ts'
import { INSTANT_SEN, InstantElement } from './instant-element.ts'
import { type Benchmark, median, type Pace, percentile, type Row, rowOf, withRatio } from './row.ts'

export const relay: Benchmark = {
  name: 'relay',
  get rows() {
    return SIZES.flatMap((recordBytes) => Object.values(namesOf(recordBytes)))
  },
  async run(pace) {
    await using server = new Child('relay-server.ts')
    await using client = new Child('relay-client.ts')
    const ports = await server.receive<Ports>()
    const rows: Row[] = []
    for (const recordBytes of SIZES) {
      const turns = await measure(client, { ports, recordBytes, pace })
      rows.push(...rowsOf(recordBytes, turns, await directCallsUs(recordBytes)))
    }
    return rows
  },
}

interface Ports {
  readonly gatewayPort: number
  readonly echoPort: number
}

/** Round trips of one turn in microseconds. */
interface Turn {
  readonly gateway: readonly number[]
  readonly echo: readonly number[]
}

function namesOf(recordBytes: number) {
  const name = `relay ${recordBytes}-byte record`
  return {
    echo: `${name}: node:net echo`,
    direct: `${name}: direct call`,
    gateway: `${name}: through the gateway`,
    added: `${name}: added by the gateway`,
  }
}

/** In turns, so that the machine's moods meet both alike. */
async function measure(
  client: Child,
  { ports, recordBytes, pace }: { ports: Ports; recordBytes: number; pace: Pace },
): Promise<Turn[]> {
  const hello = Buffer.from(await helloRecordFor(INSTANT_SEN)).toString('hex')
  const roundTrips = async (port: number, prelude: string[]): Promise<number[]> => {
    const task = { port, prelude, recordBytes, rounds: ROUNDS }
    return (await client.ask<{ roundTrips: number[] }>(task)).roundTrips
  }
  const turns: Turn[] = []
  for (let turn = 0; turn < TURNS[pace]; turn++) {
    const gateway = await roundTrips(ports.gatewayPort, [hello, ANY_RECORD])
    turns.push({ gateway, echo: await roundTrips(ports.echoPort, []) })
  }
  return turns
}

function rowsOf(recordBytes: number, turns: readonly Turn[], directUs: readonly number[]): Row[] {
  const names = namesOf(recordBytes)
  const echo = rowOf({ name: names.echo, unit: 'us', samples: turns.flatMap((turn) => turn.echo) })
  /** The median over the turns of what a percentile has more in the gateway's half. */
  const added = (share: number): number =>
    median(turns.map((turn) => percentile(turn.gateway, share) - percentile(turn.echo, share)))
  const gateway = turns.flatMap((turn) => turn.gateway)
  const overEcho = 'reference: node:net echo'
  return [
    echo,
    rowOf({ name: names.direct, unit: 'us', samples: directUs, remark: 'all commands of one record' }),
    rowOf({ name: names.gateway, unit: 'us', samples: gateway, reference: echo.value, remark: overEcho }),
    withRatio({
      name: names.added,
      unit: 'us',
      value: added(0.5),
      p50: added(0.5),
      p99: added(0.99),
      reference: echo.value,
      remark: `${overEcho}; aim: at most ${AIM_US} us at p50`,
    }),
  ]
}

/** The element alone: every fragment of a record and every piece of its answer, microseconds a record. */
async function directCallsUs(recordBytes: number): Promise<number[]> {
  const element = new InstantElement()
  const response = new Uint8Array(258)
  const commands = commandsOf(recordBytes)
  // The hello and the client's Finished.
  for (let n = 0; n < 2; n++) await element.transmit(Uint8Array.of(0, 0xd8, 0, 3, 1, 0x5a), response)
  const samples: number[] = []
  for (let batch = 0; batch < 200; batch++) {
    const start = process.hrtime.bigint()
    for (let n = 0; n < 500; n++) for (const command of commands) await element.transmit(command, response)
    samples.push(Number(process.hrtime.bigint() - start) / 1000 / 500)
  }
  return samples
}

function commandsOf(recordBytes: number): Uint8Array[] {
  const commands: Uint8Array[] = []
  for (let offset = 0; offset < recordBytes; offset += FRAGMENT_BYTES) {
    const length = Math.min(FRAGMENT_BYTES, recordBytes - offset)
    const p2 = (offset === 0 ? 1 : 0) | (offset + length === recordBytes ? 2 : 0)
    commands.push(Uint8Array.of(0, 0xd8, 0, p2, length, ...new Uint8Array(length)))
  }
  // An answer of one piece comes with the last fragment.
  for (let offset = 0; offset < recordBytes && recordBytes > FRAGMENT_BYTES; offset += FRAGMENT_BYTES) {
    commands.push(Uint8Array.of(0, 0xc0, 0, 0, Math.min(FRAGMENT_BYTES, recordBytes - offset)))
  }
  return commands
}

/** One that fits a single command, and one of three fragments. */
const SIZES = [37, 500]
const FRAGMENT_BYTES = 240
/** What the instant element takes for the client's Finished. */
const ANY_RECORD = '1703030001ff'
const TURNS = { full: 20, quick: 4 }
const ROUNDS = 1_000
const AIM_US = 80
