// The SD card of a virtual board: a copy of the image, with holes where that has none, and what tests change on it.

import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import {
  type BootState,
  COPY_BYTES,
  COPY_OFFSETS,
  currentBootState,
  encodeBootState,
  GIVEN_UP,
  type SlotName,
} from '../../../src/update/boot-state.ts'
import { isMissing } from '../peers.ts'

/** Bytes, as docs/appliance-layout.md has them. */
export const SLOT_OFFSETS: Record<SlotName, number> = { A: 270_336 * 512, B: 1_318_912 * 512 }
export const SLOT_BYTES = SLOT_OFFSETS.B - SLOT_OFFSETS.A
export const CARD_BYTES = 2 ** 31
export const KERNEL_AREA_OFFSET = 917_504 * 512

/** Slot B is started next, and has three tries. */
export const ON_TRIAL: BootState = {
  ...{ sequence: 7, slot: 'B', tries: 3, isConfirmed: false },
  ...{ reason: GIVEN_UP.never, givenUp: undefined },
}

/** Why the image cannot be booted here, or false. */
export function cannotBootImage(): string | false {
  if (process.env['IOSE_IMAGE_TESTS'] !== '1') {
    return 'boots the image, which takes minutes: only when asked: scripts/build-image, then IOSE_IMAGE_TESTS=1'
  }
  if (imagePath() === undefined) return 'MISSING: build/iose-gateway_*_arm64.img, made by scripts/build-image'
  return isMissing('qemu-system-aarch64', '--version') || isMissing('mtype', '--version')
}

/** The image that is tested: of IOSE_IMAGE, or what scripts/build-image left in build/. */
export function imagePath(): string | undefined {
  const given = process.env['IOSE_IMAGE']
  if (given !== undefined) return resolve(given)
  if (!existsSync(BUILD)) return undefined
  const [name] = readdirSync(BUILD).filter((file) => /^iose-gateway_.*_arm64\.img$/.test(file))
  return name === undefined ? undefined : join(BUILD, name)
}

/** A card of 2 GiB with the image on it. */
export class Disk implements Disposable {
  readonly path: string
  readonly firmware: string
  readonly #folder: string
  readonly #file: number

  constructor() {
    const image = imagePath() ?? ''
    this.#folder = mkdtempSync(join(tmpdir(), `card-${process.pid}-`))
    this.path = join(this.#folder, 'card.img')
    this.firmware = join(image, '..', 'u-boot-qemu-arm64.bin')
    execFileSync('cp', ['--sparse=always', image, this.path])
    truncateSync(this.path, CARD_BYTES)
    this.#file = openSync(this.path, 'r+')
  }

  read(offset: number, length: number): Buffer {
    const bytes = Buffer.alloc(length)
    assert.equal(readSync(this.#file, bytes, 0, length, offset), length)
    return bytes
  }

  write(offset: number, bytes: Uint8Array): void {
    writeSync(this.#file, bytes, 0, bytes.length, offset)
  }

  /** Slot B, which is empty in the image, gets a system: that of slot A, or one in a file. */
  fillSlotB(system?: string): void {
    const file = system === undefined ? this.#file : openSync(system, 'r')
    const from = system === undefined ? SLOT_OFFSETS.A : 0
    const piece = Buffer.alloc(PIECE_BYTES)
    for (let done = 0; done < SLOT_BYTES; done += PIECE_BYTES) {
      const count = readSync(file, piece, 0, PIECE_BYTES, from + done)
      if (piece.some((byte) => byte !== 0)) this.write(SLOT_OFFSETS.B + done, piece.subarray(0, count))
    }
    if (file !== this.#file) closeSync(file)
  }

  /** By one bit, somewhere in it. */
  damageKernel(slot: SlotName): void {
    const place = SLOT_OFFSETS[slot] + KERNEL_AREA_OFFSET + (5 << 20)
    this.write(
      place,
      this.read(place, 1).map((byte) => byte ^ 1),
    )
  }

  /** A file below iose/ of the first partition; the board must be off. */
  putOnCard(name: string, content: string | Uint8Array): void {
    const source = join(this.#folder, 'file')
    writeFileSync(source, content)
    if (name.includes('/')) spawnSync('mmd', ['-D', 's', '-i', this.#fat, `::iose/${dirname(name)}`])
    execFileSync('mcopy', ['-o', '-i', this.#fat, source, `::iose/${name}`])
  }

  /** What is in a file below iose/ of the first partition, without the blank lines at its end. */
  onCard(name: string): string {
    return execFileSync('mtype', ['-i', this.#fat, `::iose/${name}`], { encoding: 'latin1' }).trimEnd()
  }

  removeFromCard(name: string): void {
    execFileSync('mdel', ['-i', this.#fat, `::iose/${name}`])
  }

  /**
   * As fsck would: both file systems that the system writes are whole, once the journal of ext4 was played.
   * @returns a folder with what is in the state directory of the gateway
   */
  checkedState(): string {
    const [fat = '', data = '', state = ''] = ['fat', 'data', 'state'].map((name) => join(this.#folder, name))
    this.#extract(fat, BOOT_OFFSET, SLOT_OFFSETS.A - BOOT_OFFSET)
    const complaints = spawnSync('fsck.fat', ['-n', fat], { encoding: 'utf8' }).stdout
    // That it was not unmounted is no damage; a bit of the boot sector says that, and none of its copy.
    const damage = complaints.replace(/There are differences.*\n.*Differences: .*\n *65:01\/00\n/, '')
    assert.doesNotMatch(damage, /differ|orphan|bad|beyond|lost|invalid|wrong|shared/i)
    this.#extract(data, DATA_OFFSET, CARD_BYTES - DATA_OFFSET)
    const { status, stdout } = spawnSync('e2fsck', ['-p', data], { encoding: 'utf8' })
    assert.ok(status === 0 || status === 1, stdout)
    assert.equal(spawnSync('e2fsck', ['-f', '-n', data]).status, 0)
    rmSync(state, { recursive: true, force: true })
    mkdirSync(state)
    execFileSync('debugfs', ['-R', `rdump /iose ${state}`, data], { stdio: 'ignore' })
    for (const path of [fat, data]) rmSync(path)
    return join(state, 'iose')
  }

  /** Both copies: the first says `state`, the second is none. */
  setBootState(state: BootState): void {
    this.write(COPY_OFFSETS[0], encodeBootState(state))
    this.write(COPY_OFFSETS[1], Buffer.alloc(COPY_BYTES))
  }

  /** What the board would read. */
  bootState(): BootState | undefined {
    const [first, second] = COPY_OFFSETS.map((offset) => this.read(offset, COPY_BYTES))
    return first && second && currentBootState(first, second)?.state
  }

  [Symbol.dispose](): void {
    closeSync(this.#file)
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #extract(target: string, offset: number, length: number): void {
    const where = [`skip=${offset}`, `count=${length}`, 'iflag=skip_bytes,count_bytes']
    execFileSync('dd', [`if=${this.path}`, `of=${target}`, 'bs=1M', 'conv=sparse', 'status=none', ...where])
  }

  /** How mtools call the first partition. */
  get #fat(): string {
    return `${this.path}@@${BOOT_OFFSET}`
  }
}

const BOOT_OFFSET = 8_192 * 512
const DATA_OFFSET = 2_367_488 * 512
const PIECE_BYTES = 16 << 20
const BUILD = resolve(import.meta.dirname, '../../../build')
