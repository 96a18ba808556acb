// What a client that says nothing costs, ten thousand times, and what the others notice of it.

import { setTimeout } from 'node:timers/promises'
import { Child, openFiles, openFilesLimit, residentKb, startGateway } from './child.ts'
import { type Benchmark, median, type Pace, type Row, rowOf, withRatio } from './row.ts'
import { Sessions } from './sessions.ts'

const NAMES = {
  memory: 'idle connection: memory',
  kept: 'idle connections: memory kept after they closed',
  handshake: 'idle connections: handshake beside them',
} as const

export const idle: Benchmark = {
  name: 'idle',
  rows: Object.values(NAMES),
  async run(pace) {
    const count = Math.min(CONNECTIONS[pace], openFilesLimit() - RESERVED_FILES)
    await using crowd = new Child('idle-client.ts')
    const floor = await floorKb(crowd, count)
    await using gateway = await startGateway('tls_se.hello_timeout_ms = 600000\n')
    await using client = new Sessions()
    const sessions = SESSIONS[pace]
    await client.handshakesMs(gateway.port, 2 * sessions)
    const alone = await client.handshakesMs(gateway.port, sessions)
    const beforeKb = residentKb(gateway.pid)
    const openKb = (await open(crowd, gateway, count)) - beforeKb
    const crowded = await client.handshakesMs(gateway.port, sessions)
    const keptKb = (await close(crowd, gateway, count)) - beforeKb
    alone.push(...(await client.handshakesMs(gateway.port, sessions)))
    return [
      memoryRow(openKb, { floor, count, pace }),
      keptRow(keptKb, openKb),
      rowOf({
        name: NAMES.handshake,
        unit: 'ms',
        samples: crowded,
        reference: median(alone),
        remark: 'card without latency; reference: without them, before and after',
      }),
    ]
  },
}

interface Server {
  readonly pid: number
  readonly port: number
}

function memoryRow(openKb: number, run: { floor: number; count: number; pace: Pace }): Row {
  const { floor, count, pace } = run
  const scaled = count < CONNECTIONS[pace] ? `; ONLY ${count}: the limit of open files is too low` : ''
  const total = `${count} connections, ${Math.round(openKb / 1024)} MB in all, resident set`
  const remark = `${total}; reference: node:net doing nothing${scaled}`
  return withRatio({
    name: NAMES.memory,
    unit: 'KB',
    value: openKb / count,
    reference: floor / count,
    remark,
  })
}

function keptRow(keptKb: number, openKb: number): Row {
  const remark = 'reference: what they took; a heap shrinks late'
  return withRatio({
    name: NAMES.kept,
    unit: 'MB',
    value: keptKb / 1024,
    reference: openKb / 1024,
    remark,
  })
}

/** What as many connections take in a server that does nothing, all together. */
async function floorKb(crowd: Child, count: number): Promise<number> {
  await using child = new Child('idle-server.ts')
  const { port } = await child.receive<{ port: number }>()
  const server = { pid: child.pid, port }
  // What the first connections make the server load is no memory of theirs.
  await open(crowd, server, WARM_UP)
  const beforeKb = await close(crowd, server, WARM_UP)
  const grownKb = (await open(crowd, server, count)) - beforeKb
  await close(crowd, server, count)
  return grownKb
}

/** Opens the connections, waits until the server has accepted them all, and says what it then has resident. */
async function open(crowd: Child, { pid, port }: Server, count: number): Promise<number> {
  const wanted = openFiles(pid) + count - OWN_FILES
  await crowd.ask({ port, count, perAddress: PER_ADDRESS })
  await until(() => openFiles(pid) >= wanted)
  return settledKb(pid)
}

async function close(crowd: Child, { pid }: Server, count: number): Promise<number> {
  const wanted = openFiles(pid) - count + OWN_FILES
  await crowd.ask({ close: true })
  await until(() => openFiles(pid) <= wanted)
  return settledKb(pid)
}

async function settledKb(pid: number): Promise<number> {
  await setTimeout(SETTLING_MS)
  return residentKb(pid)
}

async function until(condition: () => boolean): Promise<void> {
  const endsAt = performance.now() + PATIENCE_MS
  while (!condition()) {
    if (performance.now() > endsAt) throw new Error('idle: the server does not see all connections')
    await setTimeout(20)
  }
}

const CONNECTIONS = { full: 10_000, quick: 1_000 }
const SESSIONS = { full: 150, quick: 30 }
const WARM_UP = 200
/** Under the gateway's default limit for one address. */
const PER_ADDRESS = 50
/** Files that come and go in a server without any connection. */
const OWN_FILES = 8
const RESERVED_FILES = 200
const SETTLING_MS = 1_000
const PATIENCE_MS = 20_000
