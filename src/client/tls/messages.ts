// Handshake messages of TLS 1.3 as bytes: what we send, and what we take (RFC 8446 section 4).

import { ByteReader } from '../../base/byte-reader.ts'
import { ClientError } from '../errors.ts'
import { CIPHERS, type Suite } from './protection.ts'

export const MESSAGE = {
  clientHello: 1,
  serverHello: 2,
  sessionTicket: 4,
  encryptedExtensions: 8,
  finished: 20,
  keyUpdate: 24,
} as const

export interface HelloFields {
  /** 32 bytes. */
  readonly random: Uint8Array
  /** One character per byte. */
  readonly sen: string
  readonly identity: string
  readonly suites: readonly Suite[]
  /** Uncompressed P-256 point, 65 bytes. */
  readonly share: Uint8Array
}

/**
 * A ClientHello whose binder is still zeros.
 * @returns the message, and how many of its bytes come before the list of binders
 */
export function clientHelloOf({ random, sen, identity, suites, share }: HelloFields): {
  message: Uint8Array
  truncatedBytes: number
} {
  const name = Buffer.concat([Uint8Array.of(0), vector(2, Buffer.from(sen, 'latin1'))])
  const psk = [vector(2, Buffer.concat([vector(2, Buffer.from(identity, 'latin1')), AGE])), BINDERS]
  const extensions = [
    extension(EXTENSION.serverName, vector(2, name)),
    extension(EXTENSION.supportedVersions, vector(1, TLS13)),
    extension(EXTENSION.pskModes, vector(1, PSK_DHE_KE)),
    extension(EXTENSION.groups, vector(2, P256)),
    extension(EXTENSION.signatures, vector(2, ECDSA_P256)),
    extension(EXTENSION.keyShare, vector(2, P256, vector(2, share))),
    // The last one: its binders cover all that is before them.
    extension(EXTENSION.psk, ...psk),
  ]
  const suiteList = vector(2, ...suites.map((suite) => u16(suite)))
  const body = [
    LEGACY_VERSION,
    random,
    vector(1),
    suiteList,
    vector(1, NO_COMPRESSION),
    vector(2, ...extensions),
  ]
  const message = messageOf(MESSAGE.clientHello, ...body)
  return { message, truncatedBytes: message.length - BINDERS.length }
}

/** Puts the binder into a ClientHello. */
export function bind(message: Uint8Array, binder: Uint8Array): void {
  message.set(binder, message.length - BINDER_BYTES)
}

export function finishedMessageOf(verifyData: Uint8Array): Uint8Array {
  return messageOf(MESSAGE.finished, verifyData)
}

/** A KeyUpdate that asks for none in return. */
export const KEY_UPDATE = messageOf(MESSAGE.keyUpdate, Uint8Array.of(0))

/**
 * What the server has chosen.
 * @param body     of ServerHello
 * @param offered  the suites of our hello
 * @throws ClientError client.protocol, client.refused when it takes no PSK of ours
 */
export function serverChoiceOf(
  body: Uint8Array,
  offered: readonly Suite[],
): { suite: Suite; share: Uint8Array } {
  return parsed('ServerHello', () => {
    const reader = new ByteReader(body)
    const version = reader.u16()
    const random = Buffer.from(reader.take(32))
    if (random.equals(RETRY)) throw wrong('the server asks for another key share; it has no P-256')
    if (reader.vector8().length > 0) throw wrong('a session id that was not ours')
    const suite = reader.u16()
    const compression = reader.u8()
    const extensions = extensionsOf(reader.vector16())
    if (version !== 0x0303 || compression !== 0 || reader.remaining > 0)
      throw wrong('a malformed ServerHello')
    if (!isSame(extensions.get(EXTENSION.supportedVersions), TLS13))
      throw wrong('the server does not speak TLS 1.3')
    if (!offered.includes(suite as Suite)) throw wrong(`suite 0x${suite.toString(16)}, which was not offered`)
    if (!isSame(extensions.get(EXTENSION.psk), FIRST_IDENTITY)) {
      throw new ClientError(
        'client.refused',
        'the server does not know the identity, or takes no key of this kind',
      )
    }
    const share = extensions.get(EXTENSION.keyShare)
    if (share?.length !== SHARE_BYTES || !isSame(share.subarray(0, 4), SHARE_HEAD))
      throw wrong('no P-256 key share')
    if (extensions.size > 3) throw wrong('an extension that was not offered')
    return { suite: suite as Suite, share: share.slice(4) }
  })
}

/** @throws ClientError client.protocol when one was not offered */
export function checkEncryptedExtensions(body: Uint8Array): void {
  parsed('EncryptedExtensions', () => {
    const reader = new ByteReader(body)
    const extensions = extensionsOf(reader.vector16())
    if (reader.remaining > 0) throw wrong('bytes behind EncryptedExtensions')
    for (const type of extensions.keys()) {
      if (type !== EXTENSION.serverName && type !== EXTENSION.groups)
        throw wrong(`extension ${type}, not offered`)
    }
  })
}

function extensionsOf(list: Uint8Array): Map<number, Uint8Array> {
  const reader = new ByteReader(list)
  const extensions = new Map<number, Uint8Array>()
  while (reader.remaining > 0) {
    const type = reader.u16()
    if (extensions.has(type)) throw wrong(`extension ${type} twice`)
    extensions.set(type, reader.vector16())
  }
  return extensions
}

function parsed<Result>(what: string, parse: () => Result): Result {
  try {
    return parse()
  } catch (error) {
    if (error instanceof ClientError) throw error
    throw new ClientError('client.protocol', `a malformed ${what}`, { cause: error })
  }
}

function wrong(what: string): ClientError {
  return new ClientError('client.protocol', what)
}

function messageOf(type: number, ...parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat([Uint8Array.of(type), vector(3, ...parts)])
}

function extension(type: number, ...parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat([u16(type), vector(2, ...parts)])
}

/** RFC 8446 section 3.4: with a length of so many bytes in front. */
function vector(lengthBytes: 1 | 2 | 3, ...parts: readonly Uint8Array[]): Uint8Array {
  const body = Buffer.concat(parts)
  const length = Buffer.alloc(lengthBytes)
  length.writeUIntBE(body.length, 0, lengthBytes)
  return Buffer.concat([length, body])
}

function u16(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 0xff)
}

function isSame(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a !== undefined && Buffer.compare(a, b) === 0
}

export const SUITES = Object.keys(CIPHERS)
  .map(Number)
  .sort((a, b) => b - a) as readonly Suite[]

const EXTENSION = {
  serverName: 0,
  groups: 10,
  signatures: 13,
  psk: 41,
  supportedVersions: 43,
  pskModes: 45,
  keyShare: 51,
} as const
const LEGACY_VERSION = Uint8Array.of(0x03, 0x03)
const TLS13 = Uint8Array.of(0x03, 0x04)
const NO_COMPRESSION = Uint8Array.of(0)
const PSK_DHE_KE = Uint8Array.of(1)
const P256 = Uint8Array.of(0x00, 0x17)
const ECDSA_P256 = Uint8Array.of(0x04, 0x03)
/** External keys have no age. */
const AGE = new Uint8Array(4)
const BINDER_BYTES = 32
const BINDERS = vector(2, vector(1, new Uint8Array(BINDER_BYTES)))
const FIRST_IDENTITY = Uint8Array.of(0, 0)
const SHARE_HEAD = Uint8Array.of(0x00, 0x17, 0x00, 0x41)
const SHARE_BYTES = 4 + 65
/** The random of a HelloRetryRequest, RFC 8446 section 4.1.3. */
const RETRY = Buffer.from('CF21AD74E59A6111BE1D8C021E65B891C2A211167ABB8C5E079E09E2C8A8339C', 'hex')
