// The boot state: which slot U-Boot starts, and how often it still tries. Pure. docs/appliance-layout.md has the bytes;
// the other reader and writer is the boot script of the image.

import { crc32 } from 'node:zlib'

export type SlotName = 'A' | 'B'

/** Why a slot was given up. */
export const GIVEN_UP = {
  /** None was, or it has been told. */
  never: 0,
  /** It was started as often as it may be, and never came so far that its system said so. */
  triesUsedUp: 1,
  /** U-Boot found its kernel damaged. */
  kernelDamaged: 2,
  /** The system itself asked for the other slot. */
  asked: 3,
} as const
export type GivenUp = (typeof GIVEN_UP)[keyof typeof GIVEN_UP]

export interface BootState {
  /** Of two copies the one with the higher number counts. */
  readonly sequence: number
  readonly slot: SlotName
  /** Starts that are left, 0..255; U-Boot counts them down. */
  readonly tries: number
  /** Its system gets its tries back at each start that it survives. */
  readonly isConfirmed: boolean
  /** Why a slot was given up, until the system that runs instead has told it. */
  readonly reason: GivenUp
  /** The slot that `reason` speaks of. */
  readonly givenUp: SlotName | undefined
}

/**
 * Starts in a row that may come to nothing. A confirmed slot has more: whoever switches a box off and on before it is up
 * does not mean the other slot.
 */
export const TRIES = { onTrial: 3, confirmed: 8 } as const

/** A slot that runs and is good, and nothing to tell. */
export function confirmedState(slot: SlotName): Omit<BootState, 'sequence'> {
  return { slot, tries: TRIES.confirmed, isConfirmed: true, reason: GIVEN_UP.never, givenUp: undefined }
}

/** A copy that was read, and where it lies: the next is written to the other place. */
export interface FoundState {
  readonly state: BootState
  readonly copy: 0 | 1
}

/** Bytes of a copy: one sector, which a card writes whole or not at all (assumed). */
export const COPY_BYTES = 512

/** Where the copies lie on the disk, in bytes: before the first partition. */
export const COPY_OFFSETS = [1024 * 512, 1032 * 512] as const

/** @throws RangeError when a number does not fit */
export function encodeBootState(state: BootState): Buffer {
  const bytes = Buffer.alloc(COPY_BYTES)
  bytes.write(MAGIC, AT.magic, 'latin1')
  bytes.writeUInt8(FORMAT, AT.format)
  bytes.write(state.slot, AT.slot, 'latin1')
  bytes.writeUInt8(state.tries, AT.tries)
  bytes.writeUInt8(state.isConfirmed ? CONFIRMED : 0, AT.flags)
  bytes.writeUInt32LE(state.sequence, AT.sequence)
  bytes.writeUInt8(state.reason, AT.reason)
  if (state.givenUp !== undefined) bytes.write(state.givenUp, AT.givenUp, 'latin1')
  bytes.writeUInt32LE(crc32(bytes.subarray(0, AT.crc)), AT.crc)
  return bytes
}

/** What a copy says, or undefined when it is damaged, of another format or none at all. */
export function decodeBootState(copy: Uint8Array): BootState | undefined {
  if (copy.length !== COPY_BYTES) return undefined
  const bytes = Buffer.from(copy.buffer, copy.byteOffset, COPY_BYTES)
  if (crc32(bytes.subarray(0, AT.crc)) !== bytes.readUInt32LE(AT.crc)) return undefined
  if (bytes.toString('latin1', 0, MAGIC.length) !== MAGIC || bytes[AT.format] !== FORMAT) return undefined
  const slot = slotOf(bytes.readUInt8(AT.slot))
  const reason = REASONS.find((value) => value === bytes[AT.reason])
  if (slot === undefined || reason === undefined) return undefined
  return {
    sequence: bytes.readUInt32LE(AT.sequence),
    slot,
    tries: bytes.readUInt8(AT.tries),
    isConfirmed: (bytes.readUInt8(AT.flags) & CONFIRMED) !== 0,
    reason,
    givenUp: slotOf(bytes.readUInt8(AT.givenUp)),
  }
}

/** The copy that counts: the whole one with the higher sequence number, the first of equals; undefined when none is whole. */
export function currentBootState(first: Uint8Array, second: Uint8Array): FoundState | undefined {
  const [one, other] = [decodeBootState(first), decodeBootState(second)]
  if (other !== undefined && (one === undefined || other.sequence > one.sequence))
    return { state: other, copy: 1 }
  return one === undefined ? undefined : { state: one, copy: 0 }
}

function slotOf(byte: number): SlotName | undefined {
  if (byte === 0x41) return 'A'
  return byte === 0x42 ? 'B' : undefined
}

const MAGIC = 'IOSEBOOT'
const FORMAT = 1
const CONFIRMED = 0x01
const AT = {
  magic: 0,
  format: 8,
  slot: 9,
  tries: 10,
  flags: 11,
  sequence: 12,
  reason: 16,
  givenUp: 17,
  crc: 508,
} as const
const REASONS = Object.values(GIVEN_UP)
