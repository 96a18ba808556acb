// Keys, certificates and times as this authority keeps them.

import { createHash, createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { PkiError } from './errors.ts'

/** @throws PkiError pki.invalid, which names `path` */
export function certificateOf(pem: string, path: string): X509Certificate {
  try {
    return new X509Certificate(pem)
  } catch (error) {
    throw new PkiError('pki.invalid', `${path} is not a certificate in PEM`, { cause: error })
  }
}

/** The certificate of an authority. @throws PkiError pki.invalid, which names `path` */
export function rootOf(pem: string, path: string): X509Certificate {
  const certificate = certificateOf(pem, path)
  if (!certificate.ca) throw new PkiError('pki.invalid', `${path} is not the certificate of an authority`)
  return certificate
}

/** The authority's key. @throws PkiError pki.invalid, which names `path` and shows nothing of the key */
export function keyOf(pem: string, path: string): KeyObject {
  try {
    const key = createPrivateKey(pem)
    if (key.asymmetricKeyDetails?.namedCurve === 'prime256v1') return key
  } catch {
    // What the parser says is about a secret.
    throw new PkiError('pki.invalid', `${path} is not a private key in PEM`)
  }
  throw new PkiError('pki.invalid', `${path} is not a P-256 key`)
}

/** A private key in PKCS #8: a secret. */
export function pemOf(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString()
}

/** From a day ago: a Raspberry Pi has no clock that runs while it is off, and clocks differ. */
export function validityOf(now: Date, days: number): { notBefore: Date; notAfter: Date } {
  const start = wholeSecond(now).getTime()
  return { notBefore: new Date(start - DAY_MS), notAfter: new Date(start + days * DAY_MS) }
}

/** X.509 knows no parts of it. */
export function wholeSecond(date: Date): Date {
  return new Date(Math.floor(date.getTime() / 1000) * 1000)
}

/** SHA-256, upper-case hex without colons. */
export function fingerprintOf(certificate: X509Certificate): string {
  return certificate.fingerprint256.replaceAll(':', '')
}

/** Lower-case hex. */
export function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

const DAY_MS = 86_400_000
