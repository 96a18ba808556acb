// An element that knows attestation, in one session with us, and who may certify it.

import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'
import { hexOf } from '../../src/base/hex.ts'
import { type OwnershipOptions, takeOwnership } from '../../src/client/attestation/ownership.ts'
import type { Ask, Report } from '../../src/client/attestation/procedure.ts'
import { certify } from '../../src/client/attestation/provider.ts'
import { attest } from '../../src/client/attestation/user.ts'
import { ClientError } from '../../src/client/errors.ts'
import { Applet, hasShell } from '../../src/simulator/applet.ts'
import { runLine } from '../../src/simulator/keystore-shell.ts'
import { DEFAULT_PSK } from './tls-client.ts'

export const issuer = keyPair()
export const stranger = keyPair()
export const FRESH = randomBytes(32)

/** An element in one session with us. */
export class Bench {
  readonly applet = new Applet({
    kind: 'keystore',
    name: Buffer.from('key1.com'),
    psk: DEFAULT_PSK,
    random: randomBytes,
  })
  readonly handshakeSecret = randomBytes(32)
  /** Line by line, what was said. */
  readonly told: string[] = []

  constructor() {
    this.applet.attestationSecret = this.handshakeSecret
  }

  readonly ask: Ask = (line) => {
    this.told.push(line)
    if (!hasShell(this.applet)) throw new TypeError('no shell')
    const answer = runLine(this.applet, Buffer.from(`${line}\r\n`, 'latin1'))
    if (answer === undefined) throw ended()
    return Promise.resolve(Buffer.from(answer).toString('latin1').trimEnd())
  }

  get psk(): string {
    return hexOf(this.applet.secrets.psk)
  }

  async certified(): Promise<this> {
    assert.equal((await certify(this.ask, issuer.privateKey)).outcome, 'passed')
    this.told.length = 0
    return this
  }

  async attested(ask: Ask = this.ask, changes: Partial<Parameters<typeof attest>[1]> = {}): Promise<Report> {
    const { report } = await attest(ask, { ...this.#user, ...changes })
    return report
  }

  /** Attestation, and the new key. @param kept  is told what becomes of the file */
  async owned(ask: Ask, kept: string[] = [], changes: Partial<OwnershipOptions> = {}): Promise<Report> {
    const procedure = await attest(ask, this.#user)
    if (procedure.report.outcome !== 'passed') return procedure.report
    await takeOwnership(procedure, ask, {
      ...{ old: DEFAULT_PSK, fresh: FRESH, place: 'mine.psk' },
      keep() {
        kept.push('keep')
        return Promise.resolve()
      },
      leave: () => Promise.resolve(),
      opens: (psk) => Promise.resolve(hexOf(psk) === this.psk),
      ...changes,
    })
    return procedure.report
  }

  get #user() {
    return {
      ...{ handshakeSecret: this.handshakeSecret, issuer: issuer.publicKey },
      random: randomBytes,
      now: () => 0,
    }
  }
}

export function keyPair(): { privateKey: KeyObject; publicKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
}

function ended(): ClientError {
  return new ClientError('client.refused', 'the element ended the session instead of an answer')
}

/** The session ends at line `index`, before or after the element has carried it out. */
export function endingAt(ask: Ask, index: number, when: 'before' | 'after'): Ask {
  let count = 0
  return async (line) => {
    const isLast = count++ === index
    if (isLast && when === 'before') throw ended()
    const answer = await ask(line)
    if (isLast) throw ended()
    return answer
  }
}
