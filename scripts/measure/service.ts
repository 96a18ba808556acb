// Installs the package in a booted Debian, measures the service there, and writes the table of docs/appliance.md.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { bootContainer, cannotBoot } from '../../test/support/container/boot.ts'
import { certificatesOf, Load } from '../../test/support/container/clients.ts'
import type { Machine } from '../../test/support/container/machine.ts'
import { install, propertyOf, ready } from '../../test/support/container/package.ts'
import { isBuildMissing, packagesOf } from '../../test/support/deb.ts'
import type { Fates } from '../../test/support/load-client.ts'
import { machineWords, type Row, writeTable } from './table.ts'

const say = (text: string): void => {
  process.stderr.write(`${text}...\n`)
}

async function measured(machine: Machine, certificates: string): Promise<Row[]> {
  return [
    await exposure(machine),
    ...(await starts(machine)),
    ...(await restartsUnderLoad(machine, certificates)),
    ...(await idle(machine)),
  ]
}

async function exposure(machine: Machine): Promise<Row> {
  const said = await machine.success(['systemd-analyze', 'security', '--no-pager', 'iosed.service'])
  const value = /Overall exposure level for iosed\.service: ([\d.]+)/.exec(said)?.[1] ?? '?'
  return ['exposure, by `systemd-analyze security iosed`', value, 'aim: 1.5 or less']
}

/** From the start of the process to READY, and what Node.js takes of it. */
async function starts(machine: Machine): Promise<Row[]> {
  say('starts')
  const samples: number[] = []
  const bare: number[] = []
  for (let turn = 0; turn < STARTS; turn++) {
    await machine.success(['systemctl', 'restart', 'iosed'])
    samples.push(await startMs(machine))
    const command = 'S=$EPOCHREALTIME; /usr/lib/iose-gateway/bin/node -e 0; echo $S $EPOCHREALTIME'
    // So many in a row would be too many for systemd.
    await machine.success(['systemctl', 'reset-failed', 'iosed'])
    const [from = 0, to = 0] = (await machine.success(['bash', '-c', command])).split(' ').map(Number)
    bare.push((to - from) * 1000)
  }
  const beside = `Node.js with nothing to do: ${median(bare).toFixed(0)} ms`
  return [[`from start to READY, 5 slots, median of ${STARTS}`, `${median(samples).toFixed(0)} ms`, beside]]
}

async function startMs(machine: Machine): Promise<number> {
  const [started, active] = await Promise.all([
    propertyOf(machine, 'ExecMainStartTimestampMonotonic'),
    propertyOf(machine, 'ActiveEnterTimestampMonotonic'),
  ])
  return (Number(active) - Number(started)) / 1000
}

async function restartsUnderLoad(machine: Machine, certificates: string): Promise<Row[]> {
  say('restarts under load')
  const load = Load.start(machine, certificates, CLIENTS)
  await delay(2_000)
  for (let round = 0; round < RESTARTS; round++) {
    await machine.success(['systemctl', 'restart', 'iosed'])
    await delay(1_000)
  }
  const { tlsSe, racs } = await load.stop()
  const row = (plane: string, { done, refused, broken, slowestMs }: Fates): Row => [
    `${RESTARTS} restarts under load, ${plane}: refused and broken of ${done} sessions`,
    `${refused} and ${broken}`,
    `aim: 0 refused; the slowest took ${slowestMs} ms`,
  ]
  return [row(`${CLIENTS} clients of TLS-SE`, tlsSe), row('1 of RACS', racs)]
}

/** With 64 slots and nobody there. */
async function idle(machine: Machine): Promise<Row[]> {
  say('idle')
  const toml = '[[slots]]\ndriver = "simulator"\ncount = 64\nseid = "sim{n}"\nsen = "key{n}.com"\n'
  await machine.write('/etc/iose/gateway.toml', `gateway.state_dir = "/var/lib/iose"\n${toml}`)
  await machine.success(['systemctl', 'restart', 'iosed'])
  await ready(machine)
  const startedMs = await startMs(machine)
  // Compiled by then, which costs more than the work.
  await delay(WARM_UP_MS)
  const pid = await propertyOf(machine, 'MainPID')
  const before = await cpuMs(machine, pid)
  await delay(IDLE_MS)
  const share = (100 * ((await cpuMs(machine, pid)) - before)) / IDLE_MS
  const status = await machine.success(['cat', `/proc/${pid}/status`])
  const mib = (field: string): string => {
    const kib = Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1])
    return `${(kib / 1024).toFixed(0)} MiB`
  }
  return [
    ['from start to READY, 64 simulated slots', `${startedMs.toFixed(0)} ms`, ''],
    ['resident memory, 64 slots, idle', mib('VmRSS'), `at most so far: ${mib('VmHWM')}; MemoryMax: 512 MiB`],
    [
      `CPU, 64 slots, idle, over ${IDLE_MS / 1000} s`,
      `${share.toFixed(2)} % of one`,
      'each slot looked at every 5 s',
    ],
  ]
}

/** Of all its threads, by the scheduler's own count: that of clock ticks misses or doubles what a timer wakes up. */
async function cpuMs(machine: Machine, pid: string): Promise<number> {
  const rows = await machine.success(['sh', '-c', `cat /proc/${pid}/task/*/schedstat`])
  const nanoseconds = rows
    .trim()
    .split('\n')
    .map((row) => Number(row.split(' ')[0]))
  return nanoseconds.reduce((sum, value) => sum + value, 0) / 1e6
}

function median(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

const STARTS = 11
const RESTARTS = 20
const CLIENTS = 8
const WARM_UP_MS = 30_000
const IDLE_MS = 30_000

const missing = cannotBoot() || isBuildMissing('amd64')
if (missing !== false) {
  process.stderr.write(`measure-service: ${missing}\n`)
  process.exit(69)
}
const directory = mkdtempSync(join(tmpdir(), 'measure-'))
const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
say('package')
const [deb = ''] = packagesOf('amd64', [version], directory)
try {
  await using machine = await bootContainer({ rootfs: 'trixie' })
  await install(machine, deb)
  const certificates = await certificatesOf(machine)
  const rows = await measured(machine, certificates)
  rmSync(certificates, { recursive: true })
  writeTable(
    'scripts/measure-service',
    `Version ${version}, ${machineWords()}, amd64, Debian 13 in a container.`,
    rows,
  )
  for (const row of rows) process.stdout.write(`${row.join('; ')}\n`)
} finally {
  rmSync(directory, { recursive: true })
}
