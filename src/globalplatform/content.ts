// Commands that change what is on an element, as data (GlobalPlatform Card Specification 2.3.1, 11.2, 11.5, 11.6,
// 11.8). Each L is one byte unless it is said to be BER.

import { GlobalPlatformError } from './errors.ts'
import { checkValueOf, type KeyAlgorithm, type KeySet, keysOf } from './keys.ts'
import type { PlainCommand } from './protection.ts'
import { berLength, tlv } from './tlv.ts'

/** INSTALL [for load]: L package AID, L domain AID, L hash, BER L parameters, BER L token. */
export function installForLoad(packageAid: Uint8Array, domainAid: Uint8Array): PlainCommand {
  return {
    ins: INS_INSTALL,
    p1: 0x02,
    p2: 0x00,
    data: Uint8Array.of(...lv(packageAid), ...lv(domainAid), 0, 0, 0),
  }
}

/** LOAD, as many as it takes: C4, BER length and the load file, cut into blocks. */
export function* loadBlocks(loadFileData: Uint8Array, blockBytes: number): Generator<PlainCommand, void> {
  const stream = tlv(0xc4, loadFileData)
  const count = Math.ceil(stream.length / blockBytes)
  for (let n = 0; n < count; n++) {
    const data = stream.subarray(n * blockBytes, (n + 1) * blockBytes)
    yield { ins: INS_LOAD, p1: n === count - 1 ? 0x80 : 0x00, p2: n, data }
  }
}

/**
 * How many LOADs `loadBlocks` makes.
 * @throws GlobalPlatformError gp.request over 256, which P2 cannot count, and for blocks of less than a byte
 */
export function loadBlockCount(loadFileBytes: number, blockBytes: number): number {
  if (!(blockBytes >= 1))
    throw new GlobalPlatformError('gp.request', `blocks of ${blockBytes} bytes have no room for anything`)
  const count = Math.ceil((1 + berLength(loadFileBytes).length + loadFileBytes) / blockBytes)
  if (count > MAX_BLOCKS) {
    const message = `${loadFileBytes} bytes are ${count} blocks of ${blockBytes}; ${MAX_BLOCKS} can be numbered`
    throw new GlobalPlatformError('gp.request', message)
  }
  return count
}

export interface Installation {
  readonly package: Uint8Array
  readonly module: Uint8Array
  readonly instance: Uint8Array
  /** One or three bytes. */
  readonly privileges: Uint8Array
  /** For the application. */
  readonly parameters: Uint8Array
}

/** INSTALL [for install and make selectable]: L package, L module, L instance, L privileges, BER L C9, BER L token. */
export function installForInstall({ parameters, ...fields }: Installation): PlainCommand {
  const own = tlv(0xc9, parameters)
  const data = Uint8Array.of(
    ...lv(fields.package),
    ...lv(fields.module),
    ...lv(fields.instance),
    ...lv(fields.privileges),
    ...berLength(own.length),
    ...own,
    0,
  )
  return { ins: INS_INSTALL, p1: 0x0c, p2: 0x00, data }
}

/** DELETE. @param scope  `related`: of a package, its applications too */
export function deletion(aid: Uint8Array, scope: 'alone' | 'related'): PlainCommand {
  return { ins: 0xe4, p1: 0x00, p2: scope === 'related' ? 0x80 : 0x00, data: tlv(0x4f, aid) }
}

export interface NewKeys {
  readonly keys: KeySet
  /** 1..127. */
  readonly version: number
  /** The version that they take the place of; 0 adds a set. */
  readonly replaces: number
  readonly algorithm: KeyAlgorithm
}

/**
 * PUT KEY for a whole set: version, then of each key what `keyData` makes of it and its check value.
 * @param keyData  of the session: the key under its data encryption key
 */
export function putKeys(fresh: NewKeys, keyData: (key: Uint8Array) => Uint8Array): PlainCommand {
  const fields = keysOf(fresh.keys).flatMap((key) => [
    ...keyData(key),
    ...lv(checkValueOf(key, fresh.algorithm)),
  ])
  return {
    ins: 0xd8,
    p1: fresh.replaces,
    p2: FIRST_KEY_OF_SEVERAL,
    data: Uint8Array.of(fresh.version, ...fields),
  }
}

/** What an element answers that has taken the keys of `putKeys`: the version, and the three check values. */
export function putKeysAnswer({ keys, version, algorithm }: NewKeys): Uint8Array {
  return Uint8Array.of(version, ...keysOf(keys).flatMap((key) => [...checkValueOf(key, algorithm)]))
}

function lv(bytes: Uint8Array): Uint8Array {
  return Uint8Array.of(bytes.length, ...bytes)
}

const INS_INSTALL = 0xe6
const INS_LOAD = 0xe8
/** Key identifier 1, and more than one key follows. */
const FIRST_KEY_OF_SEVERAL = 0x81
/** P2 is one byte. */
const MAX_BLOCKS = 256
