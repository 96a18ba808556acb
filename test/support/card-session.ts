// A card with a TLS session open on it, for tests that talk inside.

import assert from 'node:assert/strict'
import { hexOf } from '../../src/base/hex.ts'
import { Card, type CardOptions } from '../../src/simulator/card.ts'
import { exchange } from './card-bridge.ts'
import { TlsClient, type TlsClientOptions } from './tls-client.ts'
import { bytes } from './vectors.ts'

/** PIN commands that succeed on a fresh card. */
export const VERIFY_USER = '00 20 00 00 04 | 30 30 30 30'
export const VERIFY_ADMIN = '00 20 00 01 08 | 30 30 30 30 30 30 30 30'

export class CardSession {
  readonly card: Card
  client: TlsClient

  constructor(options: Partial<CardOptions> = {}, client: TlsClientOptions = {}) {
    // A test must see what a card would hide behind 6F00.
    const onException = (error: unknown) => assert.fail(`exception in the card: ${String(error)}`)
    this.card = new Card({ applet: 'keystore', protocol: 't1', onException, ...options })
    this.card.reset()
    this.client = new TlsClient(client)
  }

  /** Response APDU in hex to a command APDU in hex. */
  apdu(command: string): string {
    return hexOf(this.card.process(bytes(command)).response)
  }

  /** Sends commands one after the other and checks their responses; hex may be spaced by field. */
  check(lines: readonly (readonly [command: string, response: string])[]): void {
    for (const [command, response] of lines)
      assert.equal(this.apdu(command), response.replaceAll(' ', ''), command)
  }

  /** Runs a handshake to its end, with a new client when options are given. */
  open(client?: TlsClientOptions): this {
    if (client !== undefined) this.client = new TlsClient(client)
    assert.equal(this.apdu('00 d8 00 00 00'), '9000')
    this.serverFlight()
    assert.deepEqual(this.record(this.client.clientFinished()), { output: '', sw: '9001' })
    return this
  }

  /** Sends the hello and takes the server's flight. */
  serverFlight(): this {
    const { output, sw } = exchange(this.card, this.client.clientHello())
    assert.equal(sw, '9000')
    this.client.readServerFlight(output)
    return this
  }

  /** Sends one record; output as hex. */
  record(record: Uint8Array, mode = 0): { output: string; sw: string } {
    const { output, sw } = exchange(this.card, record, mode)
    return { output: hexOf(output), sw }
  }

  /** The answer to one application text, or the status word when there is none. */
  say(text: string | Uint8Array, mode = 0): string {
    const { output, sw } = exchange(this.card, this.client.seal(text), mode)
    if (output.length === 0) return sw
    const answer = this.client.open(output)
    return sw === '9000' ? answer : `${answer}${sw}`
  }
}
