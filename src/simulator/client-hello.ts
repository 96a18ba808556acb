// What the card reads from a ClientHello, and what it refuses (RFC 8446 section 4.1.2 and 4.2, as far as
// the applet looks). A refusal has no reason on the wire: the answer is 6D16 whatever is wrong.

import { ByteReader } from '../base/byte-reader.ts'

export interface PskOffer {
  readonly identity: Uint8Array
  readonly binder: Uint8Array
}

/** An acceptable ClientHello; only the binder is still to be checked. All views are borrowed from the message. */
export interface ClientHello {
  readonly sessionId: Uint8Array
  /** The uncompressed P-256 point of the client, not yet known to lie on the curve. */
  readonly keyShare: Uint8Array
  readonly offers: readonly PskOffer[]
  /** Length of the message up to and with the identities: what a binder covers (section 4.2.11.2). */
  readonly truncatedBytes: number
}

/**
 * Reads one handshake message.
 * @param message  from the handshake type on, without a record header
 * @returns undefined for anything the card does not take
 */
export function clientHelloOf(message: Uint8Array): ClientHello | undefined {
  try {
    return readClientHello(message)
  } catch (error) {
    // A vector reaches past its end: the lengths are not consistent.
    if (error instanceof RangeError) return undefined
    throw error
  }
}

function readClientHello(message: Uint8Array): ClientHello | undefined {
  const reader = new ByteReader(message)
  if (reader.u8() !== CLIENT_HELLO || reader.u24() !== reader.remaining) return undefined
  if (reader.u16() !== LEGACY_VERSION) return undefined
  reader.take(RANDOM_BYTES)
  const sessionId = reader.vector8()
  if (sessionId.length > MAX_SESSION_ID_BYTES) return undefined
  if (!u16s(reader.vector16()).includes(TLS_AES_128_CCM_SHA256)) return undefined
  const compressions = reader.vector8()
  if (compressions.length !== 1 || compressions[0] !== 0) return undefined

  const extensionsLength = reader.u16()
  if (extensionsLength !== reader.remaining) return undefined
  const fields: Fields = { isTls13: false }
  while (reader.remaining > 0) {
    const type = reader.u16()
    const body = reader.vector16()
    const bodyOffset = reader.offset - body.length
    const read = EXTENSIONS[type]
    if (read !== undefined && !read(new ByteReader(body), fields, bodyOffset)) return undefined
  }
  const { isTls13, keyShare, offers, truncatedBytes } = fields
  if (!isTls13 || keyShare === undefined || offers === undefined || truncatedBytes === undefined)
    return undefined
  return { sessionId, keyShare, offers, truncatedBytes }
}

interface Fields {
  isTls13: boolean
  keyShare?: Uint8Array
  offers?: PskOffer[]
  truncatedBytes?: number
}

/** Reads one extension into `fields`; false when the card refuses the hello because of it. */
type ReadExtension = (body: ByteReader, fields: Fields, bodyOffset: number) => boolean

// The extensions the card looks at. Others (server_name, ALPN, GREASE, early_data, ...) are skipped.
const EXTENSIONS: Readonly<Record<number, ReadExtension>> = {
  // supported_groups: secp256r1 must be among them.
  0x000a: (body) => u16s(body.vector16()).includes(SECP256R1),
  // ec_point_formats: uncompressed must be among them.
  0x000b: (body) => body.vector8().includes(0),
  // signature_algorithms: read, result ignored.
  0x000d: (body) => u16s(body.vector16()).length >= 0,
  0x0029: readPreSharedKey,
  // supported_versions
  0x002b: (body, fields) => {
    fields.isTls13 = u16s(body.vector8()).includes(TLS13)
    return fields.isTls13
  },
  // psk_key_exchange_modes: psk_dhe_ke must be among them.
  0x002d: (body) => body.vector8().includes(PSK_DHE_KE),
  0x0033: readKeyShares,
}

function readKeyShares(body: ByteReader, fields: Fields): boolean {
  const shares = new ByteReader(body.vector16())
  while (shares.remaining > 0) {
    const group = shares.u16()
    const point = shares.vector16()
    if (group !== SECP256R1) continue
    if (point.length !== POINT_BYTES || point[0] !== UNCOMPRESSED) return false
    fields.keyShare = point
  }
  return fields.keyShare !== undefined
}

function readPreSharedKey(body: ByteReader, fields: Fields, bodyOffset: number): boolean {
  const identities = new ByteReader(body.vector16())
  fields.truncatedBytes = bodyOffset + body.offset
  const names: Uint8Array[] = []
  while (identities.remaining > 0) {
    names.push(identities.vector16())
    identities.take(TICKET_AGE_BYTES)
  }
  const binders = new ByteReader(body.vector16())
  fields.offers = names.map((identity) => ({ identity, binder: binders.vector8() }))
  return binders.remaining === 0 && body.remaining === 0
}

function u16s(bytes: Uint8Array): number[] {
  const reader = new ByteReader(bytes)
  return Array.from({ length: Math.ceil(bytes.length / 2) }, () => reader.u16())
}

const CLIENT_HELLO = 0x01
const LEGACY_VERSION = 0x0303
const TLS13 = 0x0304
const TLS_AES_128_CCM_SHA256 = 0x1304
const SECP256R1 = 0x0017
const PSK_DHE_KE = 1
const UNCOMPRESSED = 0x04
const RANDOM_BYTES = 32
const MAX_SESSION_ID_BYTES = 32
const POINT_BYTES = 65
const TICKET_AGE_BYTES = 4
