// Sessions a second over more and more elements of p71 speed: each element is a lane of its own, or should be.

import { Child, startGateway } from './child.ts'
import { type Benchmark, median, percentile, type Row } from './row.ts'

export const handshakes: Benchmark = {
  name: 'handshakes',
  async run() {
    const gateway = await startGateway(slotsOf('p71', MOST_SLOTS))
    const client = new Child('handshake-client.ts')
    try {
      const rows: Row[] = []
      let single: number | undefined
      for (const slots of [1, 4, 16, MOST_SLOTS]) {
        // Both processes compile on the way: the first sessions are not counted.
        await measure(client, gateway.port, slots, 2)
        const { rate, durations } = await measure(client, gateway.port, slots, PER_NAME)
        single ??= rate
        const reference = single * slots
        const [p50, p99] = [median(durations), percentile(durations, 0.99)]
        const remark = `p50, p99: ms a session; reference: ${slots} x one slot; aim: 0.97`
        rows.push({
          name: `sessions/s over ${slots} p71 slots`,
          unit: '/s',
          value: rate,
          p50,
          p99,
          reference,
          ratio: rate / reference,
          remark,
        })
      }
      return [...rows, await withoutLatency(client)]
    } finally {
      await Promise.all([client.stop(), gateway.stop()])
    }
  },
}

async function withoutLatency(client: Child): Promise<Row> {
  const gateway = await startGateway(slotsOf('none', 1))
  try {
    await measure(client, gateway.port, 1, 50)
    const { durations } = await measure(client, gateway.port, 1, 300)
    const [p50, p99] = [median(durations), percentile(durations, 0.99)]
    return {
      name: 'session with a card of no latency',
      unit: 'ms',
      value: p50,
      p50,
      p99,
      remark: 'client and card included',
    }
  } finally {
    await gateway.stop()
  }
}

async function measure(
  client: Child,
  port: number,
  slots: number,
  perName: number,
): Promise<{ rate: number; durations: number[] }> {
  const names = Array.from({ length: slots }, (_, index) => `key${index + 1}.com`)
  client.send({ port, names, perName })
  const answer = await client.receive<{ seconds: number; durations?: number[]; error?: string }>()
  if (answer.durations === undefined) throw new Error(`handshake client: ${answer.error ?? 'no answer'}`)
  return { rate: (slots * perName) / answer.seconds, durations: answer.durations }
}

function slotsOf(latency: string, count: number): string {
  return `tls_se.max_connections_per_address = 1000
[[slots]]
driver = "simulator"
count = ${count}
sen = "key{n}.com"
latency = "${latency}"
`
}

const MOST_SLOTS = 64
const PER_NAME = 12
