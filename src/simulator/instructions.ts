// The instruction tables of both applets as data, and the instructions that are neither keys nor TLS.

import { type Answer, ok, SW, status } from './answer.ts'
import { type Applet, hasShell } from './applet.ts'
import { CERTIFICATE_BYTES } from './attestation.ts'
import type { Command } from './command.ts'
import { runCryptoHelper } from './crypto-instructions.ts'
import type { Instruction, InstructionTable } from './dispatch.ts'
import * as keys from './key-instructions.ts'
import { runLine } from './keystore-shell.ts'

type Row = readonly [number, Instruction<Applet>]

const COMMON: readonly Row[] = [
  [0x20, { right: 'anyone', takes: 'data', run: ({ pins }, command) => pins.verify(command) }],
  [0x24, { right: 'anyone', takes: 'data', run: ({ pins }, command) => pins.change(command) }],
  [0x80, { right: 'pin', takes: 'data', run: keys.sign }],
  [0x81, { right: 'admin', takes: 'no data', run: keys.clearKey }],
  [0x82, { right: 'admin', takes: 'no data', run: keys.generate }],
  [0x84, { right: 'pin', takes: 'no data', run: keys.getParameter }],
  [0x85, { right: 'pin', takes: 'data', run: runCryptoHelper }],
  [0x88, { right: 'admin', takes: 'data', run: keys.setParameter }],
  [0x89, { right: 'admin', takes: 'no data', run: keys.initCurve }],
  [0x8a, { right: 'pin', takes: 'data', run: keys.sharedSecret }],
  // INS A4 returns at once: whatever nobody else on the card owns is "selected".
  [0xa4, { right: 'anyone', takes: 'no data', run: () => ok() }],
  [0xb0, { right: 'pin', takes: 'no data', run: readRecords }],
  [0xc0, { right: 'anyone', takes: 'no data', run: ({ transport }, command) => transport.fetch(command) }],
  [0xd0, { right: 'admin', takes: 'data', run: writeRecords }],
  [0xd8, { right: 'anyone', takes: 'data', run: ({ transport }, command) => transport.put(command) }],
  [0xda, { right: 'admin', takes: 'data', run: personalise }],
]

export const ECHO_INSTRUCTIONS: InstructionTable<Applet> = new Map<number, Instruction<Applet>>([
  ...COMMON,
  [0x87, { right: 'anyone', takes: 'no data', run: getStatus }],
  [0x8b, { right: 'anyone', takes: 'no data', run: getRandom }],
])

export const KEYSTORE_INSTRUCTIONS: InstructionTable<Applet> = new Map<number, Instruction<Applet>>([
  ...COMMON,
  [0x87, { right: 'pin', takes: 'no data', run: getStatus }],
  [0x8b, { right: 'pin', takes: 'no data', run: getRandom }],
  [0x8e, { right: 'pin', takes: 'no data', run: readCertificate }],
  [0x8f, { right: 'admin', takes: 'data', run: writeCertificate }],
])

/** Version, then capabilities; the low nibble is the number of key pairs. */
function getStatus({ kind }: Applet, { p3 }: Command): Answer {
  if (p3 !== STATUS_BYTES) return status(SW.WRONG_LE | STATUS_BYTES)
  return ok(Uint8Array.from(kind === 'keystore' ? [0x01, 0x06, 0xf7, 0x06] : [0x01, 0x01, 0xf3, 0x05]))
}

function getRandom({ random }: Applet, { p3 }: Command): Answer {
  return ok(random(lengthOf(p3)))
}

function readRecords({ records }: Applet, { p1, p2, p3 }: Command): Answer {
  const offset = (p1 << 8) | p2
  const length = lengthOf(p3)
  // The applet's sum of offset and length is a signed 16-bit number; an overflow ends in an exception.
  if (offset + length > MAX_SHORT) return status(SW.EXCEPTION)
  const bytes = records.bytes(offset, length)
  return bytes === undefined ? status(SW.READ_RANGE) : ok(Uint8Array.from(bytes))
}

function writeRecords({ records }: Applet, { p1, p2, data }: Command): Answer {
  const offset = (p1 << 8) | p2
  if (offset + data.length > MAX_SHORT) return status(SW.EXCEPTION)
  return records.setBytes(offset, data) ? ok() : status(SW.WRITE_RANGE)
}

function readCertificate({ attestation }: Applet, { p3 }: Command): Answer {
  if (attestation === undefined) return status(SW.UNKNOWN_INS)
  if (p3 !== CERTIFICATE_BYTES) return status(SW.WRONG_LE | CERTIFICATE_BYTES)
  return ok(attestation.certificate)
}

/** Either 64 bytes made elsewhere, or P1 = FF: the card signs its own key with the pair in slot P2. */
function writeCertificate({ attestation, slots }: Applet, { p1, p2, data }: Command): Answer {
  if (attestation === undefined) return status(SW.UNKNOWN_INS)
  if (attestation.hasCertificate) return status(SW.ALREADY_SET)
  if (p1 === P1_SIGN_ON_CARD) {
    const issuer = slots.owned(p2)
    if (issuer === undefined) return status(SW.CONDITIONS)
    return attestation.certifyWith(issuer) ? ok() : status(SW.PRIVATE_HALF)
  }
  if (data.length !== CERTIFICATE_BYTES) return status(SW.WRONG_LENGTH)
  attestation.setCertificate(data)
  return ok()
}

/** Test values for handshakes in test mode; in the keystore applet also the name and a shell line in clear. */
function personalise(applet: Applet, { p2, data }: Command): Answer {
  if (data.length === 0) return status(SW.WRONG_LENGTH)
  const { testValues } = applet
  const field = TEST_FIELDS[p2]
  if (field !== undefined) {
    if (data.length !== testValues[field].length) return status(SW.WRONG_LENGTH)
    testValues[field] = Uint8Array.from(data)
    return ok()
  }
  if (!hasShell(applet)) return status(SW.WRONG_P1P2)
  if (p2 === P2_NAME) {
    if (data.length > MAX_NAME_BYTES) return status(SW.WRONG_LENGTH)
    applet.name = Uint8Array.from(data)
    return ok()
  }
  if (p2 !== P2_SHELL_LINE) return status(SW.WRONG_P1P2)
  const answer = runLine(applet, data)
  return answer === undefined ? status(SW.EXCEPTION) : ok(answer)
}

/** P3 as a length: 0 is 256. */
function lengthOf(p3: number): number {
  return p3 === 0 ? 256 : p3
}

const STATUS_BYTES = 4
const MAX_SHORT = 32767
const MAX_NAME_BYTES = 15
const P1_SIGN_ON_CARD = 0xff
const P2_NAME = 0x0a
const P2_SHELL_LINE = 0xff
const TEST_FIELDS: Readonly<Record<number, 'ecdhX' | 'publicKey' | 'random'>> = {
  0x01: 'ecdhX',
  0x02: 'publicKey',
  0x03: 'random',
}
