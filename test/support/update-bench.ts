// An appliance in files: an image with two slots, keys, and updates for it.

import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { crc32 } from 'node:zlib'
import {
  type BootState,
  COPY_OFFSETS,
  confirmedState,
  currentBootState,
  encodeBootState,
  type SlotName,
} from '../../src/update/boot-state.ts'
import { KERNEL_AREA_OFFSET, SLOT_BYTES } from '../../src/update/layout.ts'
import { openMedium } from '../../src/update/medium.ts'
import { writeUpdate } from '../../src/update/sign.ts'
import { slotImageOf } from '../../src/update/slot-image.ts'
import { type Version, versionOf } from '../../src/update/version.ts'
import { Random } from './random.ts'

export const DISK_ID = 'c0ffee42'
export const BOARD = 'raspberrypi,4-model-b'
const SLOT_STARTS = { A: 270_336 * 512, B: 1_318_912 * 512 } as const

export interface UpdateTermsText {
  readonly version?: string
  readonly minimum?: string
  readonly board?: string
  readonly product?: string
  /** The whole payload depends on it. */
  readonly seed?: number
  readonly rootBytes?: number
}

export class UpdateBench {
  readonly folder = mkdtempSync(join(tmpdir(), 'update-'))
  readonly disk = join(this.folder, 'card.img')
  readonly keyFile = join(this.folder, 'release.key')
  readonly privateKey: KeyObject

  constructor({ slot = 'A', version = '1.0.0' }: { slot?: SlotName; version?: string } = {}) {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519')
    this.privateKey = privateKey
    writeFileSync(this.keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
    this.put('/etc/iose/update-keys/release.pem', publicKey.export({ type: 'spki', format: 'pem' }))
    this.put('/usr/lib/iose-appliance/version', `${version}\n`)
    this.put('/proc/device-tree/compatible', `${BOARD}\0brcm,bcm2711\0`)
    this.start(slot)
    this.#makeDisk()
    this.setBoot({ slot })
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true })
  }

  get journal(): string {
    return join(this.folder, 'data/update/journal.json')
  }

  put(path: string, content: string | Buffer): void {
    const file = join(this.folder, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, content)
  }

  /** As the boot script starts the kernel. */
  start(slot: SlotName, version?: string): void {
    this.put(
      '/proc/cmdline',
      `root=PARTUUID=${DISK_ID}-0${slot === 'A' ? 2 : 3} ro iose.slot=${slot} panic=10\n`,
    )
    if (version !== undefined) this.put('/usr/lib/iose-appliance/version', `${version}\n`)
  }

  boot(): BootState | undefined {
    return bootStateIn(this.sectors(COPY_OFFSETS[0], 512), this.sectors(COPY_OFFSETS[1], 512))
  }

  setBoot(state: Partial<BootState>): void {
    const whole = {
      sequence: 1,
      ...confirmedState('A'),
      ...state,
    }
    this.write(Buffer.alloc(512), COPY_OFFSETS[1])
    this.write(encodeBootState(whole), COPY_OFFSETS[0])
  }

  sectors(offset: number, length: number): Buffer {
    return bytesIn(this.disk, offset, length)
  }

  write(bytes: Buffer, offset: number): void {
    const file = openSync(this.disk, 'r+')
    writeSync(file, bytes, 0, bytes.length, offset)
    closeSync(file)
  }

  /** What is at the beginning of the parts of a slot. */
  slot(name: SlotName, rootBytes: number, kernelBytes: number): Buffer {
    const start = SLOT_STARTS[name]
    return Buffer.concat([
      this.sectors(start, rootBytes),
      this.sectors(start + KERNEL_AREA_OFFSET, kernelBytes),
    ])
  }

  /** Makes an update file, and tells its path and its payload. */
  async update(terms: UpdateTermsText = {}): Promise<{ path: string; payload: Buffer; rootBytes: number }> {
    const { seed = 7, rootBytes = 1_060_864 } = terms
    const image = slotFile(join(this.folder, `slot-${seed}`), seed, rootBytes)
    await using medium = await openMedium(image.path, 'reading')
    const path = join(this.folder, `${terms.version ?? '1.1.0'}-${seed}.ioseup`)
    const version = known(terms.version ?? '1.1.0')
    await writeUpdate(
      path,
      await slotImageOf(medium),
      {
        ...{ product: terms.product ?? 'iose-gateway', version, boards: [terms.board ?? BOARD] },
        minimum: known(terms.minimum ?? '0.0.0'),
      },
      this.privateKey,
    )
    return { path, payload: image.payload, rootBytes }
  }

  #makeDisk(): void {
    const mbr = Buffer.alloc(512)
    mbr.writeUInt32LE(Number.parseInt(DISK_ID, 16), 440)
    const entries = [
      [0x0c, 8192, 262_144],
      [0x83, SLOT_STARTS.A / 512, SLOT_BYTES / 512],
      [0x83, SLOT_STARTS.B / 512, SLOT_BYTES / 512],
      [0x83, 2_367_488, 131_072],
    ] as const
    for (const [index, [type, start, sectors]] of entries.entries()) {
      mbr.writeUInt8(type, 446 + 16 * index + 4)
      mbr.writeUInt32LE(start, 446 + 16 * index + 8)
      mbr.writeUInt32LE(sectors, 446 + 16 * index + 12)
    }
    mbr.writeUInt16LE(0xaa55, 510)
    writeFileSync(this.disk, mbr)
    const file = openSync(this.disk, 'r+')
    ftruncateSync(file, (2_367_488 + 131_072) * 512)
    closeSync(file)
  }
}

export function bootStateIn(first: Buffer, second: Buffer): BootState | undefined {
  return currentBootState(first, second)?.state
}

/** The file of a slot as scripts/build-image lays it out, sparse: nobody mounts this root file system. */
export function slotFile(path: string, seed: number, rootBytes: number): { path: string; payload: Buffer } {
  const random = new Random(seed)
  const root = Buffer.from(random.bytes(rootBytes))
  root.writeUInt32LE(0x73717368, 0)
  root.writeUInt32LE(4, 28)
  root.writeBigUInt64LE(BigInt(rootBytes), 40)
  const kernel = Buffer.from(random.bytes(8 * 512))
  kernel.write('IOSEKRNL', 0, 'latin1')
  kernel.writeUInt32LE(1, 8)
  kernel.writeUInt32LE(8, 12)
  kernel.writeUInt32LE(crc32(kernel.subarray(0, -4)), kernel.length - 4)
  writeFileSync(path, root)
  const file = openSync(path, 'r+')
  writeSync(file, kernel, 0, kernel.length, KERNEL_AREA_OFFSET)
  closeSync(file)
  return { path, payload: Buffer.concat([root, kernel]) }
}

export function known(text: string): Version {
  const version = versionOf(text)
  if (version === undefined) throw new TypeError(text)
  return version
}

function bytesIn(path: string, offset: number, length: number): Buffer {
  const file = openSync(path, 'r')
  try {
    const bytes = Buffer.alloc(length)
    readSync(file, bytes, 0, length, offset)
    return bytes
  } finally {
    closeSync(file)
  }
}
