// The "Ethertrust keystore 1.3" command line: a letter, two hex digits, a payload, a line feed. Spoken inside the
// TLS session, or in clear through INS DA by the administrator.

import { bytesOfHex, hexOf } from '../base/hex.ts'
import { type Attestation, CERTIFICATE_BYTES, signWith } from './attestation.ts'
import { hardenedChildOf, masterKeyOf } from './bip32.ts'
import { derOf, SECP256K1 } from './curves.ts'
import { type PskSecrets, pskSecretsOf } from './key-schedule.ts'
import { type KeySlot, type KeySlots, paddedScalar } from './key-slots.ts'
import type { RandomSource } from './random.ts'
import type { Records } from './records.ts'
import type { Application } from './tls-server.ts'

/** What the shell works on. */
export interface ShellHost {
  readonly random: RandomSource
  readonly slots: KeySlots
  readonly records: Records
  readonly attestation: Attestation
  readonly attestationSecret: Uint8Array
  secrets: PskSecrets
}

/** The shell as the application of a TLS session. */
export function keystoreApplication(host: ShellHost): Application {
  return {
    hasEchoModes: true,
    answerTo(text) {
      const answer = runLine(host, text)
      return answer && { text: answer, closes: false }
    },
  }
}

/** The answer line, CR LF included, to one command; undefined when the command kills the session. */
export function runLine(host: ShellHost, line: Uint8Array): Uint8Array | undefined {
  const reply = replyTo(host, Buffer.from(line).toString('latin1'))
  return reply === undefined ? undefined : Buffer.from(`${reply}\r\n`, 'latin1')
}

/** Text to answer; undefined kills the session. */
type Reply = string | undefined

function replyTo(host: ShellHost, line: string): Reply {
  if (line.length < MIN_LINE) return ERROR
  if (!line.endsWith('\n')) return undefined
  const selector = bytesOfHex(line.slice(1, 3))?.[0]
  const text = line.slice(3).replace(/\r?\n$/, '')
  if (line.startsWith('?')) return selector === undefined ? undefined : replyToQuery(host, selector, text)
  if (selector === undefined) return ERROR
  const letter = line.charAt(0)
  if (letter === 'Z') return host.records.write(selector, Buffer.from(text, 'latin1')) ? OK : ERROR
  if (letter === 'I') return readRecord(host, selector)
  const slot = host.slots.owned(selector)
  const payload = bytesOfHex(text)
  if (slot === undefined || payload === undefined) return ERROR
  return KEY_COMMANDS[letter]?.(host, slot, payload) ?? ERROR
}

function replyToQuery(host: ShellHost, selector: number, text: string): Reply {
  if (selector === 0x00) return VERSION
  if (selector === 0x01) return text === '' ? undefined : text
  if (text.length % 2 !== 0) return undefined
  const payload = bytesOfHex(text)
  return payload === undefined ? ERROR : QUERIES[selector]?.(host, payload)
}

function readRecord(host: ShellHost, selector: number): Reply {
  const record = host.records.read(selector)
  if (record === undefined) return ERROR
  return record.length === 0 ? OK : Buffer.from(record).toString('latin1')
}

// `?02` asks to be disconnected: like every unknown selector it ends the session without an answer.
const QUERIES: Readonly<Record<number, (host: ShellHost, payload: Uint8Array) => Reply>> = {
  0x0a: ({ attestation }) => hexOf(attestation.publicKey),
  0x0b: ({ attestation }) => hexOf(attestation.certificate),
  0x0c: attest,
  0x0d: ({ attestationSecret }) => hexOf(attestationSecret),
  0x0e: setCertificate,
  0xaa: changePsk,
  0xff: (_host, payload) =>
    payload.length >= 1 && payload.length <= MAX_ECHO_BYTES ? hexOf(payload) : ERROR,
}

function attest({ attestation, attestationSecret }: ShellHost, nonce: Uint8Array): Reply {
  // The applet falls through to the next case, which shows the handshake secret itself.
  if (nonce.length === 0 || nonce.length > MAX_NONCE_BYTES) return hexOf(attestationSecret)
  const signature = attestation.attest(attestationSecret, nonce)
  return signature && hexOf(signature)
}

function setCertificate({ attestation }: ShellHost, certificate: Uint8Array): Reply {
  if (certificate.length !== CERTIFICATE_BYTES) return undefined
  if (attestation.hasCertificate) return ERROR
  attestation.setCertificate(certificate)
  return OK
}

/** Old PSK, new PSK. The session in progress keeps its keys: only the next handshake sees the new ones. */
function changePsk(host: ShellHost, both: Uint8Array): Reply {
  const [old, next] = [both.subarray(0, PSK_BYTES), both.subarray(PSK_BYTES)]
  if (next.length !== PSK_BYTES || Buffer.compare(old, host.secrets.psk) !== 0) return undefined
  host.secrets = pskSecretsOf(next)
  return hexOf(next)
}

type KeyCommand = (host: ShellHost, slot: KeySlot, payload: Uint8Array) => string

const KEY_COMMANDS: Readonly<Record<string, KeyCommand>> = {
  c: clear,
  g: ({ random }, slot) =>
    okIf(slot.publicKey === undefined && slot.privateKey === undefined && slot.generate(random)),
  p: (_host, slot) => hexOrError(slot.publicKey),
  r: (_host, slot) => hexOrError(slot.privateKey),
  P: (_host, slot, point) => okIf(slot.publicKey === undefined && slot.setPublicKey(point)),
  X: setPrivateKey,
  R: setPrivateKey,
  s: sign,
  t: setSeed,
  T: setSeed,
  v: (_host, slot) => hexOrError(slot.seed),
  b: derive,
  k: derive,
}

function clear(_host: ShellHost, slot: KeySlot): string {
  slot.clear()
  slot.seed = undefined
  slot.setCurve(SECP256K1)
  return OK
}

function setPrivateKey(_host: ShellHost, slot: KeySlot, scalar: Uint8Array): string {
  return okIf(slot.privateKey === undefined && slot.setPair(scalar))
}

function sign({ random }: ShellHost, slot: KeySlot, value: Uint8Array): string {
  const digest = paddedScalar(value)
  const signature = digest && signWith(slot, digest, random)
  return signature === undefined ? ERROR : hexOf(derOf(signature))
}

function setSeed({ random }: ShellHost, slot: KeySlot, seed: Uint8Array): string {
  if (seed.length > MAX_SEED_BYTES) return ERROR
  slot.seed = seed.length === 0 ? random(DEFAULT_SEED_BYTES) : Uint8Array.from(seed)
  return OK
}

/** BIP32: replaces the slot's pair by the one at a path of hardened indexes below the slot's seed. */
function derive({ random }: ShellHost, slot: KeySlot, path: Uint8Array): string {
  if (slot.seed === undefined || path.length % INDEX_BYTES !== 0 || path.length > MAX_PATH_BYTES) return ERROR
  // With an empty path the applet stores what its work buffer happens to hold, and says OK.
  if (path.length === 0) return okIf(slot.setPair(random(GARBAGE_BYTES)))
  let key = masterKeyOf(slot.seed)
  for (let offset = 0; key !== undefined && offset < path.length; offset += INDEX_BYTES) {
    const index = path.subarray(offset, offset + INDEX_BYTES)
    key = ((index[0] ?? 0) & HARDENED_BIT) === 0 ? undefined : hardenedChildOf(key, index)
  }
  return okIf(key !== undefined && slot.setPair(key.privateKey))
}

function okIf(isDone: boolean): string {
  return isDone ? OK : ERROR
}

function hexOrError(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? ERROR : hexOf(bytes)
}

const OK = 'OK'
const ERROR = 'ERROR'
const VERSION = 'Ethertrust keystore 1.3'
const MIN_LINE = 4
const MAX_ECHO_BYTES = 128
const MAX_NONCE_BYTES = 32
const PSK_BYTES = 32
const MAX_SEED_BYTES = 64
const DEFAULT_SEED_BYTES = 32
const INDEX_BYTES = 4
const MAX_PATH_BYTES = 30 * INDEX_BYTES
const HARDENED_BIT = 0x80
const GARBAGE_BYTES = 32
