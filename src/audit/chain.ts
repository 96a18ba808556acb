// From one record to the next: what makes it impossible to change the log unseen. Pure.
//
//   hash = SHA-256(hash of the record before, 32 bytes || text of the record)
//   mac  = HMAC-SHA-256(key, hash, 32 bytes)
//
// On its line a record ends with that of the record before, and with both of these, in lower-case hex:
//
//   {"seq":7,...,"fields":{...},"prev":"<64>","hash":"<64>","mac":"<64>"}

import { hash } from 'node:crypto'
import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { recordText, type Statement } from './record.ts'

/** Where a chain has come to. */
export interface Link {
  /** Of the last record; 0 before the first one. */
  readonly sequence: number
  /** Its hash, 64 hex digits; zeros before the first one. */
  readonly hash: string
}

export const BEFORE_FIRST: Link = { sequence: 0, hash: '0'.repeat(64) }

/** What a line says, and the first thing that is wrong with it. */
export interface CheckedLine {
  readonly sequence: number
  readonly previous: string
  /** As it stands there. */
  readonly hash: string
  /** As it should be. */
  readonly computed: string
  /** `unkeyed`: whoever wrote the record has not the key that we have. */
  readonly fault: 'edited' | 'unkeyed' | undefined
}

/** Makes and checks lines. */
export class Chain {
  readonly #key: Hmac | undefined
  /** The hash of the last line that was checked. */
  #computed = BEFORE_FIRST.hash

  /** @param key  32 bytes; without it lines are checked but for their MACs, and none can be made */
  constructor(key?: Uint8Array) {
    this.#key = key === undefined ? undefined : keyed(key)
  }

  get isKeyed(): boolean {
    return this.#key !== undefined
  }

  /** The line that follows `link`, with its line feed, and where the chain then is. */
  next(link: Link, statement: Statement): { line: Buffer; link: Link } {
    const sequence = link.sequence + 1
    const text = recordText(sequence, statement)
    const hash = hashOf(link.hash, Buffer.from(text.slice(0, -1)))
    const mac = this.#macOf()
    const line = `${text.slice(0, -1)},"prev":"${link.hash}","hash":"${hash}","mac":"${mac}"}\n`
    return { line: Buffer.from(line), link: { sequence, hash } }
  }

  /**
   * Checks all that a line shows by itself.
   * @param line  without its line feed
   * @returns undefined when it has not the form of a line
   */
  check(line: Buffer): CheckedLine | undefined {
    const start = line.length - TRAILER.bytes
    const sequence = sequenceOf(line)
    if (start < MIN_TEXT_BYTES || sequence === undefined) return undefined
    const trailer = line.toString('latin1', start)
    const previous = trailer.slice(TRAILER.previous, TRAILER.previous + DIGITS)
    const hash = trailer.slice(TRAILER.hash, TRAILER.hash + DIGITS)
    const mac = trailer.slice(TRAILER.mac, TRAILER.mac + DIGITS)
    if (trailer !== `,"prev":"${previous}","hash":"${hash}","mac":"${mac}"}`) return undefined
    // Looked at only when it is not what it should be: a tenth of the time of a whole verification.
    if (previous !== this.#computed && !HEX.test(previous)) return undefined
    const computed = checkedHashOf(previous, line.subarray(0, start))
    this.#computed = computed
    if (hash !== computed) return { sequence, previous, hash, computed, fault: 'edited' }
    const isKeyed = this.#key === undefined ? HEX.test(mac) : this.#macOf() === mac
    return { sequence, previous, hash, computed, fault: isKeyed ? undefined : 'unkeyed' }
  }

  /** Of what `hashOf` has come to last. */
  #macOf(): string {
    if (this.#key === undefined) throw new TypeError('a chain without its key')
    return this.#key()
  }
}

/** The text of the record on a line that has passed `check`. */
export function textOn(line: Buffer): string {
  return `${line.toString('utf8', 0, line.length - TRAILER.bytes)}}`
}

/** The MAC of `digest`, in hex. */
type Hmac = () => string

/**
 * The hash of a record, in hex; `digest` has its bytes until the next call.
 * @param previous  64 hex digits
 * @param open  the text of the record without its last brace
 */
function hashOf(previous: string, open: Buffer): string {
  EMPTY._cloneInto(state).update(messageOf(previous, open)).digestInto(digest)
  return digest.toString('hex')
}

/** The same by another implementation, which is also the faster one: what one of them does wrong, the other finds. */
function checkedHashOf(previous: string, open: Buffer): string {
  hash('sha256', messageOf(previous, open), 'buffer').copy(digest)
  return digest.toString('hex')
}

/** What is hashed, in one piece: each piece more would cost as much as a block. Good until the next call. */
function messageOf(previous: string, open: Buffer): Buffer {
  const bytes = HASH_BYTES + open.length + 1
  if (message.length < bytes) message = Buffer.alloc(2 * bytes)
  message.write(previous, 'hex')
  open.copy(message, HASH_BYTES)
  message[bytes - 1] = CLOSING_BRACE
  return message.subarray(0, bytes)
}

/** The state after the key is kept: half of the work of an HMAC of 32 bytes. */
function keyed(key: Uint8Array): Hmac {
  const begun = hmac.create(sha256, key)
  const own = begun.clone()
  const mac = Buffer.alloc(HASH_BYTES)
  return () => {
    begun._cloneInto(own).update(digest).digestInto(mac)
    return mac.toString('hex')
  }
}

/** The number in `{"seq":N,"at":"`, or undefined when the line does not begin so. */
function sequenceOf(line: Buffer): number | undefined {
  const start = line.toString('latin1', 0, MAX_START_BYTES)
  const digits = START.exec(start)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

const HASH_BYTES = 32
const DIGITS = 2 * HASH_BYTES

/** Offsets of the hex digits, from the comma before `"prev"`; `bytes` is the length up to the last brace. */
const TRAILER = { previous: 9, hash: 83, mac: 156, bytes: 222 } as const

const START = /^\{"seq":([1-9][0-9]{0,14}),"at":"/
const MAX_START_BYTES = 32
const HEX = /^[0-9a-f]{64}$/
const CLOSING_BRACE = 0x7d

/** Shorter is no record. */
const MIN_TEXT_BYTES = 60

// Used over and over: making them anew costs as much as a block.
const EMPTY = sha256.create()
const state = sha256.create()
const digest = Buffer.alloc(HASH_BYTES)
let message = Buffer.alloc(4096)
