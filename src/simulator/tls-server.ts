// The card's TLS 1.3 server: one session, one record in, one record out. States and their numbers are those of
// the applet; the messages are RFC 8446 with an external PSK, P-256 and TLS_AES_128_CCM_SHA256, nothing else.

import { timingSafeEqual } from 'node:crypto'
import { type Answer, SW, status } from './answer.ts'
import { type ClientHello, clientHelloOf } from './client-hello.ts'
import { SECP256R1, sharedX } from './curves.ts'
import {
  applicationTraffic,
  finishedKeyOf,
  handshakeTraffic,
  hmac,
  masterSecretOf,
  type PskSecrets,
  sha256,
  type TrafficSecrets,
  Transcript,
} from './key-schedule.ts'
import type { KeySlot } from './key-slots.ts'
import type { LatencyStep } from './latency.ts'
import type { RandomSource } from './random.ts'
import { APPLICATION_DATA, RECORD_HEADER_BYTES, RecordProtection } from './record-protection.ts'

/** What talks inside the session. */
export interface Application {
  /** The answer to the content of one record, without content type; undefined ends the session without one. */
  answerTo(text: Uint8Array): { text: Uint8Array; closes: boolean } | undefined
  /** Whether D8 modes 03 and FF bypass the application in an open session. */
  readonly hasEchoModes: boolean
}

/** Values for a handshake in test mode, in place of fresh ones. */
export interface TestValues {
  ecdhX: Uint8Array
  publicKey: Uint8Array
  random: Uint8Array
}

/** What the server uses of the card around it. */
export interface TlsHost {
  readonly random: RandomSource
  readonly secrets: PskSecrets
  readonly testValues: TestValues
  readonly ephemeral: KeySlot
  /** The handshake secret of the latest handshake: what an attestation signs. */
  attestationSecret: Uint8Array
}

export class TlsServer {
  readonly #host: TlsHost
  readonly #application: Application
  #state: State = STATE.READY
  #transcript = new Transcript()
  #handshakeSecret: Uint8Array = NOTHING
  #traffic: TrafficSecrets = { client: NOTHING, server: NOTHING }
  #receiving: RecordProtection | undefined
  #sending: RecordProtection | undefined

  constructor(host: TlsHost, application: Application) {
    this.#host = host
    this.#application = application
  }

  /** Whether a C0 without anything waiting computes the next record of the server's flight. */
  get canAdvance(): boolean {
    return this.#state === STATE.EXTENSION || this.#state === STATE.SERVER_FINISHED
  }

  /** Whether the bytes of a D8 in this mode must be one TLS record. */
  takesRecord(mode: number): boolean {
    const isOpen = this.#state === STATE.OPEN
    if (mode === MODE.ENCRYPT) return !isOpen
    return mode !== MODE.CLEAR_ECHO || (isOpen && !this.#application.hasEchoModes)
  }

  /** Forgets the session. */
  reset(): void {
    this.#state = STATE.READY
    this.#transcript = new Transcript()
    this.#handshakeSecret = NOTHING
    this.#traffic = { client: NOTHING, server: NOTHING }
    this.#receiving = undefined
    this.#sending = undefined
  }

  /** The answer to the whole bytes of a D8 sequence, sent in `mode` (P1 of its last fragment). */
  receive(bytes: Uint8Array, mode: number): Answer {
    if (!this.takesRecord(mode)) {
      return mode === MODE.CLEAR_ECHO ? { data: Uint8Array.from(bytes), sw: SW.OK } : this.#seal(bytes, SW.OK)
    }
    switch (this.#state) {
      case STATE.READY:
        return this.#serverHello(bytes, mode)
      case STATE.EXTENSION:
      case STATE.SERVER_FINISHED:
        return this.advance()
      case STATE.CHANGE_CIPHER:
      case STATE.CLIENT_FINISHED:
        return this.#clientFlight(bytes)
      case STATE.OPEN:
        return this.#applicationRecord(bytes, mode)
      default:
        return this.#state satisfies never
    }
  }

  /** The next record of the server's flight. */
  advance(): Answer {
    if (this.#state === STATE.EXTENSION) {
      this.#state = STATE.SERVER_FINISHED
      return this.#handshakeRecord(
        ENCRYPTED_EXTENSIONS,
        SW.MORE | FINISHED_RECORD_BYTES,
        'encryptedExtensions',
      )
    }
    if (this.#state !== STATE.SERVER_FINISHED) return status(SW.OK)
    this.#state = STATE.CHANGE_CIPHER
    const verifyData = hmac(finishedKeyOf(this.#traffic.server), this.#transcript.digest())
    return this.#handshakeRecord(Buffer.concat([FINISHED_HEADER, verifyData]), SW.OK, 'serverFinished')
  }

  #serverHello(record: Uint8Array, mode: number): Answer {
    const message = record.subarray(RECORD_HEADER_BYTES)
    const hello = clientHelloOf(message)
    if (hello === undefined || !this.#hasRightBinder(hello, message)) return this.#fail('clientHello')
    const share = this.#keyExchange(hello, mode)
    if (share === undefined) return this.#fail('clientHello')

    const answer = serverHello(hello.sessionId, share.publicKey, share.random)
    this.#transcript.add(message)
    this.#transcript.add(answer)
    this.#handshakeSecret = hmac(this.#host.secrets.derivedSecret, share.ecdhX)
    this.#host.attestationSecret = this.#handshakeSecret
    this.#traffic = handshakeTraffic(this.#handshakeSecret, this.#transcript.digest())
    this.#useTraffic(this.#traffic)
    this.#state = STATE.EXTENSION
    const header = Uint8Array.of(HANDSHAKE, 0x03, 0x03, answer.length >> 8, answer.length & 0xff)
    return {
      data: Buffer.concat([header, answer]),
      sw: SW.MORE | EXTENSIONS_RECORD_BYTES,
      step: 'clientHello',
    }
  }

  #hasRightBinder(hello: ClientHello, message: Uint8Array): boolean {
    const offer = hello.offers.find(({ identity }) => Buffer.compare(identity, IDENTITY) === 0)
    if (offer === undefined) return false
    const expected = hmac(
      this.#host.secrets.externalFinishedKey,
      sha256(message.subarray(0, hello.truncatedBytes)),
    )
    return offer.binder.length === expected.length && timingSafeEqual(offer.binder, expected)
  }

  #keyExchange(hello: ClientHello, mode: number): TestValues | undefined {
    if (mode !== MODE.NORMAL) return this.#host.testValues
    const { ephemeral, random } = this.#host
    ephemeral.generate(random)
    const { privateKey, publicKey } = ephemeral
    if (privateKey === undefined || publicKey === undefined) return undefined
    const ecdhX = sharedX(SECP256R1, privateKey, hello.keyShare)
    return ecdhX && { ecdhX, publicKey, random: random(RANDOM_BYTES) }
  }

  /** ChangeCipherSpec once, or the client's Finished. */
  #clientFlight(record: Uint8Array): Answer {
    if (this.#state === STATE.CHANGE_CIPHER && Buffer.compare(record, CHANGE_CIPHER_SPEC) === 0) {
      this.#state = STATE.CLIENT_FINISHED
      return status(SW.OK)
    }
    const transcriptHash = this.#transcript.digest()
    const expected = Buffer.concat([
      FINISHED_HEADER,
      hmac(finishedKeyOf(this.#traffic.client), transcriptHash),
      HANDSHAKE_TYPE,
    ])
    const inner = record.length === FINISHED_RECORD_BYTES ? this.#receiving?.open(record) : undefined
    if (inner?.length !== expected.length || !timingSafeEqual(inner, expected))
      return this.#fail('clientFinished')
    this.#useTraffic(applicationTraffic(masterSecretOf(this.#handshakeSecret), transcriptHash))
    this.#state = STATE.OPEN
    return { ...status(SW.HANDSHAKE_COMPLETE), step: 'clientFinished' }
  }

  #applicationRecord(record: Uint8Array, mode: number): Answer {
    const inner = this.#receiving?.open(record)
    if (inner === undefined || inner.length === 0) return this.#fail('applicationRecord')
    if (mode === MODE.DECRYPT) return { data: inner, sw: SW.OK, step: 'applicationRecord' }
    // Padding, alerts and post-handshake messages all end here: only application data is known.
    if (inner.at(-1) !== APPLICATION_DATA) return this.#fail('applicationRecord')
    const text = inner.subarray(0, -1)
    const answer =
      mode === MODE.ECHO_AND_CLOSE && this.#application.hasEchoModes
        ? { text, closes: true }
        : this.#application.answerTo(text)
    if (answer === undefined) return this.#fail('applicationRecord')
    const sw = answer.closes ? SW.SESSION_FINISHED : SW.OK
    const sealed = this.#seal(Buffer.concat([answer.text, APPLICATION_TYPE]), sw)
    if (answer.closes) this.reset()
    return sealed
  }

  /** An application record around `inner`; too much for one record is refused like any oversized input. */
  #seal(inner: Uint8Array, sw: number): Answer {
    if (inner.length > MAX_INNER_BYTES || this.#sending === undefined) return status(SW.WRITE_RANGE)
    return { data: this.#sending.seal(inner), sw, step: 'applicationRecord' }
  }

  #handshakeRecord(message: Uint8Array, sw: number, step: LatencyStep): Answer {
    this.#transcript.add(message)
    const data = this.#sending?.seal(Buffer.concat([message, HANDSHAKE_TYPE])) ?? NOTHING
    return { data, sw, step }
  }

  #useTraffic({ client, server }: TrafficSecrets): void {
    this.#receiving = new RecordProtection(client)
    this.#sending = new RecordProtection(server)
  }

  /** The only way a session dies: state wiped, no data, no alert, ready for a new ClientHello. */
  #fail(step: LatencyStep): Answer {
    this.reset()
    return { ...status(SW.TLS_FAILED), step }
  }
}

function serverHello(sessionId: Uint8Array, publicKey: Uint8Array, random: Uint8Array): Uint8Array {
  const body = Buffer.concat([
    Uint8Array.of(0x03, 0x03),
    random,
    Uint8Array.of(sessionId.length),
    sessionId,
    // TLS_AES_128_CCM_SHA256, no compression, 85 bytes of extensions; pre_shared_key selects identity 0 always.
    Buffer.from('1304 00 0055 0029 0002 0000 0033 0045 0017 0041'.replaceAll(' ', ''), 'hex'),
    publicKey,
    // supported_versions: TLS 1.3
    Buffer.from('002b00020304', 'hex'),
  ])
  return Buffer.concat([Uint8Array.of(SERVER_HELLO, 0, body.length >> 8, body.length & 0xff), body])
}

const STATE = {
  READY: 0,
  EXTENSION: 1,
  SERVER_FINISHED: 2,
  CHANGE_CIPHER: 3,
  CLIENT_FINISHED: 5,
  OPEN: 6,
} as const
type State = (typeof STATE)[keyof typeof STATE]

/** P1 of D8. On a ClientHello everything but NORMAL means test values. */
const MODE = { NORMAL: 0x00, DECRYPT: 0x01, ENCRYPT: 0x02, ECHO_AND_CLOSE: 0x03, CLEAR_ECHO: 0xff } as const

const NOTHING = new Uint8Array(0)
const IDENTITY = Buffer.from('Client_identity', 'latin1')
const RANDOM_BYTES = 32
const HANDSHAKE = 0x16
const SERVER_HELLO = 0x02
const HANDSHAKE_TYPE = Uint8Array.of(HANDSHAKE)
const APPLICATION_TYPE = Uint8Array.of(APPLICATION_DATA)
const ENCRYPTED_EXTENSIONS = Uint8Array.of(0x08, 0, 0, 2, 0, 0)
const FINISHED_HEADER = Uint8Array.of(0x14, 0, 0, 0x20)
const CHANGE_CIPHER_SPEC = Uint8Array.of(0x14, 0x03, 0x03, 0, 1, 1)
const EXTENSIONS_RECORD_BYTES = 0x1c
const FINISHED_RECORD_BYTES = 0x3a
// 512 bytes of record without its header and tag; the content type counts.
const MAX_INNER_BYTES = 512 - 5 - 16
