// What the gateway adds to one relayed record, against an echo server of node:net and a direct call of the element.

import { Child } from './child.ts'
import { helloRecordFor } from './hello.ts'
import { INSTANT_SEN, InstantElement } from './instant-element.ts'
import { type Benchmark, median, percentile, type Row } from './row.ts'

export const relay: Benchmark = {
  name: 'relay',
  async run() {
    const server = new Child('relay-server.ts')
    const client = new Child('relay-client.ts')
    try {
      const ports = await server.receive<{ gatewayPort: number; echoPort: number }>()
      const rows: Row[] = []
      for (const recordBytes of [37, 500]) rows.push(...(await measure(client, ports, recordBytes)))
      return rows
    } finally {
      await Promise.all([server.stop(), client.stop()])
    }
  },
}

async function measure(
  client: Child,
  ports: { gatewayPort: number; echoPort: number },
  recordBytes: number,
): Promise<Row[]> {
  const prelude = [Buffer.from(await helloRecordFor(INSTANT_SEN)).toString('hex'), '1703030001ff']
  const samples = { gateway: [] as number[], echo: [] as number[] }
  // In turns, so that the machine's moods meet both alike.
  for (let turn = 0; turn < TURNS; turn++) {
    const task = { recordBytes, rounds: ROUNDS }
    samples.gateway.push(...(await roundTrips(client, { ...task, port: ports.gatewayPort, prelude })))
    samples.echo.push(...(await roundTrips(client, { ...task, port: ports.echoPort, prelude: [] })))
  }
  const [p50, p99] = [median(samples.gateway), percentile(samples.gateway, 0.99)]
  const [echoP50, echoP99] = [median(samples.echo), percentile(samples.echo, 0.99)]
  const name = `relay ${recordBytes}-byte record`
  return [
    { name: `${name}, node:net echo (floor)`, unit: 'us', value: echoP50, p50: echoP50, p99: echoP99 },
    { name: `${name}, direct call (floor)`, unit: 'us', value: directCallUs(recordBytes) },
    { name, unit: 'us', value: p50, p50, p99, reference: echoP50, ratio: p50 / echoP50 },
    {
      name: `${name}, added by the gateway`,
      unit: 'us',
      value: p50 - echoP50,
      p50: p50 - echoP50,
      p99: p99 - echoP99,
      reference: AIM_US,
      ratio: (p50 - echoP50) / AIM_US,
      remark: `aim: at most ${AIM_US} us over the echo`,
    },
  ]
}

async function roundTrips(client: Child, task: object): Promise<number[]> {
  client.send(task)
  const answer = await client.receive<{ roundTrips?: number[]; error?: string }>()
  if (answer.roundTrips === undefined) throw new Error(`relay client: ${answer.error ?? 'no answer'}`)
  return answer.roundTrips
}

/** The element alone: all fragments of a record and all pieces of its answer, as plain calls. */
function directCallUs(recordBytes: number): number {
  const element = new InstantElement()
  const [command, response] = [new Uint8Array(261), new Uint8Array(258)]
  const calls = 200_000
  const fragment = Math.min(recordBytes, 240)
  command.set([0, 0xd8, 0, 3, fragment])
  const start = process.hrtime.bigint()
  for (let call = 0; call < calls; call++) element.answer(command.subarray(0, 5 + fragment), response)
  const callUs = Number(process.hrtime.bigint() - start) / 1000 / calls
  return callUs * Math.ceil(recordBytes / 240)
}

const TURNS = 5
const ROUNDS = 4_000
const AIM_US = 80
