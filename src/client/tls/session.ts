// A client of TLS 1.3 with an external PSK, without input and output: records in, records and text out. Its own, since
// attestation needs the handshake secret, and a key may be in an element: no library gives either.

import { createECDH, createHash, type ECDH, timingSafeEqual } from 'node:crypto'
import { ClientError } from '../errors.ts'
import { alertError, CLOSE_NOTIFY } from './alerts.ts'
import {
  bind,
  checkEncryptedExtensions,
  clientHelloOf,
  finishedMessageOf,
  KEY_UPDATE,
  MESSAGE,
  SUITES,
  serverChoiceOf,
} from './messages.ts'
import { type Content, HEADER_BYTES, Protection, type Suite } from './protection.ts'
import {
  applicationTraffic,
  finishedOf,
  handshakeTraffic,
  type PskHolder,
  type TrafficSecrets,
} from './secrets.ts'

export interface SessionOptions {
  /** The server name, one character per byte. */
  readonly sen: string
  readonly psk: PskHolder
  /** Fresh random bytes. */
  readonly random: (length: number) => Uint8Array
  /** What is offered; all that there are when undefined. */
  readonly suites?: readonly Suite[] | undefined
}

/** What came of a record. */
export interface Taken {
  /** To be sent, whole records. */
  readonly send: readonly Uint8Array[]
  /** What the server says. */
  readonly texts: readonly Uint8Array[]
}

export class TlsSession {
  readonly #options: SessionOptions
  readonly #suites: readonly Suite[]
  readonly #ecdh: ECDH = createECDH('prime256v1')
  readonly #transcript = createHash('sha256')
  #state: 'new' | 'hello' | 'extensions' | 'finished' | 'open' | 'closed' = 'new'
  /** Of handshake messages that are not whole yet. */
  #partial: Buffer = Buffer.alloc(0)
  #suite: Suite = 0x1304
  #handshakeSecret: Uint8Array | undefined
  #traffic: TrafficSecrets | undefined
  #sending: Protection | undefined
  #receiving: Protection | undefined
  #send: Uint8Array[] = []
  #texts: Uint8Array[] = []

  constructor(options: SessionOptions) {
    this.#options = options
    this.#suites = options.suites ?? SUITES
  }

  get isOpen(): boolean {
    return this.#state === 'open'
  }

  /** The server has said goodbye. */
  get isClosed(): boolean {
    return this.#state === 'closed'
  }

  get suite(): Suite {
    return this.#suite
  }

  /** What an element signs to prove that nobody is between; once the server has answered. */
  get handshakeSecret(): Uint8Array {
    if (this.#handshakeSecret === undefined) throw new RangeError('no handshake secret yet')
    return this.#handshakeSecret
  }

  /** @returns the record of the ClientHello */
  async start(): Promise<Uint8Array> {
    const { sen, psk, random } = this.#options
    const share = this.#ecdh.generateKeys()
    const fields = { random: random(32), sen, identity: psk.identity, suites: this.#suites, share }
    const { message, truncatedBytes } = clientHelloOf(fields)
    const hash = createHash('sha256').update(message.subarray(0, truncatedBytes)).digest()
    bind(message, await psk.binder(hash))
    this.#transcript.update(message)
    this.#state = 'hello'
    return plainRecord(RECORD.handshake, message)
  }

  /** A record of text. */
  seal(text: Uint8Array): Uint8Array {
    return this.#seal({ type: RECORD.application, bytes: text })
  }

  /** The record that says goodbye; nothing may be sent after it. */
  goodbye(): Uint8Array {
    return this.#seal({ type: RECORD.alert, bytes: CLOSE_NOTIFY })
  }

  /**
   * Takes a whole record.
   * @throws ClientError client.protocol, client.refused when the server gives up; the session is over then
   */
  async take(record: Uint8Array): Promise<Taken> {
    const type = record[0]
    if (type === RECORD.changeCipherSpec) this.#ignore(record)
    else if (this.#receiving === undefined)
      await this.#takeContent({ type: type ?? 0, bytes: record.subarray(HEADER_BYTES) })
    else if (type === RECORD.application) await this.#takeContent(this.#receiving.open(record))
    // An alert in clear is all that a gateway can send while the element has not spoken.
    else if (type === RECORD.alert && this.#state !== 'open') throw alertError(record.subarray(HEADER_BYTES))
    else throw wrong(`a record of type ${type ?? 0} in clear`)
    const taken = { send: this.#send, texts: this.#texts }
    this.#send = []
    this.#texts = []
    return taken
  }

  async #takeContent({ type, bytes }: Content): Promise<void> {
    if (type === RECORD.handshake) await this.#takeMessages(bytes)
    else if (type === RECORD.alert) this.#takeAlert(bytes)
    else if (type === RECORD.application && this.#state === 'open') this.#texts.push(Uint8Array.from(bytes))
    else throw wrong(`content of type ${type} in the state "${this.#state}"`)
  }

  #takeAlert(bytes: Uint8Array): void {
    const isGoodbye = this.#receiving !== undefined && bytes.length === 2 && bytes[1] === 0
    if (!isGoodbye) throw alertError(bytes)
    this.#state = 'closed'
  }

  async #takeMessages(bytes: Uint8Array): Promise<void> {
    this.#partial = Buffer.concat([this.#partial, bytes])
    while (this.#partial.length >= MESSAGE_HEADER_BYTES) {
      const end = MESSAGE_HEADER_BYTES + this.#partial.readUIntBE(1, 3)
      if (end > MAX_MESSAGE_BYTES) throw wrong(`a handshake message of ${end} bytes`)
      if (this.#partial.length < end) return
      const message = this.#partial.subarray(0, end)
      this.#partial = this.#partial.subarray(end)
      await this.#takeMessage(message)
    }
  }

  async #takeMessage(message: Uint8Array): Promise<void> {
    const [type = 0, body] = [message[0], message.subarray(MESSAGE_HEADER_BYTES)]
    if (this.#state === 'hello' && type === MESSAGE.serverHello) await this.#onServerHello(message, body)
    else if (this.#state === 'extensions' && type === MESSAGE.encryptedExtensions) {
      checkEncryptedExtensions(body)
      this.#transcript.update(message)
      this.#state = 'finished'
    } else if (this.#state === 'finished' && type === MESSAGE.finished) this.#onFinished(message, body)
    else if (this.#state === 'open' && type === MESSAGE.keyUpdate) this.#onKeyUpdate(body)
    // Tickets are of no use: an external key is at hand.
    else if (this.#state !== 'open' || type !== MESSAGE.sessionTicket) {
      throw wrong(`a handshake message of type ${type} in the state "${this.#state}"`)
    }
  }

  async #onServerHello(message: Uint8Array, body: Uint8Array): Promise<void> {
    const { suite, share } = serverChoiceOf(body, this.#suites)
    // Keys change here: what came with it in one record would be in clear.
    if (this.#partial.length > 0) throw wrong('bytes behind the ServerHello')
    this.#transcript.update(message)
    this.#suite = suite
    this.#handshakeSecret = await this.#options.psk.handshakeSecret(this.#sharedWith(share))
    this.#traffic = handshakeTraffic(this.#handshakeSecret, this.#hash())
    this.#receiving = new Protection(suite, this.#traffic.server)
    this.#sending = new Protection(suite, this.#traffic.client)
    this.#state = 'extensions'
  }

  #onFinished(message: Uint8Array, body: Uint8Array): void {
    if (this.#traffic === undefined) throw new RangeError('no keys yet')
    const { client, server } = this.#traffic
    const expected = finishedOf(server, this.#hash())
    if (body.length !== expected.length || !timingSafeEqual(body, expected)) {
      throw wrong('a Finished that does not fit: the server has another key, or somebody is in between')
    }
    if (this.#partial.length > 0) throw wrong('bytes behind the Finished')
    this.#transcript.update(message)
    const hash = this.#hash()
    this.#send.push(
      this.#seal({ type: RECORD.handshake, bytes: finishedMessageOf(finishedOf(client, hash)) }),
    )
    const traffic = applicationTraffic(this.handshakeSecret, hash)
    this.#receiving = new Protection(this.#suite, traffic.server)
    this.#sending = new Protection(this.#suite, traffic.client)
    this.#traffic = undefined
    this.#state = 'open'
  }

  #onKeyUpdate(body: Uint8Array): void {
    const [wish = 2] = body
    if (body.length !== 1 || wish > 1) throw wrong('a malformed KeyUpdate')
    if (this.#partial.length > 0) throw wrong('bytes behind a KeyUpdate')
    this.#receiving?.update()
    if (wish === 0) return
    this.#send.push(this.#seal({ type: RECORD.handshake, bytes: KEY_UPDATE }))
    this.#sending?.update()
  }

  #ignore(record: Uint8Array): void {
    const isEmpty = record.length === HEADER_BYTES + 1 && record[HEADER_BYTES] === 1
    if (!isEmpty || this.#state === 'open') throw wrong('a change of ciphers, which TLS 1.3 does not have')
  }

  #sharedWith(share: Uint8Array): Uint8Array {
    try {
      return this.#ecdh.computeSecret(share)
    } catch (error) {
      throw new ClientError('client.protocol', 'a key share that is no point of P-256', { cause: error })
    }
  }

  #hash(): Uint8Array {
    return this.#transcript.copy().digest()
  }

  #seal(content: Content): Uint8Array {
    if (this.#sending === undefined) throw new RangeError('no keys yet')
    return this.#sending.seal(content)
  }
}

function plainRecord(type: number, bytes: Uint8Array): Uint8Array {
  return Buffer.concat([Uint8Array.of(type, 0x03, 0x01, bytes.length >> 8, bytes.length & 0xff), bytes])
}

function wrong(what: string): ClientError {
  return new ClientError('client.protocol', `no TLS as it should be: ${what}`)
}

const RECORD = { changeCipherSpec: 20, alert: 21, handshake: 22, application: 23 } as const
const MESSAGE_HEADER_BYTES = 4
/** An element sends hundreds of bytes; a server's tickets are small, too. */
const MAX_MESSAGE_BYTES = 16_384
