// The SD card of a virtual board: an overlay over the image, which stays as it is, and what tests change on it.

import { execFileSync } from 'node:child_process'
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import {
  type BootState,
  COPY_BYTES,
  COPY_OFFSETS,
  currentBootState,
  encodeBootState,
  type SlotName,
} from '../../../src/update/boot-state.ts'
import { isMissing } from '../peers.ts'

/** Bytes, as docs/appliance-layout.md has them. */
export const SLOT_OFFSETS: Record<SlotName, number> = { A: 270_336 * 512, B: 1_318_912 * 512 }
export const CARD_BYTES = 2 ** 31
export const KERNEL_AREA_OFFSET = 917_504 * 512

/** Why the image cannot be booted here, or false. */
export function cannotBootImage(): string | false {
  if (process.env['IOSE_IMAGE_TESTS'] !== '1') {
    return 'boots the image, which takes minutes: only when asked: scripts/build-image, then IOSE_IMAGE_TESTS=1'
  }
  if (imagePath() === undefined) return 'MISSING: build/iose-gateway_*_arm64.img, made by scripts/build-image'
  return isMissing('qemu-system-aarch64', '--version') || isMissing('qemu-img', '--version')
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

  constructor() {
    const image = imagePath() ?? ''
    this.#folder = mkdtempSync(join(tmpdir(), `card-${process.pid}-`))
    this.path = join(this.#folder, 'card.qcow2')
    this.firmware = join(image, '..', 'u-boot-qemu-arm64.bin')
    execFileSync('qemu-img', [
      'create',
      '-q',
      '-f',
      'qcow2',
      '-F',
      'raw',
      '-b',
      image,
      this.path,
      `${CARD_BYTES}`,
    ])
  }

  read(offset: number, length: number): Buffer {
    const [target, count] = [join(this.#folder, 'read'), length / 512]
    const where = [
      `if=${this.path}`,
      `of=${target}`,
      'bs=512',
      `skip=${offset / 512}`,
      `count=${offset / 512 + count}`,
    ]
    execFileSync('qemu-img', ['dd', '-f', 'qcow2', '-O', 'raw', ...where])
    return readFileSync(target).subarray(0, length)
  }

  write(offset: number, bytes: Uint8Array): void {
    const source = join(this.#folder, 'write')
    writeFileSync(source, bytes)
    this.#qemuIo(`write -q -s ${source} ${offset} ${bytes.length}`)
  }

  /** Slot B, which is empty in the image, gets the system of slot A. */
  fillSlotB(): void {
    const image = openSync(imagePath() ?? '', 'r')
    // In pieces: qemu-io keeps in memory what it writes.
    const piece = Buffer.alloc(PIECE_BYTES)
    const empty = Buffer.alloc(PIECE_BYTES)
    for (let done = 0; done < SLOT_OFFSETS.B - SLOT_OFFSETS.A; done += PIECE_BYTES) {
      readSync(image, piece, 0, PIECE_BYTES, SLOT_OFFSETS.A + done)
      if (!piece.equals(empty)) this.write(SLOT_OFFSETS.B + done, piece)
    }
    closeSync(image)
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
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #qemuIo(command: string): void {
    execFileSync('qemu-io', ['-f', 'qcow2', '-c', command, this.path], {
      stdio: ['ignore', 'ignore', 'inherit'],
    })
  }
}

const PIECE_BYTES = 32 << 20
const BUILD = resolve(import.meta.dirname, '../../../build')
