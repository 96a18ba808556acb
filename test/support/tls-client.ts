// A small TLS 1.3 client for external PSK, P-256 and TLS_AES_128_CCM_SHA256, with every value under the test's
// control. Shares nothing with the card: key schedule from hmac of node:crypto, messages built here.

import {
  createCipheriv,
  createDecipheriv,
  createECDH,
  createHash,
  createHmac,
  type ECDH,
  randomBytes,
} from 'node:crypto'

export const DEFAULT_PSK = Buffer.from(
  '0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20',
  'hex',
)

export interface TlsClientOptions {
  psk?: Uint8Array
  identity?: string
  /** Server name; no server_name extension when absent. */
  sni?: string
  sessionId?: Uint8Array
  random?: Uint8Array
  /** 32-byte P-256 scalar; fresh when absent. */
  privateKey?: Uint8Array
  /** The ECDHE result in place of the computed one: for cards in test mode. */
  ecdhX?: Uint8Array
}

/** Parts of a ClientHello to change. An extension set to undefined is left out; others are replaced or added. */
export interface HelloChanges {
  legacyVersion?: number
  cipherSuites?: number[]
  compressions?: number[]
  extensions?: Record<number, Uint8Array | undefined>
  /** Identities of pre_shared_key in order; each gets the right binder for the client's PSK. */
  identities?: string[]
  /** Applied to each binder. */
  binder?: (binder: Buffer) => Uint8Array
}

/** One handshake and the session after it. Methods come in the order of the protocol. */
export class TlsClient {
  readonly #options: TlsClientOptions
  readonly #psk: Uint8Array
  readonly #ecdh: ECDH = createECDH('prime256v1')
  readonly #transcript = createHash('sha256')
  /** Known after `readServerFlight`. */
  handshakeSecret: Uint8Array = new Uint8Array(0)
  #clientHandshake: Uint8Array = new Uint8Array(0)
  #sending: Direction | undefined
  #receiving: Direction | undefined

  constructor(options: TlsClientOptions = {}) {
    this.#options = options
    this.#psk = options.psk ?? DEFAULT_PSK
    if (options.privateKey === undefined) this.#ecdh.generateKeys()
    else this.#ecdh.setPrivateKey(options.privateKey)
  }

  get publicKey(): Buffer {
    return this.#ecdh.getPublicKey()
  }

  /** The ClientHello message, without record header; it starts the transcript. */
  clientHelloMessage(changes: HelloChanges = {}): Buffer {
    const { sessionId = new Uint8Array(0), random = randomBytes(32) } = this.#options
    const suites = (changes.cipherSuites ?? [0x1304]).map(u16)
    const body = Buffer.concat([
      u16(changes.legacyVersion ?? 0x0303),
      random,
      vector(1, sessionId),
      vector(2, ...suites),
      vector(1, Uint8Array.from(changes.compressions ?? [0])),
    ])
    const identities = changes.identities ?? [this.#options.identity ?? 'Client_identity']
    const extensions = Buffer.concat([this.#extensions(changes), pskExtension(identities)])
    const message = Buffer.concat([Uint8Array.of(1), vector(3, body, vector(2, extensions))])
    const bindersBytes = 2 + 33 * identities.length
    const truncated = message.subarray(0, message.length - bindersBytes)
    const right = this.#binder(truncated)
    const binder = changes.binder?.(right) ?? right
    const binders = identities.map(() => vector(1, binder))
    const hello = Buffer.concat([truncated, vector(2, ...binders)])
    this.#transcript.update(hello)
    return hello
  }

  /** The ClientHello as one record. */
  clientHello(changes: HelloChanges = {}): Buffer {
    return record(0x16, this.clientHelloMessage(changes), 0x0301)
  }

  /**
   * Takes ServerHello, EncryptedExtensions and Finished, as consecutive records, and checks each byte it can.
   * @throws Error naming what is wrong
   */
  readServerFlight(flight: Uint8Array): void {
    const [hello, extensions, finished, ...rest] = recordsOf(flight)
    if (hello === undefined || extensions === undefined || finished === undefined || rest.length > 0) {
      throw new Error(`server flight of ${flight.length} bytes is not three records`)
    }
    this.#readServerHello(hello.subarray(5))
    const encryptedExtensions = this.#open(extensions, 0x16)
    this.#transcript.update(encryptedExtensions)
    const { server } = this.#handshakeTraffic
    const verifyData = hmac(expandLabel(server, 'finished'), this.#hash())
    const message = this.#open(finished, 0x16)
    if (!message.equals(Buffer.concat([Uint8Array.of(0x14, 0, 0, 32), verifyData])))
      throw new Error('wrong server Finished')
    this.#transcript.update(message)
  }

  /** The client's Finished as a record; application keys are in use afterwards. */
  clientFinished(): Buffer {
    const verifyData = hmac(expandLabel(this.#clientHandshake, 'finished'), this.#hash())
    const finished = this.#seal(Buffer.concat([Uint8Array.of(0x14, 0, 0, 32), verifyData]), 0x16)
    const master = hmac(
      expandLabel(this.handshakeSecret, 'derived', sha256(new Uint8Array(0))),
      new Uint8Array(32),
    )
    const hash = this.#hash()
    this.#sending = new Direction(expandLabel(master, 'c ap traffic', hash))
    this.#receiving = new Direction(expandLabel(master, 's ap traffic', hash))
    return finished
  }

  /** Application text as a record. `type` and `padding` are for records that a card refuses. */
  seal(text: string | Uint8Array, { type = 0x17, padding = 0 } = {}): Buffer {
    const content = typeof text === 'string' ? Buffer.from(text, 'latin1') : text
    return this.#seal(content, type, padding)
  }

  /** The text of one application record. */
  open(sealed: Uint8Array): string {
    return this.#open(sealed, 0x17).toString('latin1')
  }

  #traffic: { client: Uint8Array; server: Uint8Array } | undefined

  get #handshakeTraffic() {
    if (this.#traffic === undefined) throw new Error('no ServerHello yet')
    return this.#traffic
  }

  #extensions(changes: HelloChanges): Buffer {
    const { sni } = this.#options
    const extensions = new Map<string, Uint8Array | undefined>()
    const add = (type: number, body: Uint8Array | undefined) => extensions.set(String(type), body)
    if (sni !== undefined) add(0x0000, vector(2, Uint8Array.of(0), vector(2, Buffer.from(sni, 'latin1'))))
    add(0x002d, Uint8Array.of(1, 1))
    add(0x002b, Uint8Array.of(2, 3, 4))
    add(0x000d, Uint8Array.of(0, 2, 4, 3))
    add(0x000a, Uint8Array.of(0, 2, 0, 0x17))
    add(0x0033, vector(2, keyShare(this.publicKey)))
    for (const [type, body] of Object.entries(changes.extensions ?? {})) extensions.set(type, body)
    return Buffer.concat(
      [...extensions].flatMap(([type, body]) =>
        body === undefined ? [] : [u16(Number(type)), vector(2, body)],
      ),
    )
  }

  #binder(truncated: Uint8Array): Buffer {
    const early = hmac(new Uint8Array(32), this.#psk)
    const binderKey = expandLabel(early, 'ext binder', sha256(new Uint8Array(0)))
    return hmac(expandLabel(binderKey, 'finished'), sha256(truncated))
  }

  #readServerHello(message: Buffer): void {
    this.#transcript.update(message)
    const sessionIdBytes = message[38]!
    const expected = Buffer.concat([
      Buffer.from('13040000550029000200000033004500170041', 'hex'),
      message.subarray(39 + sessionIdBytes + 19, 39 + sessionIdBytes + 19 + 65),
      Buffer.from('002b00020304', 'hex'),
    ])
    const tail = message.subarray(39 + sessionIdBytes)
    if (!tail.equals(expected)) throw new Error(`unexpected ServerHello ${message.toString('hex')}`)
    const x = this.#options.ecdhX ?? this.#ecdh.computeSecret(tail.subarray(19, 19 + 65))
    const early = hmac(new Uint8Array(32), this.#psk)
    this.handshakeSecret = hmac(expandLabel(early, 'derived', sha256(new Uint8Array(0))), x)
    const hash = this.#hash()
    this.#clientHandshake = expandLabel(this.handshakeSecret, 'c hs traffic', hash)
    this.#traffic = {
      client: this.#clientHandshake,
      server: expandLabel(this.handshakeSecret, 's hs traffic', hash),
    }
    this.#sending = new Direction(this.#traffic.client)
    this.#receiving = new Direction(this.#traffic.server)
  }

  #seal(content: Uint8Array, type: number, padding = 0): Buffer {
    const inner = Buffer.concat([content, Uint8Array.of(type), new Uint8Array(padding)])
    return this.#sending!.seal(inner)
  }

  #open(sealed: Uint8Array, type: number): Buffer {
    const inner = this.#receiving!.open(sealed)
    if (inner.at(-1) !== type) throw new Error(`content type ${inner.at(-1) ?? 'none'}`)
    return inner.subarray(0, -1)
  }

  #hash(): Buffer {
    return this.#transcript.copy().digest()
  }
}

/** One entry of a key_share list. */
export function keyShare(point: Uint8Array, group = 0x0017): Buffer {
  return Buffer.concat([u16(group), vector(2, point)])
}

/** A vector with a length of `lengthBytes` bytes in front (RFC 8446 section 3.4). */
export function vector(lengthBytes: 1 | 2 | 3, ...parts: Uint8Array[]): Buffer {
  const body = Buffer.concat(parts)
  const length = Buffer.alloc(lengthBytes)
  length.writeUIntBE(body.length, 0, lengthBytes)
  return Buffer.concat([length, body])
}

/** A TLS record. */
export function record(type: number, body: Uint8Array, version = 0x0303): Buffer {
  return Buffer.concat([Uint8Array.of(type), u16(version), vector(2, body)])
}

/** Splits bytes into whole records; whatever is left over comes last. */
export function recordsOf(bytes: Uint8Array): Buffer[] {
  const records: Buffer[] = []
  let rest = Buffer.from(bytes)
  while (rest.length > 0) {
    const end = rest.length < 5 ? rest.length : 5 + rest.readUInt16BE(3)
    records.push(rest.subarray(0, end))
    rest = rest.subarray(end)
  }
  return records
}

/** Keys and sequence number of one direction. */
class Direction {
  readonly #key: Uint8Array
  readonly #iv: Buffer
  #sequence = 0n

  constructor(secret: Uint8Array) {
    this.#key = expandLabel(secret, 'key', new Uint8Array(0), 16)
    this.#iv = expandLabel(secret, 'iv', new Uint8Array(0), 12)
  }

  seal(inner: Uint8Array): Buffer {
    const header = Buffer.concat([Uint8Array.of(0x17, 3, 3), u16(inner.length + 16)])
    const cipher = createCipheriv('aes-128-ccm', this.#key, this.#nonce(), { authTagLength: 16 })
    cipher.setAAD(header, { plaintextLength: inner.length })
    return Buffer.concat([header, cipher.update(inner), cipher.final(), cipher.getAuthTag()])
  }

  open(sealed: Uint8Array): Buffer {
    const decipher = createDecipheriv('aes-128-ccm', this.#key, this.#nonce(), { authTagLength: 16 })
    decipher.setAuthTag(sealed.subarray(-16))
    decipher.setAAD(sealed.subarray(0, 5), { plaintextLength: sealed.length - 5 - 16 })
    return Buffer.concat([decipher.update(sealed.subarray(5, -16)), decipher.final()])
  }

  #nonce(): Buffer {
    const counter = Buffer.alloc(12)
    counter.writeBigUInt64BE(this.#sequence, 4)
    // A card counts in 16 bits, and so does a client that wants to be understood by it after 65536 records.
    this.#sequence = (this.#sequence + 1n) & 0xffffn
    return Buffer.from(counter.map((byte, index) => byte ^ this.#iv[index]!))
  }
}

function pskExtension(identities: readonly string[]): Buffer {
  const list = identities.map((identity) =>
    Buffer.concat([vector(2, Buffer.from(identity, 'latin1')), new Uint8Array(4)]),
  )
  const placeholders = identities.map(() => vector(1, new Uint8Array(32)))
  return Buffer.concat([u16(0x0029), vector(2, vector(2, ...list), vector(2, ...placeholders))])
}

function expandLabel(
  secret: Uint8Array,
  label: string,
  context: Uint8Array = new Uint8Array(0),
  length = 32,
): Buffer {
  const name = Buffer.from(`tls13 ${label}`, 'latin1')
  const info = Buffer.concat([u16(length), vector(1, name), vector(1, context)])
  // One block of HKDF-Expand: hkdfSync offers only extract and expand together.
  return hmac(secret, Buffer.concat([info, Uint8Array.of(1)])).subarray(0, length)
}

function hmac(key: Uint8Array, message: Uint8Array): Buffer {
  return createHmac('sha256', key).update(message).digest()
}

function sha256(message: Uint8Array): Buffer {
  return createHash('sha256').update(message).digest()
}

function u16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff])
}
