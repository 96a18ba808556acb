// Boots the SD card image in QEMU, measures, and writes the table of docs/appliance.md.

import { execFileSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { confirmedState } from '../../src/update/boot-state.ts'
import { cannotBootImage, Disk, imagePath, ON_TRIAL } from '../../test/support/image/disk.ts'
import { powerOnInside } from '../../test/support/image/inside.ts'
import { powerOn } from '../../test/support/image/machine.ts'
import { planesReady, UP } from '../../test/support/image/planes.ts'
import { attached, UPDATE_DEVICE, Workshop } from '../../test/support/image/updates.ts'
import { machineWords, type Row, writeTable } from './table.ts'

const say = (text: string): void => {
  process.stderr.write(`${text}...\n`)
}

function sizes(): Row[] {
  const image = imagePath() ?? ''
  const mib = (bytes: number): string => `${(bytes / 1_048_576).toFixed(0)} MiB`
  const { size, blocks } = statSync(image)
  return [
    [
      'image',
      mib(size),
      `${mib(blocks * 512)} of it are no holes; compressed ${mib(statSync(`${image}.zst`).size)}`,
    ],
  ]
}

/** Seconds from the kernel's start to both planes, or to a systemd that has nothing to do with the gateway. */
async function starts(workshop: Workshop): Promise<Row[]> {
  say('starts')
  using disk = new Disk()
  const seconds: number[] = []
  let fromPower = 0
  for (let start = 0; start <= STARTS; start++) {
    await using board = await powerOn(disk)
    const [, , , , , kernel = ''] = await board.waitFor(UP)
    await planesReady(board)
    seconds.push(Number(kernel))
    fromPower = board.seconds
    await board.powerOff()
  }
  // An empty unit is a masked one.
  const masked = [
    'iosed.service',
    'iosed-tls-se.socket',
    'iosed-racs.socket',
    'iose-update-gate.service',
    'iose-configure.service',
  ]
  disk.fillSlotB(
    workshop.system(Object.fromEntries(masked.map((name) => [`etc/systemd/system/${name}`, '']))),
  )
  disk.setBootState({ ...ON_TRIAL, ...confirmedState('B') })
  const bare: number[] = []
  for (let start = 0; start < STARTS; start++) {
    await using board = await powerOn(disk)
    const [, , , , , kernel = ''] = await board.waitFor(UP)
    bare.push(Number(kernel))
  }
  const [first = 0, ...later] = seconds
  const without = median(bare)
  return [
    [
      "from the kernel's start to both planes, first start",
      `${first.toFixed(1)} s`,
      'keys and certificates are made',
    ],
    [
      `the same, later starts, median of ${STARTS}`,
      `${median(later).toFixed(1)} s`,
      `the same image without the gateway: ${without.toFixed(1)} s`,
    ],
    [
      'from power on to both planes asked, a later start',
      `${fromPower.toFixed(1)} s`,
      'with U-Boot, which checks the kernel',
    ],
  ]
}

async function updates(workshop: Workshop): Promise<Row[]> {
  say('update')
  using disk = new Disk()
  disk.putOnCard('update-keys/owner.pem', workshop.publicKey)
  const system = workshop.system({ 'usr/lib/iose-appliance/version': '9.0.1\n' })
  const file = await workshop.update(system, { version: '9.0.1' })
  const { size } = statSync(file)
  await using inside = await powerOnInside(disk, { devices: attached(file) })
  await inside.board.waitFor(UP)
  await planesReady(inside.board)
  const begun = performance.now()
  await inside.success(`head -c ${size} ${UPDATE_DEVICE} | iose update -`, 600)
  const installed = performance.now()
  await inside.restart()
  await inside.board.waitFor(new RegExp(UP.source.replace('([AB])', 'B')))
  await planesReady(inside.board)
  const served = performance.now()
  await inside.success('until iose update status | grep -q "running .*, confirmed$"; do sleep 1; done', 300)
  const confirmed = performance.now()
  const words = (from: number, to: number): string => `${((to - from) / 1000).toFixed(1)} s`
  return [
    [
      `update of ${(size / 1_048_576).toFixed(0)} MiB: verified, written, compared`,
      words(begun, installed),
      'the planes serve meanwhile',
    ],
    [
      'from the order to restart to both planes of the new system',
      words(installed, served),
      `confirmed after ${words(installed, confirmed)}`,
    ],
  ]
}

async function fallbacks(workshop: Workshop): Promise<Row[]> {
  say('fallback')
  const rows: Row[] = []
  {
    using disk = new Disk()
    disk.fillSlotB()
    disk.damageKernel('B')
    disk.setBootState(ON_TRIAL)
    await using board = await powerOn(disk)
    await board.waitFor(new RegExp(UP.source.replace('([AB])', 'A')))
    await planesReady(board)
    rows.push([
      'fallback from a damaged kernel: power on to both planes of the old system',
      `${board.seconds.toFixed(1)} s`,
      'U-Boot sees it',
    ])
  }
  using disk = new Disk()
  disk.fillSlotB(workshop.system({ 'usr/sbin/iosed': '#!/bin/sh\nexit 1\n' }))
  disk.setBootState({ ...ON_TRIAL, tries: 1 })
  await using board = await powerOn(disk)
  await board.waitFor(/iose: slot B used up its tries/, 900)
  await board.waitFor(new RegExp(UP.source.replace('([AB])', 'A')))
  await planesReady(board)
  const beside = 'one try; each of three waits up to 3 min for the mission'
  rows.push([
    'fallback from a gateway that fails: power on to both planes of the old system',
    `${board.seconds.toFixed(1)} s`,
    beside,
  ])
  return rows
}

function median(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

const STARTS = 3
const missing = cannotBootImage()
if (missing !== false) {
  process.stderr.write(`measure-image: ${missing}\n`)
  process.exit(69)
}
using workshop = new Workshop()
// What was built just now is still being written.
await delay(1_000)
const rows = [
  ...sizes(),
  ...(await starts(workshop)),
  ...(await updates(workshop)),
  ...(await fallbacks(workshop)),
]
const [qemu = ''] = execFileSync('qemu-system-aarch64', ['--version'], { encoding: 'utf8' }).split('\n')
const version = /_([^_]+)_arm64\.img$/.exec(imagePath() ?? '')?.[1] ?? '?'
const where = `emulated by ${qemu.replace(/ \(.*$/, '')} (-M virt, two cores of a Cortex-A53, 512 MiB)`
writeTable('scripts/measure-image', `Version ${version}, ${machineWords()}, ${where}.`, rows)
for (const row of rows) process.stdout.write(`${row.join('; ')}\n`)
