// The application provider certifies an element: reads its key, signs it, has it keep the certificate
// (draft-urien-coinrg-iose, attestation procedure, steps 4 to 6).

import type { KeyObject } from 'node:crypto'
import { hexOf } from '../../base/hex.ts'
import { messageText } from '../printable.ts'
import { judgeCertificate, readCertificate, readPublicKey } from './element.ts'
import { certificateFor, pointOf } from './keys.ts'
import { type Ask, type Outlook, Procedure, type Report } from './procedure.ts'

/**
 * Certifies the element that `ask` reaches; one that this issuer has certified already stays as it is.
 * @param issuer  private, secp256k1
 */
export async function certify(ask: Ask, issuer: KeyObject): Promise<Report> {
  const procedure = new Procedure(CERTIFIED)
  const point = await procedure.check('public-key', UNTOUCHED, (evidence) => readPublicKey(ask, evidence))
  if (point === undefined) return procedure.report
  const former = await procedure.check('certificate-before', UNTOUCHED, async (evidence) => {
    const read = await readCertificate(ask, evidence)
    if ('why' in read) return read
    if (read.value === undefined) return { value: 'none' as const }
    if (judgeCertificate(point, read.value, { issuer, evidence })) return { value: 'ours' as const }
    return { why: 'it has a certificate that is not by this issuer, and keeps it', next: FOREIGN_NEXT }
  })
  if (former === undefined || former === 'ours') return procedure.report

  const certificate = certificateFor(point, issuer)
  const isWritten = await procedure.check('certificate-written', UNCERTAIN, async (evidence) => {
    evidence['certificate'] = hexOf(certificate)
    evidence['issuer'] = hexOf(pointOf(issuer))
    const answer = await ask(`?0E${hexOf(certificate)}`)
    if (answer === 'OK') return { value: true }
    return { why: `the element does not take the certificate: "${messageText(answer)}"` }
  })
  if (isWritten === undefined) return procedure.report
  await procedure.check('certificate-after', UNCERTAIN, async (evidence) => {
    const read = await readCertificate(ask, evidence)
    if ('why' in read) return read
    const isKept = read.value !== undefined && hexOf(read.value) === hexOf(certificate)
    return isKept ? { value: true } : { why: 'it does not show the certificate that it took' }
  })
  return procedure.report
}

const CERTIFIED: Outlook = {
  state: 'the element is certified by this issuer, for good',
  next: 'give its user the URI, the key, and the public key of the issuer.',
}
const UNTOUCHED: Outlook = {
  state: 'the element is as it was',
  next: 'run this again; iose slots shows how the element is.',
}
const UNCERTAIN: Outlook = {
  state: 'the element has this certificate, or none: it keeps the whole of one or nothing',
  next: 'run this again: it finds out, and writes nothing twice.',
}
const FOREIGN_NEXT = 'see who certified it; only a new installation of its application makes a new key.'
