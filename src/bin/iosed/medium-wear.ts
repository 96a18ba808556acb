// How much the medium below the state directory has written, and what it says of its health, as the kernel tells it.
// Linux: Documentation/ABI/testing/sysfs-fs-ext4, Documentation/block/stat, Documentation/driver-api/mmc/mmc-dev-attrs.

import { readFile, realpath, stat } from 'node:fs/promises'
import { uptime } from 'node:os'
import { basename, dirname, join } from 'node:path'

export interface MediumWear {
  /** As the kernel calls it: `mmcblk0p4`. */
  readonly device: string
  /** Of the whole medium. */
  readonly sizeBytes: number | undefined
  /** Since the file system was made; undefined when it does not count. */
  readonly lifetimeBytes: number | undefined
  /** Since it was mounted, or by the whole medium since the machine was started. */
  readonly recentBytes: number | undefined
  /** How long that is, at most. */
  readonly recentS: number
  /** Of an eMMC: tenths of its life that are used up, 1 to 11, the worse of both areas. An SD card tells none. */
  readonly lifeTenths: number | undefined
  /** Of an eMMC: its reserve blocks. */
  readonly reserve: 'normal' | 'warning' | 'urgent' | undefined
}

/**
 * @param path  of something on the medium
 * @param sys  where sysfs is
 * @returns undefined when it lies on no block device: in memory, on a network, in a container
 */
export async function mediumWearAt(path: string, sys = '/sys'): Promise<MediumWear | undefined> {
  try {
    return await wearOf(await realpath(join(sys, 'dev/block', numbersOf((await stat(path)).dev))), sys)
  } catch {
    return undefined
  }
}

/** In a line: `2.1 GB written since format, 310 MB a day`. */
export function wearWords(wear: MediumWear): string {
  const { lifetimeBytes, lifeTenths, reserve } = wear
  const [perDay, years] = [bytesPerDay(wear), yearsLeft(wear)]
  const parts = [
    lifetimeBytes === undefined ? undefined : `${amount(lifetimeBytes)} written since format`,
    perDay === undefined ? 'no pace yet' : `${amount(perDay)} a day`,
    years === undefined ? undefined : `${yearWords(years)} at that pace to ${FULL_WRITES} times its size`,
    lifeTenths === undefined ? undefined : `${Math.min(100, 10 * lifeTenths)} % of its life used`,
    reserve === undefined || reserve === 'normal' ? undefined : `reserve blocks: ${reserve}`,
  ]
  return `${wear.device}: ${parts.filter((part) => part !== undefined).join(', ')}`
}

/** By what was written since the start; undefined in the first hour, which has the start itself in it. */
export function bytesPerDay({ recentBytes, recentS }: MediumWear): number | undefined {
  if (recentBytes === undefined || recentS < LEAST_S) return undefined
  return (recentBytes / recentS) * DAY_S
}

/** Of an SD card or eMMC: until `FULL_WRITES` times its size are written; undefined when that cannot be told. */
export function yearsLeft(wear: MediumWear): number | undefined {
  const { device, sizeBytes, lifetimeBytes } = wear
  // What is assumed of cards holds for no other disk.
  if (!device.startsWith('mmcblk')) return undefined
  const perDay = bytesPerDay(wear)
  if (perDay === undefined || sizeBytes === undefined || lifetimeBytes === undefined) return undefined
  return Math.max(0, FULL_WRITES * sizeBytes - lifetimeBytes) / (perDay * 365)
}

/** Reads the kernel's counters once a minute at most, however many ask. */
export class MediumWatch {
  readonly #path: string
  readonly #now: () => number
  readonly #read: typeof mediumWearAt
  #readAt = -Infinity
  #reading: Promise<MediumWear | undefined> = Promise.resolve(undefined)
  #last: MediumWear | undefined

  /** @param now  milliseconds of a clock that only counts */
  constructor(path: string, now: () => number, read = mediumWearAt) {
    this.#path = path
    this.#now = now
    this.#read = read
    // So that the first who asks for words gets some.
    this.words()
  }

  async wear(): Promise<MediumWear | undefined> {
    if (this.#now() - this.#readAt >= PERIOD_MS) {
      this.#readAt = this.#now()
      this.#reading = this.#read(this.#path)
    }
    return (this.#last = await this.#reading)
  }

  /** What was read last, in a line, without waiting; who asks has it read anew. */
  words(): string | undefined {
    const last = this.#last
    // It never rejects: who cannot be asked has no wear.
    this.wear().catch(() => undefined)
    return last === undefined ? undefined : wearWords(last)
  }
}

async function wearOf(node: string, sys: string): Promise<MediumWear> {
  const device = basename(node)
  const isPartition = (await numberIn(join(node, 'partition'))) !== undefined
  const disk = isPartition ? dirname(node) : node
  const ext4 = join(sys, 'fs/ext4', device)
  const [session, lifetime] = await Promise.all([
    numberIn(join(ext4, 'session_write_kbytes')),
    numberIn(join(ext4, 'lifetime_write_kbytes')),
  ])
  const sectors = await numberIn(join(disk, 'size'))
  // Documentation/block/stat: the seventh number is sectors of 512 bytes that were written.
  const written = Number((await textIn(join(disk, 'stat')))?.trim().split(/\s+/)[6] ?? NaN)
  const tenths = (await textIn(join(disk, 'device/life_time')))?.match(/0x[0-9a-f]{2}/gi)?.map(Number) ?? []
  const known = tenths.filter((tenth) => tenth >= 1 && tenth <= 11)
  const recent = session === undefined ? written * SECTOR_BYTES : session * KIB
  return {
    device,
    sizeBytes: sectors === undefined ? undefined : sectors * SECTOR_BYTES,
    lifetimeBytes: lifetime === undefined ? undefined : lifetime * KIB,
    recentBytes: Number.isFinite(recent) ? recent : undefined,
    recentS: uptime(),
    lifeTenths: known.length === 0 ? undefined : Math.max(...known),
    reserve: RESERVES[Number((await textIn(join(disk, 'device/pre_eol_info')))?.trim() ?? 0)],
  }
}

/** `major:minor` of a device number of Linux: makedev(3). */
function numbersOf(dev: number): string {
  const number = BigInt(dev)
  const major = ((number >> 8n) & 0xfffn) | ((number >> 32n) & ~0xfffn)
  const minor = (number & 0xffn) | ((number >> 12n) & ~0xffn)
  return `${major}:${minor & 0xffffffffn}`
}

async function numberIn(path: string): Promise<number | undefined> {
  const number = Number((await textIn(path))?.trim() || NaN)
  return Number.isFinite(number) ? number : undefined
}

async function textIn(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch {
    // A file system or a medium that does not tell.
    return undefined
  }
}

function amount(bytes: number): string {
  const unit = UNITS.find(([, size]) => bytes >= size) ?? UNITS[UNITS.length - 1]
  const [name = 'kB', size = 1e3] = unit ?? []
  const value = bytes / size
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${name}`
}

function yearWords(years: number): string {
  return years > MANY_YEARS ? `more than ${MANY_YEARS} years` : `${years.toFixed(years < 10 ? 1 : 0)} years`
}

/** How often all of a card can be written before it fails: assumed, and low, since the card itself copies as well. */
export const FULL_WRITES = 300
const RESERVES: readonly (MediumWear['reserve'] | undefined)[] = [undefined, 'normal', 'warning', 'urgent']
const UNITS: readonly (readonly [string, number])[] = [
  ['TB', 1e12],
  ['GB', 1e9],
  ['MB', 1e6],
  ['kB', 1e3],
]
const SECTOR_BYTES = 512
const KIB = 1024
const DAY_S = 86_400
const LEAST_S = 3_600
const PERIOD_MS = 60_000
const MANY_YEARS = 100
