// The user finds out whether an element is genuine, and whether anybody is in between: its key, its certificate, its
// signature over this very session (draft-urien-coinrg-iose, attestation procedure, steps 9 to 11).

import type { KeyObject } from 'node:crypto'
import { hexOf } from '../../base/hex.ts'
import { sha256 } from '../tls/secrets.ts'
import { hexIn, judgeCertificate, readCertificate, readPublicKey } from './element.ts'
import { isSignedBy } from './keys.ts'
import { type Ask, type Outlook, Procedure } from './procedure.ts'

export interface AttestOptions {
  /** Of the session that `ask` speaks in, 32 bytes. */
  readonly handshakeSecret: Uint8Array
  /** Public, secp256k1. */
  readonly issuer: KeyObject
  /** The key that this element must have, 04 X Y; any that the issuer has certified when undefined. */
  readonly expected?: Uint8Array | undefined
  readonly random: (length: number) => Uint8Array
  readonly now: () => number
}

/** @returns the procedure, which has passed or is over; ownership goes on with it */
export async function attest(ask: Ask, options: AttestOptions): Promise<Procedure> {
  const procedure = new Procedure(GENUINE)
  const point = await procedure.check('public-key', UNPROVEN, async (evidence) => {
    const read = await readPublicKey(ask, evidence)
    if ('why' in read || options.expected === undefined) return read
    if (hexOf(read.value) === hexOf(options.expected)) return read
    return { why: 'it is another element: its key is not the one that was expected', next: OTHER_NEXT }
  })
  if (point === undefined) return procedure
  const isGenuine = await procedure.check('certificate', UNPROVEN, async (evidence) => {
    const read = await readCertificate(ask, evidence)
    if ('why' in read) return read
    if (read.value === undefined) return { why: 'it has no certificate', next: UNCERTIFIED_NEXT }
    if (judgeCertificate(point, read.value, { issuer: options.issuer, evidence })) return { value: true }
    return { why: 'its certificate is not by this issuer', next: FOREIGN_NEXT }
  })
  if (isGenuine === undefined) return procedure
  await procedure.check('session', UNPROVEN, async (evidence) => {
    const nonce = options.random(NONCE_BYTES)
    evidence['nonce'] = hexOf(nonce)
    const askedAt = options.now()
    const read = hexIn(await ask(`?0C${hexOf(nonce)}`), MAX_DER_BYTES, MIN_DER_BYTES)
    // Who relays needs time; how much is much, only somebody who knows the way can tell.
    evidence['answerMs'] = Math.round(options.now() - askedAt)
    if ('why' in read) return read
    evidence['signature'] = hexOf(read.value)
    const message = Buffer.concat([options.handshakeSecret, nonce])
    // Not the secret: with it, whoever recorded the session could read it.
    evidence['digest'] = hexOf(sha256(message))
    if (isSignedBy(point, message, read.value)) return { value: true }
    return {
      why: 'its signature is not over this session: somebody is in between, or replays what was signed before',
      next: BETWEEN_NEXT,
    }
  })
  return procedure
}

const NONCE_BYTES = 32
/** SEQUENCE of two INTEGERs of 1 to 33 bytes. */
const MIN_DER_BYTES = 8
const MAX_DER_BYTES = 72

const GENUINE: Outlook = {
  state: 'the element is genuine, and nobody is in between',
  next: 'its key is known to whoever gave it to you: --take-ownership makes a new one.',
}
const UNPROVEN: Outlook = {
  state: 'the element is as it was; nothing is proven',
  next: 'run this again; iose slots shows how the element is.',
}
const UNCERTIFIED_NEXT = 'its provider certifies it: iose attest URI --role provider --issuer-key PEM.'
const FOREIGN_NEXT = 'do not trust it; check that --issuer-pub is that of its provider.'
const OTHER_NEXT = 'do not trust it; check the name in the URI, and ask its provider which key it has.'
const BETWEEN_NEXT =
  'say nothing in this session; the key is known to others: have its provider replace it, over another way.'
