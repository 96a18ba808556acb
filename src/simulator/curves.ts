// The two elliptic curves of the card. OpenSSL does what node:crypto offers; ECDSA over a ready digest, which it does
// not, is noble's.

import { createECDH, ECDH } from 'node:crypto'
import { p256 } from '@noble/curves/nist.js'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { bytesOfHex } from '../base/hex.ts'
import type { RandomSource } from './random.ts'

/** Domain parameters as INS 84 shows them: 32 bytes each, but G (65) and K (2). */
export interface Curve {
  readonly name: 'prime256v1' | 'secp256k1'
  readonly a: Uint8Array
  readonly b: Uint8Array
  readonly field: Uint8Array
  readonly generator: Uint8Array
  readonly cofactor: Uint8Array
  readonly order: Uint8Array
  readonly n: bigint
}

export interface KeyPair {
  /** 32 bytes. */
  readonly privateKey: Uint8Array
  /** 65 bytes, uncompressed. */
  readonly publicKey: Uint8Array
}

/** The public point of a 32-byte scalar; undefined for zero and for the order or more. */
export function publicKeyOf(curve: Curve, privateKey: Uint8Array): Uint8Array | undefined {
  if (!isScalarOf(curve, privateKey)) return undefined
  const ecdh = createECDH(curve.name)
  ecdh.setPrivateKey(privateKey)
  return ecdh.getPublicKey()
}

/** Whether `scalar` can be a private key: neither zero nor as large as the order. */
export function isScalarOf(curve: Curve, scalar: Uint8Array): boolean {
  const value = bigOf(scalar)
  return value > 0n && value < curve.n
}

/** A fresh key pair. */
export function generateKeyPair(curve: Curve, random: RandomSource): KeyPair {
  for (;;) {
    const privateKey = random(SCALAR_BYTES)
    const publicKey = publicKeyOf(curve, privateKey)
    if (publicKey !== undefined) return { privateKey, publicKey }
  }
}

/** Whether `point` is 65 bytes, uncompressed, and on the curve. */
export function isOnCurve(curve: Curve, point: Uint8Array): boolean {
  if (point.length !== POINT_BYTES || point[0] !== UNCOMPRESSED) return false
  try {
    ECDH.convertKey(point, curve.name)
    return true
  } catch {
    return false
  }
}

/** The X coordinate (32 bytes) of the shared point, or undefined when `point` is not on the curve. */
export function sharedX(curve: Curve, privateKey: Uint8Array, point: Uint8Array): Uint8Array | undefined {
  const ecdh = createECDH(curve.name)
  try {
    ecdh.setPrivateKey(privateKey)
    return ecdh.computeSecret(point)
  } catch {
    return undefined
  }
}

/** ECDSA (SEC 1 section 4.1.3) over a ready 32-byte digest: r || s, 64 bytes. */
export function signDigest(
  key: { curve: Curve; privateKey: Uint8Array },
  digest: Uint8Array,
  random: RandomSource,
): Uint8Array {
  // A card's nonce is random, and its s may lie in either half.
  const choices = { prehash: false, lowS: false, extraEntropy: random(SCALAR_BYTES) }
  return NOBLE[key.curve.name].sign(digest, key.privateKey, choices)
}

/** An r || s signature as a SEQUENCE of two INTEGERs (RFC 3279 section 2.2.3). */
export function derOf(signature: Uint8Array): Uint8Array {
  // Of the two curves the one with the larger order takes the integers of both.
  return secp256k1.Signature.fromBytes(signature, 'compact').toBytes('der')
}

/** `bytes` as an unsigned big-endian number. */
export function bigOf(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
}

/** `value` in `length` bytes, big-endian. */
export function bytesOf(value: bigint, length = SCALAR_BYTES): Uint8Array {
  return Buffer.from(value.toString(16).padStart(2 * length, '0'), 'hex')
}

function curveOf(
  name: Curve['name'],
  hex: { a: string; b: string; field: string; g: string; order: string },
): Curve {
  const bytes = (text: string) => bytesOfHex(text) ?? new Uint8Array(0)
  const order = bytes(hex.order)
  return {
    name,
    a: bytes(hex.a),
    b: bytes(hex.b),
    field: bytes(hex.field),
    generator: bytes(hex.g),
    cofactor: Uint8Array.of(0, 1),
    order,
    n: bigOf(order),
  }
}

const NOBLE = { prime256v1: p256, secp256k1 } as const
const SCALAR_BYTES = 32
const POINT_BYTES = 65
const UNCOMPRESSED = 0x04

/** NIST P-256 (SEC 2 section 2.4.2). */
export const SECP256R1 = curveOf('prime256v1', {
  a: 'FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFC',
  b: '5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B',
  field: 'FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF',
  g:
    '046B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296' +
    '4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5',
  order: 'FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551',
})

/** The Bitcoin curve (SEC 2 section 2.4.1). */
export const SECP256K1 = curveOf('secp256k1', {
  a: '00'.repeat(32),
  b: '07'.padStart(64, '0'),
  field: 'FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFC2F',
  g:
    '0479BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798' +
    '483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8',
  order: 'FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141',
})
