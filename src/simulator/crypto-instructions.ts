// INS 85: HMAC, AES-CCM and the pieces of the TLS 1.3 key schedule. P2 names the function.

import { createHash } from 'node:crypto'
import { ByteReader } from '../base/byte-reader.ts'
import { type Answer, ok, SW, status } from './answer.ts'
import { type Applet, hasShell } from './applet.ts'
import type { ApplicationKind } from './application.ts'
import { hmac512, sumOfScalars } from './bip32.ts'
import type { Command } from './command.ts'
import { hkdfLabel, hmac, type PskSecrets, pskSecretsOf } from './key-schedule.ts'
import { ccmOpen, ccmSeal, TAG_BYTES } from './record-protection.ts'

/** Whoever has what follows from a PSK. */
export interface PskHost {
  readonly kind: ApplicationKind
  secrets: PskSecrets
}

/** Runs function P2 of INS 85. */
export function runCryptoHelper(applet: Applet, command: Command): Answer {
  return run(hasShell(applet) ? KEYSTORE_HELPERS : ECHO_HELPERS, applet, command)
}

/** Runs function P2 of INS 85 of the identity module, which has those that need the PSK, and HMAC. */
export function runPskHelper(host: PskHost, command: Command): Answer {
  return run(PSK_HELPERS, host, command)
}

function run<Host>(helpers: Helpers<Host>, host: Host, command: Command): Answer {
  const helper = helpers[command.p2]
  if (helper === undefined) return status(SW.WRONG_P1P2)
  try {
    return helper(host, command, new ByteReader(command.data))
  } catch (error) {
    // An inner length reaches past the data.
    if (error instanceof RangeError) return status(SW.WRONG_LE)
    throw error
  }
}

type Helper<Host> = (host: Host, command: Command, fields: ByteReader) => Answer
type Helpers<Host> = Readonly<Record<number, Helper<Host>>>

const PSK_HELPERS: Helpers<PskHost> = {
  0x02: (_host, _command, fields) => ok(hmac(fields.vector8(), lastVector8(fields))),
  0x0a: setPsk,
  0x0b: earlyTraffic,
  0x0c: ({ secrets }, { data }) => ok(hmac(secrets.externalFinishedKey, data)),
  0x0d: ({ secrets }, { data }) => ok(hmac(secrets.resumptionFinishedKey, data)),
  0x0e: ({ secrets }, { data }) => ok(hmac(secrets.derivedSecret, data)),
}

const ECHO_HELPERS: Helpers<Applet> = {
  ...PSK_HELPERS,
  0x05: seal,
  0x06: open,
  0x0e: handshakeSecret,
}

const KEYSTORE_HELPERS: Helpers<Applet> = {
  ...ECHO_HELPERS,
  0x00: (_applet, _command, fields) => ok(hmac512(fields.vector8(), lastVector8(fields))),
  0x01: (_applet, _command, fields) => {
    const sum = sumOfScalars(fields.take(OPERAND_BYTES), fields.take(OPERAND_BYTES), OPERAND_BYTES)
    return fields.remaining === 0 ? ok(sum) : status(SW.WRONG_LE)
  },
  // Verifies an attestation, in the applet with a nonce from the wrong buffer: it never succeeds.
  0x10: () => status(SW.CONDITIONS),
  0x16: (_applet, { p1, data }) => {
    const hash = createHash('sha256')
    for (let round = 0; round <= p1; round += 1) hash.update(data)
    return ok(hash.digest())
  },
}

/** key(16) nonce(12) aad(5) plaintext */
function seal(_applet: Applet, _command: Command, fields: ByteReader): Answer {
  const input = ccmInput(fields)
  return ok(ccmSeal(input, fields.take(fields.remaining)))
}

/** key(16) nonce(12) aad(5) tag(16) ciphertext: the tag comes first here. */
function open(_applet: Applet, _command: Command, fields: ByteReader): Answer {
  const input = ccmInput(fields)
  const tag = fields.take(TAG_BYTES)
  const plaintext = ccmOpen(input, Buffer.concat([fields.take(fields.remaining), tag]))
  return plaintext === undefined ? status(SW.DECRYPT_FAILED) : ok(plaintext)
}

function ccmInput(fields: ByteReader) {
  return { key: fields.take(KEY_BYTES), nonce: fields.take(NONCE_BYTES), aad: fields.take(AAD_BYTES) }
}

/** salt length, salt, PSK length, PSK. P1 = FF shows all that follows from it. */
function setPsk(host: PskHost, { p1 }: Command, fields: ByteReader): Answer {
  const salt = fields.vector8()
  const psk = lastVector8(fields)
  if (host.kind === 'keystore' && psk.length !== PSK_BYTES) return status(SW.WRONG_LE)
  const secrets = pskSecretsOf(psk, salt)
  host.secrets = secrets
  if (p1 !== P1_SHOW) return ok()
  const { earlySecret, derivedSecret, externalBinderKey, resumptionBinderKey } = secrets
  const { externalFinishedKey, resumptionFinishedKey } = secrets
  return ok(
    Buffer.concat([
      earlySecret,
      derivedSecret,
      externalBinderKey,
      resumptionBinderKey,
      externalFinishedKey,
      resumptionFinishedKey,
    ]),
  )
}

/** Output length (2, only part of the label), hash length, hash. */
function earlyTraffic({ secrets }: PskHost, { p1 }: Command, fields: ByteReader): Answer {
  const label = EARLY_LABELS[p1]
  if (label === undefined) return status(SW.WRONG_P1P2)
  const outputBytes = fields.u16()
  return ok(hmac(secrets.earlySecret, hkdfLabel(outputBytes, label, lastVector8(fields)), Uint8Array.of(1)))
}

/** ECDHE X. The keystore applet remembers the result as what attestations sign. */
function handshakeSecret(applet: Applet, { data }: Command): Answer {
  const secret = hmac(applet.secrets.derivedSecret, data)
  applet.attestationSecret = secret
  return ok(secret)
}

/** A vector with nothing behind it. */
function lastVector8(fields: ByteReader): Uint8Array {
  const vector = fields.vector8()
  if (fields.remaining > 0) throw new RangeError(`${fields.remaining} bytes too many`)
  return vector
}

const KEY_BYTES = 16
const NONCE_BYTES = 12
const AAD_BYTES = 5
const PSK_BYTES = 32
const OPERAND_BYTES = 33
const P1_SHOW = 0xff
const EARLY_LABELS = ['c e traffic', 'e exp master'] as const
