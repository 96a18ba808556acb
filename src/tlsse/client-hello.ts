// The ClientHello as the gateway needs it: where it wants to go, and whether an element could answer it.
// Structure and rules: RFC 8446 section 4.1.2, RFC 6066 section 3 (server_name).

import { ByteReader } from '../base/byte-reader.ts'
import { PeerError } from '../net/errors.ts'
import { CONTENT_TYPE, RECORD_HEADER_BYTES } from './record.ts'

/** What a well-formed ClientHello asks for. */
export interface ClientHello {
  /** host_name of server_name, byte-exact, a view of the message; undefined when absent. */
  readonly serverName: Uint8Array | undefined
  readonly offersTls13: boolean
  /** TLS_AES_128_CCM_SHA256 is among the cipher suites. */
  readonly offersSuite: boolean
  /** key_share carries an uncompressed P-256 point. */
  readonly hasP256Share: boolean
  /** psk_key_exchange_modes has psk_dhe_ke, or is absent: then the element decides. */
  readonly allowsPskDhe: boolean
  /** pre_shared_key is there, so there is an identity. */
  readonly hasIdentity: boolean
}

/**
 * Gathers the ClientHello from handshake records: usually it is whole in the first one.
 * It may span records; it must be alone in them.
 */
export class HelloCollector {
  #message: Uint8Array | undefined
  #gathered = 0

  /**
   * Takes the next record of the first flight.
   * @returns the handshake message, its 4-byte header included, or undefined when more records are needed. It is
   *          a view of `record` when it was whole in it, else of a buffer of this collector's
   * @throws PeerError peer.syntax when this cannot become a ClientHello; peer.oversize over MAX_CLIENT_HELLO_BYTES
   */
  add(record: Uint8Array): Uint8Array | undefined {
    if (record[0] !== CONTENT_TYPE.handshake) {
      throw new PeerError('peer.syntax', `content type ${String(record[0])} where a ClientHello was expected`)
    }
    const fragment = record.subarray(RECORD_HEADER_BYTES)
    if (this.#gathered === 0 && fragment.length >= HANDSHAKE_HEADER_BYTES) {
      const messageBytes = announced(fragment)
      if (messageBytes === fragment.length) return fragment
    }
    return this.#gather(fragment)
  }

  #gather(fragment: Uint8Array): Uint8Array | undefined {
    this.#message ??= new Uint8Array(MAX_CLIENT_HELLO_BYTES)
    if (this.#gathered + fragment.length > this.#message.length) {
      throw new PeerError('peer.oversize', `ClientHello over ${MAX_CLIENT_HELLO_BYTES} bytes`)
    }
    this.#message.set(fragment, this.#gathered)
    this.#gathered += fragment.length
    if (this.#gathered < HANDSHAKE_HEADER_BYTES) return undefined
    const messageBytes = announced(this.#message)
    if (this.#gathered < messageBytes) return undefined
    if (this.#gathered > messageBytes) throw new PeerError('peer.syntax', 'bytes follow the ClientHello')
    return this.#message.subarray(0, messageBytes)
  }
}

/**
 * Parses a whole ClientHello handshake message.
 * @param message  HandshakeType(1) length(3) body; the result borrows from it
 * @throws PeerError peer.syntax for anything RFC 8446 does not allow, duplicate extensions and names included
 */
export function parseClientHello(message: Uint8Array): ClientHello {
  try {
    return parse(message)
  } catch (error) {
    if (error instanceof RangeError) {
      throw new PeerError('peer.syntax', 'ClientHello is cut short or a length in it is wrong', {
        cause: error,
      })
    }
    throw error
  }
}

function parse(message: Uint8Array): ClientHello {
  const hello = new ByteReader(message.subarray(HANDSHAKE_HEADER_BYTES))
  const legacyVersion = hello.u16()
  hello.take(RANDOM_BYTES)
  check(hello.vector8().length <= MAX_SESSION_ID_BYTES, 'session id over 32 bytes')
  const suites = hello.vector16()
  check(suites.length >= 2 && suites.length % 2 === 0, 'cipher suite list of odd length, or empty')
  const compression = hello.vector8()
  check(compression.length >= 1, 'no compression method')
  const extensions = hello.remaining === 0 ? NO_EXTENSIONS : extensionsOf(hello.vector16())
  check(hello.remaining === 0, 'bytes follow the extensions')

  const versions = extensions.get(EXTENSION.supportedVersions)
  const isNullCompression = compression.length === 1 && compression[0] === 0
  const offersTls13 = lists13(versions) && legacyVersion === TLS12 && isNullCompression
  return {
    serverName: serverNameIn(extensions.get(EXTENSION.serverName)),
    offersTls13,
    offersSuite: listsU16(suites, TLS_AES_128_CCM_SHA256),
    hasP256Share: hasP256Share(extensions.get(EXTENSION.keyShare)),
    allowsPskDhe: allowsPskDhe(extensions.get(EXTENSION.pskKeyExchangeModes)),
    hasIdentity: hasIdentity(extensions.get(EXTENSION.preSharedKey)),
  }
}

function lists13(extension: Uint8Array | undefined): boolean {
  if (extension === undefined) return false
  const versions = vector8Only(extension)
  check(versions.length >= 2 && versions.length % 2 === 0, 'version list of odd length, or empty')
  return listsU16(versions, TLS13)
}

/** Extension type -> extension_data. */
function extensionsOf(block: Uint8Array): Map<number, Uint8Array> {
  const reader = new ByteReader(block)
  const extensions = new Map<number, Uint8Array>()
  while (reader.remaining > 0) {
    const type = reader.u16()
    check(!extensions.has(type), `extension ${type} twice`)
    // RFC 8446 section 4.2.11: the binders in it cover everything before, so it must be the last.
    check(!extensions.has(EXTENSION.preSharedKey), 'pre_shared_key is not the last extension')
    extensions.set(type, reader.vector16())
  }
  return extensions
}

function serverNameIn(extension: Uint8Array | undefined): Uint8Array | undefined {
  if (extension === undefined) return undefined
  const list = new ByteReader(vector16Only(extension))
  check(list.remaining > 0, 'empty server_name list')
  let hostName: Uint8Array | undefined
  while (list.remaining > 0) {
    const type = list.u8()
    const name = list.vector16()
    if (type !== HOST_NAME) continue
    check(hostName === undefined, 'server_name lists two host names')
    check(name.length > 0, 'empty host name')
    hostName = name
  }
  return hostName
}

function hasP256Share(extension: Uint8Array | undefined): boolean {
  if (extension === undefined) return false
  const shares = new ByteReader(vector16Only(extension))
  let isThere = false
  while (shares.remaining > 0) {
    const group = shares.u16()
    const key = shares.vector16()
    check(key.length > 0, 'empty key share')
    // SEC 1 section 2.3.3: 04 X Y. Whether the point is on the curve is for the element to find out.
    if (group === SECP256R1 && key.length === 65 && key[0] === 0x04) isThere = true
  }
  return isThere
}

function allowsPskDhe(extension: Uint8Array | undefined): boolean {
  if (extension === undefined) return true
  const modes = vector8Only(extension)
  check(modes.length > 0, 'no PSK key exchange mode')
  return modes.includes(PSK_DHE_KE)
}

function hasIdentity(extension: Uint8Array | undefined): boolean {
  if (extension === undefined) return false
  const offered = new ByteReader(extension)
  const identities = new ByteReader(offered.vector16())
  let count = 0
  while (identities.remaining > 0) {
    check(identities.vector16().length > 0, 'empty PSK identity')
    identities.take(OBFUSCATED_TICKET_AGE_BYTES)
    count++
  }
  const binders = new ByteReader(offered.vector16())
  let binderCount = 0
  while (binders.remaining > 0) {
    check(binders.vector8().length >= MIN_BINDER_BYTES, 'PSK binder under 32 bytes')
    binderCount++
  }
  check(offered.remaining === 0 && binderCount === count, 'PSK identities and binders do not match')
  check(count > 0, 'no PSK identity')
  return true
}

function vector8Only(bytes: Uint8Array): Uint8Array {
  const reader = new ByteReader(bytes)
  const vector = reader.vector8()
  check(reader.remaining === 0, 'bytes follow a vector')
  return vector
}

function vector16Only(bytes: Uint8Array): Uint8Array {
  const reader = new ByteReader(bytes)
  const vector = reader.vector16()
  check(reader.remaining === 0, 'bytes follow a vector')
  return vector
}

function listsU16(list: Uint8Array, wanted: number): boolean {
  for (let at = 0; at + 1 < list.length; at += 2) {
    if ((((list[at] ?? 0) << 8) | (list[at + 1] ?? 0)) === wanted) return true
  }
  return false
}

/** Length of the handshake message that begins with `bytes`, header included. */
function announced(bytes: Uint8Array): number {
  check(bytes[0] === CLIENT_HELLO, `handshake type ${String(bytes[0])} where a ClientHello was expected`)
  const length = HANDSHAKE_HEADER_BYTES + (((bytes[1] ?? 0) << 16) | ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0))
  if (length > MAX_CLIENT_HELLO_BYTES) {
    throw new PeerError(
      'peer.oversize',
      `ClientHello of ${length} bytes, at most ${MAX_CLIENT_HELLO_BYTES} are taken`,
    )
  }
  return length
}

function check(isFine: boolean, wrong: string): void {
  if (!isFine) throw new PeerError('peer.syntax', wrong)
}

/** Handshake header included. A cap of ours: RFC 8446 would allow 2^24. */
export const MAX_CLIENT_HELLO_BYTES = 16_384

const HANDSHAKE_HEADER_BYTES = 4
const CLIENT_HELLO = 0x01
const TLS12 = 0x0303
const TLS13 = 0x0304
const RANDOM_BYTES = 32
const MAX_SESSION_ID_BYTES = 32
const TLS_AES_128_CCM_SHA256 = 0x1304
const SECP256R1 = 0x0017
const PSK_DHE_KE = 0x01
const HOST_NAME = 0x00
const OBFUSCATED_TICKET_AGE_BYTES = 4
const MIN_BINDER_BYTES = 32
const EXTENSION = {
  serverName: 0,
  preSharedKey: 41,
  supportedVersions: 43,
  pskKeyExchangeModes: 45,
  keyShare: 51,
} as const
const NO_EXTENSIONS = new Map<number, Uint8Array>()
