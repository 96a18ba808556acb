// A card with a session open at its issuer domain, for tests that talk inside it or disturb it.

import assert from 'node:assert/strict'
import { hexOf } from '../../src/base/hex.ts'
import { TEST_KEYS } from '../../src/globalplatform/keys.ts'
import { SecureSession, type SessionOptions } from '../../src/globalplatform/session.ts'
import { Card, type CardOptions } from '../../src/simulator/card.ts'
import type { DomainOptions } from '../../src/simulator/issuer/domain.ts'
import { hex } from './hex-fields.ts'

export interface IssuerBenchOptions extends Partial<Omit<CardOptions, 'issuer'>> {
  readonly issuer?: Partial<DomainOptions>
  /** One that is there already: it is not reset, and all options but the AID of its domain are its own. */
  readonly card?: Card
}

export const ISD = 'A000000151000000'
export const SELECT_ISD = `00 A4 04 00 08 | ${ISD} 00`
/** Plain, and class 80: nothing that an open session with a level would let through. */
export const PLAIN_STATUS = '80 F2 80 02 02 | 4F 00 | 00'

export class IssuerBench {
  readonly card: Card
  /** The last command that the session sent, as it was on the wire. */
  sent = ''
  /** What came back for it, as it was on the wire. */
  received = ''
  /** What becomes of the next command in class 84 on its way to the card. */
  onTheWay: ((command: Uint8Array) => Uint8Array) | undefined
  /** SELECT of the domain, whatever its AID is. */
  readonly select: string
  #session: SecureSession | undefined

  /** A card that was never opened. */
  constructor({ issuer, card, ...options }: IssuerBenchOptions = {}) {
    const onException = (error: unknown) => assert.fail(`exception in the card: ${String(error)}`)
    this.card =
      card ??
      new Card({
        ...{ applet: 'none', protocol: 't1', onException },
        ...options,
        issuer: { scp: 'scp03', ...issuer },
      })
    this.select = `00 A4 04 00 ${lv(issuer?.aid === undefined ? ISD : hexOf(issuer.aid))} 00`
    if (card === undefined) this.card.reset()
  }

  /** A card with a session that has all the card offers. */
  static async open(
    options: IssuerBenchOptions = {},
    session: Partial<SessionOptions> = {},
  ): Promise<IssuerBench> {
    const bench = new IssuerBench(options)
    await bench.open(session)
    return bench
  }

  get session(): SecureSession {
    assert.ok(this.#session !== undefined, 'no session was opened')
    return this.#session
  }

  /** Selects the domain by its AID and authenticates. */
  async open(session: Partial<SessionOptions> = {}): Promise<void> {
    const selected = this.plain(this.select)
    assert.match(selected, /9000$|^61/)
    await this.authenticate(session)
  }

  /** Opens a session without a SELECT before. */
  async authenticate(session: Partial<SessionOptions> = {}): Promise<void> {
    this.#session = await SecureSession.open((command) => this.#transmit(command), {
      keys: TEST_KEYS,
      diversification: 'none',
      keyVersion: 0,
      level: 'best',
      allows: 'SCP03 and SCP02',
      hostChallenge: hex('0011223344556677'),
      ...session,
    })
  }

  /** The answer, hex, to a command in hex that the session knows nothing of. */
  plain(command: string): string {
    return hexOf(this.card.process(hex(command)).response)
  }

  /** Data in clear and status word to a command of the session, which is INS P1 P2 and data in hex. */
  async wrapped(command: string): Promise<string> {
    const [ins = 0, p1 = 0, p2 = 0, ...data] = hex(command)
    const answer = await this.session.send({ ins, p1, p2, data: Uint8Array.from(data) })
    return hexOf(answer.data) + hexOf(Uint8Array.of(answer.sw >> 8, answer.sw))
  }

  /** Sends commands of the session one after the other and checks their answers; hex may be spaced by field. */
  async check(lines: readonly (readonly [command: string, answer: string])[]): Promise<void> {
    for (const [command, answer] of lines)
      assert.equal(await this.wrapped(command), answer.replace(/[\s|]/g, ''), command)
  }

  #transmit(command: Uint8Array): Promise<Uint8Array> {
    const onTheWay = command[0] === SECURED ? this.onTheWay : undefined
    if (onTheWay !== undefined) this.onTheWay = undefined
    const { response } = this.card.process(onTheWay?.(command) ?? command)
    this.sent = hexOf(command)
    this.received = hexOf(response)
    return Promise.resolve(response)
  }
}

/** For `onTheWay`: other data, and the Lc that they have. */
export function withData(change: (data: Uint8Array) => Uint8Array) {
  return (command: Uint8Array): Uint8Array => {
    const data = change(command.subarray(5, 5 + (command[4] ?? 0)))
    return Uint8Array.of(...command.subarray(0, 4), data.length, ...data, 0)
  }
}

/** L and value. @param value  hex */
export function lv(value: string): string {
  const bytes = hex(value)
  return hexOf(Uint8Array.of(bytes.length, ...bytes))
}

const SECURED = 0x84
