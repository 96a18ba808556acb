// Systems for slot B that differ from the image, and updates of them.

import { execFileSync } from 'node:child_process'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import {
  closeSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PRODUCT } from '../../../src/update/appliance.ts'
import { openMedium } from '../../../src/update/medium.ts'
import { writeUpdate } from '../../../src/update/sign.ts'
import { slotImageOf } from '../../../src/update/slot-image.ts'
import { type Version, versionOf } from '../../../src/update/version.ts'
import { imagePath, KERNEL_AREA_OFFSET, SLOT_BYTES, SLOT_OFFSETS } from './disk.ts'
import type { Inside } from './inside.ts'

/** As the device tree of QEMU's virtual board calls it. */
export const VIRTUAL_BOARD = 'linux,dummy-virt'

export interface UpdateTermsText {
  readonly version: string
  readonly board?: string
  readonly key?: KeyObject
}

/** Where systems and updates are made, until disposed of. */
export class Workshop implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), `workshop-${process.pid}-`))
  readonly #owner = generateKeyPairSync('ed25519')
  #files = 0

  /** Of whoever signs, in PEM. */
  get publicKey(): string {
    return this.#owner.publicKey.export({ type: 'spki', format: 'pem' }).toString()
  }

  /**
   * The system of slot A with other files, as what a slot holds.
   * @param files  by path below its root
   */
  system(files: Readonly<Record<string, string>>): string {
    const [root, squashfs, slot] = [this.#path('root'), this.#path('squashfs'), this.#path('slot')]
    const image = imagePath() ?? ''
    execFileSync('unsquashfs', ['-q', '-n', '-o', `${SLOT_OFFSETS.A}`, '-d', root, image])
    for (const [path, content] of Object.entries(files)) writeFileSync(join(root, path), content)
    // Fast, not small.
    const packing = ['-comp', 'zstd', '-Xcompression-level', '1', '-quiet', '-no-progress']
    execFileSync('mksquashfs', [root, squashfs, ...packing])
    rmSync(root, { recursive: true })
    execFileSync('cp', [squashfs, slot])
    rmSync(squashfs)
    const kernel = Buffer.alloc(SLOT_BYTES - KERNEL_AREA_OFFSET)
    const from = openSync(image, 'r')
    readSync(from, kernel, 0, kernel.length, SLOT_OFFSETS.A + KERNEL_AREA_OFFSET)
    closeSync(from)
    truncateSync(slot, KERNEL_AREA_OFFSET)
    const to = openSync(slot, 'r+')
    writeSync(to, kernel, 0, kernel.length, KERNEL_AREA_OFFSET)
    closeSync(to)
    return slot
  }

  /** An update file with that system, signed by the owner if nobody else is named. */
  async update(system: string, { version, board = VIRTUAL_BOARD, key }: UpdateTermsText): Promise<string> {
    const path = this.#path('update')
    await using medium = await openMedium(system, 'reading')
    const terms = { product: PRODUCT, boards: [board], version: known(version), minimum: known('0.0.0') }
    await writeUpdate(path, await slotImageOf(medium), terms, key ?? this.#owner.privateKey)
    return path
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #path(kind: string): string {
    return join(this.#folder, `${this.#files++}.${kind}`)
  }
}

/** Arguments of QEMU: a second disk with a file in it, whose last sector is filled up. */
export function attached(file: string): string[] {
  const drive = `if=none,id=update,format=raw,readonly=on,file=${file}`
  return ['-drive', drive, '-device', 'virtio-blk-device,drive=update,serial=update']
}

/** Where the board has it. */
export const UPDATE_DEVICE = '/dev/disk/by-id/virtio-update'

interface UpdateStatus {
  readonly running: { readonly slot: string; readonly version: string }
  readonly next_start: unknown
  readonly last: { readonly outcome: string; readonly slot: string; readonly reason: string }
}

/** What the board says of its slots. */
export async function updateStatus(inside: Inside): Promise<UpdateStatus> {
  return JSON.parse(await inside.success('iose update status --json')) as UpdateStatus
}

export function secondsSince(start: number): string {
  return ((performance.now() - start) / 1000).toFixed(1)
}

function known(text: string): Version {
  const version = versionOf(text)
  if (version === undefined) throw new Error(`${text} is no version`)
  return version
}
