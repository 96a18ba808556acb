import type { Random } from './random.ts'

/**
 * `valid` with one to four random damages: bits flipped, bytes replaced, cut off, inserted, removed, repeated,
 * or a length field off. A fresh array; `valid` stays as it is. May by chance be equal to `valid`.
 */
export function mutate(random: Random, valid: Uint8Array): Uint8Array {
  let bytes: Uint8Array = valid.slice()
  const damages = 1 + random.int(4)
  for (let count = 0; count < damages; count++) bytes = random.pick(DAMAGES)(random, bytes)
  return bytes
}

/** One damage; may change and return its argument. */
type Damage = (random: Random, bytes: Uint8Array) => Uint8Array

const flipBit: Damage = (random, bytes) => {
  const offset = random.int(bytes.length + 1)
  if (offset < bytes.length) bytes[offset] = (bytes[offset] ?? 0) ^ (1 << random.int(8))
  return bytes
}

const replaceByte: Damage = (random, bytes) => {
  const offset = random.int(bytes.length + 1)
  if (offset < bytes.length) bytes[offset] = random.oneIn(2) ? random.pick(EDGES) : random.int(256)
  return bytes
}

const truncate: Damage = (random, bytes) => bytes.slice(0, random.int(bytes.length + 1))

const insert: Damage = (random, bytes) => {
  const added = random.oneIn(2) ? new Uint8Array(1 + random.int(8)) : random.bytes(1 + random.int(8))
  return splice(bytes, random.int(bytes.length + 1), 0, added)
}

const remove: Damage = (random, bytes) =>
  splice(bytes, random.int(bytes.length + 1), 1 + random.int(8), new Uint8Array(0))

const repeat: Damage = (random, bytes) => {
  const start = random.int(bytes.length + 1)
  const piece = bytes.slice(start, start + 1 + random.int(32))
  return splice(bytes, random.int(bytes.length + 1), 0, piece)
}

/** Any byte may be a length: moves one by a little, or makes it what lies behind it, or nearly so. */
const editLength8: Damage = (random, bytes) => {
  const offset = random.int(bytes.length + 1)
  if (offset >= bytes.length) return bytes
  const base = random.oneIn(2) ? (bytes[offset] ?? 0) : bytes.length - offset - 1
  bytes[offset] = base + random.int(5) - 2
  return bytes
}

/** The same for any two bytes as a big-endian length. */
const editLength16: Damage = (random, bytes) => {
  const offset = random.int(bytes.length + 1)
  if (offset + 2 > bytes.length) return bytes
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const base = random.oneIn(2) ? view.getUint16(offset) : bytes.length - offset - 2
  view.setUint16(offset, base + random.int(5) - 2)
  return bytes
}

function splice(bytes: Uint8Array, offset: number, removed: number, added: Uint8Array): Uint8Array {
  const tail = bytes.subarray(Math.min(offset + removed, bytes.length))
  const result = new Uint8Array(offset + added.length + tail.length)
  result.set(bytes.subarray(0, offset))
  result.set(added, offset)
  result.set(tail, offset + added.length)
  return result
}

const EDGES = [0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff] as const
const DAMAGES: readonly Damage[] = [
  flipBit,
  replaceByte,
  truncate,
  insert,
  remove,
  repeat,
  editLength8,
  editLength16,
]

/** `stream` in pieces as a network may deliver it, views of it: single bytes, or up to 50 at once. */
export function chunksOf(random: Random, stream: Uint8Array): Uint8Array[] {
  const chunks: Uint8Array[] = []
  const size = random.pick([1, 7, 50])
  for (let at = 0; at < stream.length; ) {
    const length = 1 + random.int(size)
    chunks.push(stream.subarray(at, at + length))
    at += length
  }
  return chunks
}
