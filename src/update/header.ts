// The header of an update file (.ioseup): what is in it, for which machines, and the hashes of all that follows. Pure.
//
// A file is header, signature, payload, and nothing behind. Numbers are stored least significant byte first; texts are
// printable ASCII, filled up with zeros.
//
// | offset | bytes | field                                                                          |
// | ------ | ----- | ------------------------------------------------------------------------------ |
// | 0      | 8     | `IOSEUPDT`                                                                     |
// | 8      | 1     | format: 1                                                                      |
// | 9      | 7     | zero                                                                           |
// | 16     | 8     | key: the first bytes of the SHA-256 of the public key (SubjectPublicKeyInfo)   |
// | 24     | 4     | bytes of a chunk: 1,048,576                                                    |
// | 28     | 4     | n: chunks of the payload, the last of them may be shorter                      |
// | 32     | 4     | bytes of the root file system, a multiple of 512                               |
// | 36     | 4     | bytes of the kernel area, a multiple of 512                                    |
// | 40     | 32    | product                                                                        |
// | 72     | 32    | version                                                                        |
// | 104    | 32    | minimum: once this version is confirmed, none below it is installed any more   |
// | 136    | 256   | boards: words of the device tree's `compatible`, one blank between two         |
// | 392    | 120   | zero                                                                           |
// | 512    | 32 n  | SHA-256 of each chunk                                                          |
//
// The signature is Ed25519 (RFC 8032) over the whole header, 64 bytes. The payload is the root file system, then the
// kernel area, which a slot has at 0 and at sector 917,504 (docs/appliance-layout.md).

import { UpdateError } from './errors.ts'
import { MAX_KERNEL_BYTES, MAX_ROOT_BYTES, SECTOR_BYTES } from './layout.ts'
import { compareVersions, MAX_VERSION_BYTES, type Version, versionOf } from './version.ts'

export interface UpdateHeader {
  /** 16 hexadecimal digits. */
  readonly keyId: string
  readonly product: string
  readonly version: Version
  readonly minimum: Version
  readonly boards: readonly string[]
  readonly rootBytes: number
  readonly kernelBytes: number
  /** SHA-256 of each chunk of the payload. */
  readonly chunkHashes: readonly Buffer[]
}

/** What must be read to know how long the header is. */
export const FIXED_BYTES = 512
export const CHUNK_BYTES = 1024 * 1024
export const HASH_BYTES = 32
export const SIGNATURE_BYTES = 64
export const KEY_ID_BYTES = 8

/**
 * Bytes of the whole header, of which `fixed` is the beginning. Nothing else of it is looked at before the signature.
 * @throws UpdateError update.malformed
 */
export function headerBytes(fixed: Buffer): number {
  if (fixed.toString('latin1', 0, MAGIC.length) !== MAGIC) throw malformed('it is no update file')
  const format = fixed.readUInt8(AT.format)
  if (format !== FORMAT) throw malformed(`its format is ${format}, and only ${FORMAT} is known here`)
  const chunks = fixed.readUInt32LE(AT.chunks)
  if (chunks < 1 || chunks > MAX_CHUNKS) throw malformed(`${chunks} chunks; there may be 1 to ${MAX_CHUNKS}`)
  return FIXED_BYTES + chunks * HASH_BYTES
}

/** Of the key that signed, as the header names it. */
export function keyIdOf(header: Buffer): string {
  return header.toString('hex', AT.keyId, AT.keyId + KEY_ID_BYTES)
}

/**
 * The fields of a whole header whose signature was verified.
 * @throws UpdateError update.malformed: whoever signed it made a mistake
 */
export function decodeHeader(header: Buffer): UpdateHeader {
  const expected = headerBytes(header.subarray(0, FIXED_BYTES))
  if (header.length !== expected) throw malformed(`a header of ${header.length} bytes instead of ${expected}`)
  const [rootBytes, kernelBytes] = [header.readUInt32LE(AT.rootBytes), header.readUInt32LE(AT.kernelBytes)]
  checkLength('root file system', rootBytes, MAX_ROOT_BYTES)
  checkLength('kernel area', kernelBytes, MAX_KERNEL_BYTES)
  const chunks = header.readUInt32LE(AT.chunks)
  if (header.readUInt32LE(AT.chunkBytes) !== CHUNK_BYTES) throw malformed('chunks of another length')
  if (chunks !== Math.ceil((rootBytes + kernelBytes) / CHUNK_BYTES))
    throw malformed(`${chunks} chunks do not make ${rootBytes + kernelBytes} bytes`)
  for (const [start, end] of ZEROS) {
    if (header.subarray(start, end).some((byte) => byte !== 0)) throw malformed('a reserved byte is not zero')
  }
  const boards = textAt(header, AT.boards, BOARDS_BYTES).split(' ')
  if (boards.some((board) => !isWord(board))) throw malformed('its list of boards')
  const product = textAt(header, AT.product, PRODUCT_BYTES)
  if (!isWord(product)) throw malformed('its product')
  const version = versionAt(header, AT.version)
  const minimum = versionAt(header, AT.minimum)
  if (compareVersions(minimum, version) > 0)
    throw malformed(`its minimum ${minimum.text} is above its version ${version.text}`)
  return {
    ...{ keyId: keyIdOf(header), product, version, minimum, boards, rootBytes, kernelBytes },
    chunkHashes: Array.from({ length: chunks }, (_, index) => {
      const at = FIXED_BYTES + index * HASH_BYTES
      return Buffer.from(header.subarray(at, at + HASH_BYTES))
    }),
  }
}

/** The bytes of a header. @throws UpdateError update.malformed when it is none that `decodeHeader` would take */
export function encodeHeader(fields: UpdateHeader): Buffer {
  const header = Buffer.alloc(FIXED_BYTES + fields.chunkHashes.length * HASH_BYTES)
  header.write(MAGIC, AT.magic, 'latin1')
  header.writeUInt8(FORMAT, AT.format)
  header.write(fields.keyId, AT.keyId, KEY_ID_BYTES, 'hex')
  header.writeUInt32LE(CHUNK_BYTES, AT.chunkBytes)
  header.writeUInt32LE(fields.chunkHashes.length, AT.chunks)
  header.writeUInt32LE(fields.rootBytes, AT.rootBytes)
  header.writeUInt32LE(fields.kernelBytes, AT.kernelBytes)
  writeText(header, { text: fields.product, at: AT.product, room: PRODUCT_BYTES })
  writeText(header, { text: fields.version.text, at: AT.version, room: MAX_VERSION_BYTES })
  writeText(header, { text: fields.minimum.text, at: AT.minimum, room: MAX_VERSION_BYTES })
  writeText(header, { text: fields.boards.join(' '), at: AT.boards, room: BOARDS_BYTES })
  fields.chunkHashes.forEach((hash, index) => hash.copy(header, FIXED_BYTES + index * HASH_BYTES))
  decodeHeader(header)
  return header
}

/** Bytes of the payload. */
export function payloadBytes({ rootBytes, kernelBytes }: UpdateHeader): number {
  return rootBytes + kernelBytes
}

function checkLength(what: string, length: number, limit: number): void {
  if (length >= SECTOR_BYTES && length <= limit && length % SECTOR_BYTES === 0) return
  throw malformed(`a ${what} of ${length} bytes`)
}

function versionAt(header: Buffer, at: number): Version {
  const text = textAt(header, at, MAX_VERSION_BYTES)
  const version = versionOf(text)
  if (version === undefined || version.text !== text) throw malformed('a version that is none')
  return version
}

function textAt(header: Buffer, at: number, room: number): string {
  const field = header.subarray(at, at + room)
  const end = field.indexOf(0)
  if (end >= 0 && field.subarray(end).some((byte) => byte !== 0)) throw malformed('bytes behind a text')
  return field.toString('latin1', 0, end < 0 ? room : end)
}

function writeText(header: Buffer, { text, at, room }: { text: string; at: number; room: number }): void {
  if (text.length > room) throw malformed(`'${text.slice(0, 64)}' has more than ${room} bytes`)
  header.write(text, at, 'latin1')
}

function isWord(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text)
}

function malformed(what: string): UpdateError {
  return new UpdateError('update.malformed', `the update file is damaged or none at all: ${what}`)
}

const MAGIC = 'IOSEUPDT'
const FORMAT = 1
const PRODUCT_BYTES = 32
const BOARDS_BYTES = 256
const MAX_CHUNKS = (MAX_ROOT_BYTES + MAX_KERNEL_BYTES) / CHUNK_BYTES
/** Of a whole file: a slot that is full, and the header and signature for it. */
export const MAX_UPDATE_BYTES =
  FIXED_BYTES + MAX_CHUNKS * HASH_BYTES + SIGNATURE_BYTES + MAX_ROOT_BYTES + MAX_KERNEL_BYTES
const AT = {
  magic: 0,
  format: 8,
  keyId: 16,
  chunkBytes: 24,
  chunks: 28,
  rootBytes: 32,
  kernelBytes: 36,
  product: 40,
  version: 72,
  minimum: 104,
  boards: 136,
} as const
const ZEROS = [
  [9, 16],
  [392, FIXED_BYTES],
] as const
