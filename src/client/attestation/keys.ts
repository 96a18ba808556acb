// Keys and signatures of attestation: secp256k1 and SHA-256 throughout (draft-urien-coinrg-iose, attestation; the
// forms of certificate and challenge are those of the published keystore application).

import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { bytesOfHex } from '../../base/hex.ts'
import { ClientError } from '../errors.ts'

/**
 * The private key of an issuer.
 * @param pem         PKCS 8 or SEC 1
 * @param passphrase  of an encrypted one
 * @throws ClientError client.request; the message shows nothing of the key
 */
export function issuerKeyOf(pem: Uint8Array, passphrase?: string): KeyObject {
  const what = 'the issuer key'
  const isLocked = Buffer.from(pem).toString('latin1').includes('ENCRYPTED')
  const trouble = isLocked ? 'is encrypted, and the passphrase is missing or wrong' : NO_PEM
  const key = parsed(`${what} ${trouble}`, () =>
    createPrivateKey({ key: Buffer.from(pem), ...(passphrase === undefined ? {} : { passphrase }) }),
  )
  return checkedCurve(what, key)
}

/**
 * The public key of an issuer.
 * @param content  PEM, or 130 hex digits 04 X Y
 * @throws ClientError client.request
 */
export function issuerPublicKeyOf(content: Uint8Array): KeyObject {
  const text = Buffer.from(content).toString('latin1').trim()
  const point = bytesOfHex(text)
  const what = "the issuer's public key"
  if (point !== undefined) {
    const key = keyOfPoint(point)
    if (key !== undefined) return key
    throw new ClientError('client.request', `${what} is no point of secp256k1`)
  }
  // Whoever keeps the secret half should not hand it to a program that needs the other one.
  if (text.includes('PRIVATE KEY')) throw new ClientError('client.request', `${what} is a private key`)
  return checkedCurve(
    what,
    parsed(`${what} ${NO_PEM}`, () => createPublicKey(Buffer.from(content))),
  )
}

/** The point of a key, either half: 04 X Y, 65 bytes. */
export function pointOf(key: KeyObject): Uint8Array {
  const half = key.type === 'private' ? createPublicKey(key) : key
  const { x = '', y = '' } = half.export({ format: 'jwk' })
  return Buffer.concat([Uint8Array.of(4), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')])
}

/** True when `point` is 04 X Y on secp256k1. */
export function isPoint(point: Uint8Array): boolean {
  return keyOfPoint(point) !== undefined
}

/** What makes an element genuine: r||s, 64 bytes, over X||Y of its key. */
export function certificateFor(point: Uint8Array, issuer: KeyObject): Uint8Array {
  return sign('sha256', point.subarray(1), { key: issuer, dsaEncoding: 'ieee-p1363' })
}

export function isCertified(point: Uint8Array, certificate: Uint8Array, issuer: KeyObject): boolean {
  return verify('sha256', point.subarray(1), { key: issuer, dsaEncoding: 'ieee-p1363' }, certificate)
}

/** @param signature  DER, of whatever length */
export function isSignedBy(point: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const key = keyOfPoint(point)
  return key !== undefined && verify('sha256', message, { key, dsaEncoding: 'der' }, signature)
}

function keyOfPoint(point: Uint8Array): KeyObject | undefined {
  if (point.length !== 1 + 2 * COORDINATE_BYTES || point[0] !== 4) return undefined
  const [x, y] = [1, 1 + COORDINATE_BYTES].map((start) =>
    Buffer.from(point.subarray(start, start + COORDINATE_BYTES)).toString('base64url'),
  )
  try {
    return createPublicKey({ format: 'jwk', key: { kty: 'EC', crv: 'secp256k1', x: x ?? '', y: y ?? '' } })
  } catch {
    // Node refuses what is not on the curve.
    return undefined
  }
}

/** What Node says of a key could show some of it. */
function parsed(trouble: string, read: () => KeyObject): KeyObject {
  try {
    return read()
  } catch {
    throw new ClientError('client.request', trouble)
  }
}

function checkedCurve(what: string, key: KeyObject): KeyObject {
  if (key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'secp256k1') return key
  const kind = key.asymmetricKeyDetails?.namedCurve ?? key.asymmetricKeyType ?? 'unknown'
  throw new ClientError('client.request', `${what} is of the kind ${kind}; elements know secp256k1`)
}

const COORDINATE_BYTES = 32
const NO_PEM = 'is no PEM of a key'
