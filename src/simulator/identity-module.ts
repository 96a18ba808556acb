// TLS-IM: the application of a client's element. It holds a PSK and computes what a TLS 1.3 client needs of it, and it
// signs; it speaks no TLS (draft-urien-tls-im; what the published application does).

import { type Answer, ok, SW, status } from './answer.ts'
import type { Application } from './application.ts'
import type { Command } from './command.ts'
import { runPskHelper } from './crypto-instructions.ts'
import { dispatch, type Instruction, type InstructionTable } from './dispatch.ts'
import * as keys from './key-instructions.ts'
import { type PskSecrets, pskSecretsOf } from './key-schedule.ts'
import { KeySlots } from './key-slots.ts'
import { Pins } from './pins.ts'
import type { RandomSource } from './random.ts'

export interface IdentityModuleOptions {
  /** None has been put in when undefined. */
  readonly psk: Uint8Array | undefined
  readonly random: RandomSource
}

export class IdentityModule implements Application {
  readonly kind = 'tls-im'
  /** It leaves the ATR alone. */
  readonly name = undefined
  readonly random: RandomSource
  // Persistent.
  readonly pins = new Pins()
  readonly slots: KeySlots
  secrets: PskSecrets

  constructor({ psk, random }: IdentityModuleOptions) {
    this.random = random
    this.slots = new KeySlots(OWNED_SLOTS, 'no attestation', random)
    this.secrets = psk === undefined ? NO_SECRETS : pskSecretsOf(psk)
  }

  select(): void {
    this.pins.dropValidation()
  }

  run(command: Command): Answer {
    return dispatch(INSTRUCTIONS, this, command)
  }
}

const INSTRUCTIONS: InstructionTable<IdentityModule> = new Map<number, Instruction<IdentityModule>>([
  [0x20, { right: 'anyone', takes: 'data', run: ({ pins }, command) => pins.verify(command) }],
  [0x24, { right: 'anyone', takes: 'data', run: ({ pins }, command) => pins.change(command) }],
  [0x80, { right: 'pin', takes: 'data', run: keys.sign }],
  [0x81, { right: 'admin', takes: 'no data', run: keys.clearKey }],
  [0x82, { right: 'admin', takes: 'no data', run: keys.generate }],
  [0x84, { right: 'pin', takes: 'no data', run: keys.getParameter }],
  [0x85, { right: 'pin', takes: 'data', run: runPskHelper }],
  [0x87, { right: 'anyone', takes: 'no data', run: getStatus }],
  [0x88, { right: 'admin', takes: 'data', run: keys.setParameter }],
  [0x89, { right: 'admin', takes: 'no data', run: initCurve }],
  [0xa4, { right: 'anyone', takes: 'no data', run: () => ok() }],
])

/** Version 0100, then capabilities: ECDSA, SHA-256 and the count of key pairs in the low byte. */
function getStatus(_module: IdentityModule, { p3 }: Command): Answer {
  return p3 === STATUS.length ? ok(Uint8Array.from(STATUS)) : status(SW.WRONG_LE | STATUS.length)
}

/** It knows one curve, under two numbers. */
function initCurve(module: IdentityModule, command: Command): Answer {
  return command.p1 > P1_SECP256R1 ? status(SW.WRONG_P1P2) : keys.initCurve(module, command)
}

const OWNED_SLOTS = 16
const P1_SECP256R1 = 0x01
const STATUS = [0x01, 0x00, 0x21, 0x10]
// Fields that nobody has written yet are zeros in EEPROM (assumed: no card was asked).
const ZEROS = new Uint8Array(32)
const NO_SECRETS: PskSecrets = {
  psk: new Uint8Array(0),
  earlySecret: ZEROS,
  derivedSecret: ZEROS,
  externalBinderKey: ZEROS,
  resumptionBinderKey: ZEROS,
  externalFinishedKey: ZEROS,
  resumptionFinishedKey: ZEROS,
}
