// One installed TLS-SE applet: what it keeps for good, what it forgets at reset, and how a command reaches its
// instruction.

import { bytesOfHex } from '../base/hex.ts'
import type { Answer } from './answer.ts'
import type { Application, ApplicationKind } from './application.ts'
import { Attestation } from './attestation.ts'
import type { Command } from './command.ts'
import { SECP256R1 } from './curves.ts'
import { dispatch } from './dispatch.ts'
import { echoApplication } from './echo-app.ts'
import { ECHO_INSTRUCTIONS, KEYSTORE_INSTRUCTIONS } from './instructions.ts'
import { type PskSecrets, pskSecretsOf } from './key-schedule.ts'
import { KeySlot, KeySlots } from './key-slots.ts'
import { keystoreApplication } from './keystore-shell.ts'
import { Pins } from './pins.ts'
import type { RandomSource } from './random.ts'
import { Records } from './records.ts'
import { type TestValues, type TlsHost, TlsServer } from './tls-server.ts'
import { RecordTransport } from './transport.ts'

export interface AppletOptions {
  readonly kind: Applet['kind']
  /** 1 to 15 bytes: the server name. */
  readonly name: Uint8Array
  readonly psk: Uint8Array
  readonly random: RandomSource
}

export class Applet implements TlsHost, Application {
  readonly kind: Exclude<ApplicationKind, 'tls-im'>
  readonly random: RandomSource
  // Persistent.
  readonly pins = new Pins()
  readonly slots: KeySlots
  /** That of the current TLS handshake. */
  readonly ephemeral = new KeySlot(SECP256R1)
  readonly records: Records
  readonly testValues: TestValues = { ...DEFAULT_TEST_VALUES }
  /** Only the keystore applet has one. */
  readonly attestation: Attestation | undefined
  name: Uint8Array
  secrets: PskSecrets
  // Forgotten at select and reset.
  attestationSecret: Uint8Array = new Uint8Array(HASH_BYTES)
  readonly transport: RecordTransport

  constructor({ kind, name, psk, random }: AppletOptions) {
    this.kind = kind
    this.random = random
    this.name = name
    this.secrets = pskSecretsOf(psk)
    this.slots = new KeySlots(OWNED_SLOTS, kind === 'keystore' ? 'attestation' : 'no attestation', random)
    this.records = new Records(kind === 'keystore' ? KEYSTORE_NVR_BYTES : ECHO_NVR_BYTES)
    const { attestation: pair } = this.slots
    this.attestation = pair && new Attestation(pair, random)
    const application = hasShell(this) ? keystoreApplication(this) : echoApplication
    this.transport = new RecordTransport(new TlsServer(this, application))
  }

  /** What the runtime calls at reset and at a SELECT of this applet. */
  select(): void {
    this.pins.dropValidation()
    this.attestationSecret = new Uint8Array(HASH_BYTES)
    this.transport.reset()
  }

  run(command: Command): Answer {
    return dispatch(this.kind === 'keystore' ? KEYSTORE_INSTRUCTIONS : ECHO_INSTRUCTIONS, this, command)
  }
}

/** Whether `applet` is the keystore one, and so has everything the shell needs. */
export function hasShell(applet: Applet): applet is Applet & { readonly attestation: Attestation } {
  return applet.attestation !== undefined
}

const HASH_BYTES = 32
const OWNED_SLOTS = 4
const KEYSTORE_NVR_BYTES = 2048
const ECHO_NVR_BYTES = 1032
// Used when a handshake in test mode comes before INS DA has injected anything.
const DEFAULT_TEST_VALUES: TestValues = {
  ecdhX: hex('E52141CC9F45464710CF644CD92B954EAB7263E881A422306A339A9CE9AA8CB9'),
  publicKey: hex(
    '04AE93A0A384F6C96DB58D663C12ED73491D8F1F5E156E9A731FE707499EFED6F9' +
      '52962D79160DFE3E9AA2DD62C9B2960C6574BADB1DCDC31ED20850D9C73D30FE',
  ),
  random: hex('13C013FE4D128570F648985ECDE3E71AB03D72F2FC12FE1B95E3DD43DCF46272'),
}

function hex(text: string): Uint8Array {
  return bytesOfHex(text) ?? new Uint8Array(0)
}
