// The card's key pairs: slots of the owner, and the attestation pair.
// A slot holds domain parameters and either half of a pair independently, as the card's key objects do.

import { type Curve, generateKeyPair, isOnCurve, publicKeyOf, SECP256K1, SECP256R1 } from './curves.ts'
import type { RandomSource } from './random.ts'

export class KeySlot {
  publicKey: Uint8Array | undefined
  /** 32 bytes; a valid scalar of the curve only if the curve was there first. */
  privateKey: Uint8Array | undefined
  /** BIP32 seed, 1..64 bytes; only the keystore shell uses it. */
  seed: Uint8Array | undefined
  readonly #domain = new Map<number, Uint8Array>()

  constructor(curve?: Curve) {
    if (curve !== undefined) this.setCurve(curve)
  }

  /** The curve that the six domain parameters name; undefined when some are missing or unknown. */
  get curve(): Curve | undefined {
    return CURVES.find((curve) =>
      DOMAIN_FIELDS.every((field, p1) => Buffer.compare(curve[field], this.#domain.get(p1) ?? NOTHING) === 0),
    )
  }

  setCurve(curve: Curve): void {
    for (const [p1, field] of DOMAIN_FIELDS.entries()) this.#domain.set(p1, curve[field])
  }

  /** Domain parameter `p1` of INS 84 and 88: 0 A, 1 B, 2 field, 3 G, 4 K, 5 R. */
  domainParameter(p1: number): Uint8Array | undefined {
    return this.#domain.get(p1)
  }

  setDomainParameter(p1: number, value: Uint8Array): void {
    this.#domain.set(p1, Uint8Array.from(value))
  }

  /** Forgets both halves and the curve; the seed stays. */
  clear(): void {
    this.publicKey = undefined
    this.privateKey = undefined
    this.#domain.clear()
  }

  /** Makes a fresh pair, whatever was there; false without a curve. */
  generate(random: RandomSource): boolean {
    const { curve } = this
    if (curve === undefined) return false
    Object.assign(this, generateKeyPair(curve, random))
    return true
  }

  /** Stores a scalar of 1..32 bytes, left-padded, with its public point; false when either is impossible. */
  setPair(scalar: Uint8Array): boolean {
    const privateKey = paddedScalar(scalar)
    const publicKey = this.curve && privateKey && publicKeyOf(this.curve, privateKey)
    if (publicKey === undefined) return false
    this.privateKey = privateKey
    this.publicKey = publicKey
    return true
  }

  /** Stores the private half alone; false unless it is 1..32 bytes and, once the curve is known, in its range. */
  setPrivateKey(scalar: Uint8Array): boolean {
    const privateKey = paddedScalar(scalar)
    if (privateKey === undefined) return false
    if (this.curve !== undefined && publicKeyOf(this.curve, privateKey) === undefined) return false
    this.privateKey = privateKey
    return true
  }

  /** Stores the public half alone; false unless it is a point of the slot's curve. */
  setPublicKey(point: Uint8Array): boolean {
    if (this.curve === undefined || !isOnCurve(this.curve, point)) return false
    this.publicKey = Uint8Array.from(point)
    return true
  }
}

/** All pairs of one card. The attestation pair is made here, at install; the applet without one has none. */
export class KeySlots {
  readonly #owned: readonly KeySlot[]
  readonly attestation: KeySlot | undefined

  /** @param ownedSlots  how many pairs its owner has */
  constructor(ownedSlots: number, attestation: 'attestation' | 'no attestation', random: RandomSource) {
    this.#owned = Array.from({ length: ownedSlots }, () => new KeySlot())
    if (attestation === 'no attestation') return
    this.attestation = new KeySlot(SECP256K1)
    this.attestation.generate(random)
  }

  /** Key 0 and those that follow it. */
  owned(index: number): KeySlot | undefined {
    return this.#owned[index]
  }
}

/** Left-pads 1..32 bytes to 32. */
export function paddedScalar(scalar: Uint8Array): Uint8Array | undefined {
  if (scalar.length === 0 || scalar.length > SCALAR_BYTES) return undefined
  const padded = new Uint8Array(SCALAR_BYTES)
  padded.set(scalar, SCALAR_BYTES - scalar.length)
  return padded
}

const SCALAR_BYTES = 32
const CURVES = [SECP256R1, SECP256K1]
const NOTHING = new Uint8Array(0)
// In the order of P1.
const DOMAIN_FIELDS = ['a', 'b', 'field', 'generator', 'cofactor', 'order'] as const
