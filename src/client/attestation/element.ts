// What an element says of itself, on both sides of attestation: its key, and its certificate.

import type { KeyObject } from 'node:crypto'
import { bytesOfHex, hexOf } from '../../base/hex.ts'
import { messageText } from '../printable.ts'
import { isCertified, isPoint, pointOf } from './keys.ts'
import type { Ask, Evidence, Finding } from './procedure.ts'

/** `?0A`: the public key, 04 X Y. */
export async function readPublicKey(ask: Ask, evidence: Evidence): Promise<Finding<Uint8Array>> {
  const read = hexIn(await ask('?0A'), POINT_BYTES)
  if ('why' in read) return read
  evidence['publicKey'] = hexOf(read.value)
  return isPoint(read.value) ? read : { why: 'its public key is no point of secp256k1' }
}

/** `?0B`: the certificate, r||s; undefined when there is none, which is 64 zeros. */
export async function readCertificate(
  ask: Ask,
  evidence: Evidence,
): Promise<Finding<Uint8Array | undefined>> {
  const read = hexIn(await ask('?0B'), CERTIFICATE_BYTES)
  if ('why' in read) return read
  evidence['certificate'] = hexOf(read.value)
  return { value: read.value.every((byte) => byte === 0) ? undefined : read.value }
}

/** Whether `issuer` has made `certificate` for the key. */
export function judgeCertificate(
  point: Uint8Array,
  certificate: Uint8Array,
  { issuer, evidence }: { issuer: KeyObject; evidence: Evidence },
): boolean {
  evidence['issuer'] = hexOf(pointOf(issuer))
  return isCertified(point, certificate, issuer)
}

/** The bytes of an answer, `length` of them or, with `least`, from that many on. */
export function hexIn(answer: string, length: number, least = length): Finding<Uint8Array> {
  const value = bytesOfHex(answer)
  if (value !== undefined && value.length >= least && value.length <= length) return { value }
  if (answer === 'ERROR') return { why: 'the element answers ERROR: it does not know attestation' }
  const digits = least === length ? `${2 * length}` : `${2 * least} to ${2 * length}`
  const said = value === undefined ? `"${messageText(answer)}"` : `${answer.length} of them`
  return { why: `the element answers ${said} in the place of ${digits} hex digits` }
}

const POINT_BYTES = 65
const CERTIFICATE_BYTES = 64
