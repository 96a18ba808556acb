// What a client that says nothing costs, ten thousand times, and what the others notice of it.

import { readFileSync } from 'node:fs'
import { Child, startGateway } from './child.ts'
import { type Benchmark, median, percentile, type Row } from './row.ts'

export const idle: Benchmark = {
  name: 'idle',
  async run() {
    const gateway = await startGateway('tls_se.hello_timeout_ms = 600000\n')
    const [crowd, client] = [new Child('idle-client.ts'), new Child('handshake-client.ts')]
    try {
      const alone = await handshakeMs(client, gateway.port)
      const before = residentKb(gateway.pid)
      crowd.send({ port: gateway.port, count: CONNECTIONS, perAddress: 50 })
      const { open, error } = await crowd.receive<{ open?: number; error?: string }>()
      if (open === undefined) throw new Error(`idle client: ${error ?? 'no answer'}`)
      const grownKb = residentKb(gateway.pid) - before
      const crowded = await handshakeMs(client, gateway.port)
      return [memoryRow(grownKb, open), sessionRow(alone, crowded)]
    } finally {
      await Promise.all([crowd.stop(), client.stop(), gateway.stop()])
    }
  },
}

function memoryRow(grownKb: number, open: number): Row {
  const remark = `${open} connections, ${Math.round(grownKb / 1024)} MB in all; resident set`
  return { name: 'memory per idle connection', unit: 'KB', value: grownKb / open, remark }
}

function sessionRow(alone: readonly number[], crowded: readonly number[]): Row {
  const [value, reference] = [median(crowded), median(alone)]
  const [p50, p99] = [value, percentile(crowded, 0.99)]
  const remark = 'reference: without the crowd'
  return {
    name: 'session while they are there',
    unit: 'ms',
    value,
    p50,
    p99,
    reference,
    ratio: value / reference,
    remark,
  }
}

async function handshakeMs(client: Child, port: number): Promise<number[]> {
  client.send({ port, names: ['key1.com'], perName: 200 })
  const { durations, error } = await client.receive<{ durations?: number[]; error?: string }>()
  if (durations === undefined) throw new Error(`handshake client: ${error ?? 'no answer'}`)
  // The first half warms up.
  return durations.slice(100)
}

/** Row `VmRSS: N kB` of proc(5) status. */
function residentKb(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
}

const CONNECTIONS = 10_000
