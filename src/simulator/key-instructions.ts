// The instructions on key pairs: 80 to 8A. P2 names the pair.

import { type Answer, ok, SW, status } from './answer.ts'
import type { ApplicationKind } from './application.ts'
import { signWith } from './attestation.ts'
import type { Command } from './command.ts'
import { derOf, SECP256K1, SECP256R1, sharedX } from './curves.ts'
import { sha256 } from './key-schedule.ts'
import type { KeySlot, KeySlots } from './key-slots.ts'
import type { Pins } from './pins.ts'
import type { RandomSource } from './random.ts'

/** What the instructions work on. */
export interface KeyHost {
  readonly slots: KeySlots
  /** Of who speaks TLS. */
  readonly ephemeral?: KeySlot
  readonly random: RandomSource
  readonly pins: Pins
}

/** INS 80. P1 = 00: data is the hash; 21: data is hashed with SHA-256. */
export function sign(host: KeyHost, { p1, p2, data }: Command): Answer {
  const slot = signingSlotOf(host, p2)
  if (slot === undefined) return status(SW.CONDITIONS)
  if (slot.privateKey === undefined) return status(SW.PRIVATE_HALF)
  if (p1 !== P1_HASHED && p1 !== P1_TO_HASH) return status(SW.WRONG_P1P2)
  // A longer value than the curve's order is one the card's signer has no place for.
  if (p1 === P1_HASHED && (data.length === 0 || data.length > HASH_BYTES)) return status(SW.SIGN_FAILED)
  const signature = signWith(slot, p1 === P1_TO_HASH ? sha256(data) : data, host.random)
  return signature === undefined ? status(SW.SIGN_FAILED) : ok(withLength(derOf(signature)))
}

/** INS 81 */
export function clearKey({ slots }: KeyHost, { p2 }: Command): Answer {
  const slot = slots.owned(p2)
  if (slot === undefined) return status(SW.CONDITIONS)
  slot.clear()
  return ok()
}

/** INS 82 */
export function generate({ slots, random }: KeyHost, { p2 }: Command): Answer {
  const slot = slots.owned(p2)
  if (slot === undefined) return status(SW.CONDITIONS)
  if (slot.publicKey !== undefined) return status(SW.PUBLIC_HALF)
  if (slot.privateKey !== undefined) return status(SW.PRIVATE_HALF)
  return slot.generate(random) ? ok() : status(SW.GENERATE_FAILED)
}

/** INS 89. The keystore applet knows two curves, and two P1 that leave a pair alone. */
export function initCurve(
  { slots, kind }: KeyHost & { readonly kind: ApplicationKind },
  { p1, p2 }: Command,
): Answer {
  const slot = slots.owned(p2)
  if (slot === undefined) return status(SW.CONDITIONS)
  if (kind === 'keystore' && p1 === P1_PUBLIC && slot.publicKey !== undefined) return status(SW.PUBLIC_HALF)
  if (kind === 'keystore' && p1 === P1_PRIVATE && slot.privateKey !== undefined)
    return status(SW.PRIVATE_HALF)
  slot.setCurve(kind === 'keystore' && p1 === P1_SECP256K1 ? SECP256K1 : SECP256R1)
  return ok()
}

/** INS 84: a domain parameter or a half of a pair, behind its length. */
export function getParameter(host: KeyHost, { p1, p2 }: Command): Answer {
  const slot = p2 === P2_EPHEMERAL ? host.ephemeral : signingSlotOf(host, p2)
  if (slot === undefined) return status(SW.CONDITIONS)
  if (p1 > P1_PRIVATE) return status(SW.WRONG_P1P2)
  if (p1 === P1_PRIVATE) {
    if (!host.pins.isAdmin) return status(SW.RIGHT_MISSING)
    if (slot === host.slots.attestation) return status(SW.CONDITIONS)
    return slot.privateKey === undefined ? status(SW.PRIVATE_HALF) : ok(withLength(slot.privateKey))
  }
  if (p1 === P1_PUBLIC) {
    return slot.publicKey === undefined ? status(SW.PUBLIC_HALF) : ok(withLength(slot.publicKey))
  }
  const value = slot.domainParameter(p1)
  return value === undefined ? status(SW.GET_FAILED) : ok(withLength(value))
}

/** INS 88 */
export function setParameter({ slots }: KeyHost, { p1, p2, data }: Command): Answer {
  const slot = slots.owned(p2)
  if (slot === undefined) return status(SW.CONDITIONS)
  if (p1 > P1_PRIVATE) return status(SW.WRONG_P1P2)
  if (data.length === 0) return status(SW.SET_FAILED)
  if (p1 === P1_PUBLIC) {
    if (slot.publicKey !== undefined) return status(SW.PUBLIC_HALF)
    return slot.setPublicKey(data) ? ok() : status(SW.SET_FAILED)
  }
  if (p1 === P1_PRIVATE) {
    if (slot.privateKey !== undefined) return status(SW.PRIVATE_HALF)
    return slot.setPrivateKey(data) ? ok() : status(SW.SET_FAILED)
  }
  slot.setDomainParameter(p1, data)
  return ok()
}

/** INS 8A: X of the product of a private key, or of a fresh P-256 one, and the point in the data. */
export function sharedSecret({ slots, ephemeral, random }: KeyHost, { p2, data }: Command): Answer {
  const slot = p2 === P2_EPHEMERAL ? ephemeral : slots.owned(p2)
  if (slot === undefined) return status(SW.CONDITIONS)
  if (slot === ephemeral) slot.generate(random)
  const { curve, privateKey } = slot
  if (curve === undefined || privateKey === undefined) return status(SW.ECDH_FAILED)
  // The applet refuses the generator, whose product would be the public key.
  if (Buffer.compare(data, curve.generator) === 0) return status(SW.ECDH_FAILED)
  const x = data.length === POINT_BYTES ? sharedX(curve, privateKey, data) : undefined
  return x === undefined ? status(SW.ECDH_FAILED) : ok(x)
}

/** An owned pair, or the attestation pair, where there is one, under either of its numbers. */
function signingSlotOf({ slots }: KeyHost, p2: number): KeySlot | undefined {
  const isAttestation = p2 === P2_ATTESTATION || p2 === INDEX_ATTESTATION
  return (isAttestation ? slots.attestation : undefined) ?? slots.owned(p2)
}

/** Two bytes of length, then the value. */
function withLength(value: Uint8Array): Uint8Array {
  return Buffer.concat([Uint8Array.of(0, value.length), value])
}

const P1_HASHED = 0x00
const P1_TO_HASH = 0x21
const P1_PUBLIC = 0x06
const P1_PRIVATE = 0x07
const P1_SECP256K1 = 0xff
const P2_EPHEMERAL = 0xff
const P2_ATTESTATION = 0xfe
const INDEX_ATTESTATION = 0x05
const HASH_BYTES = 32
const POINT_BYTES = 65
