// X.509 (RFC 5280) as this authority writes it. The one file that loads the library; it is imported when it is needed.

// The library needs it to be there first.
import 'reflect-metadata'

import { createPublicKey, KeyObject, webcrypto } from 'node:crypto'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PublicKey,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
  X509Crl,
  X509CrlGenerator,
  X509CrlReason,
} from '@peculiar/x509'
import { hostKindOf } from './names.ts'

export type KeyAlgorithm = 'ec' | 'rsa'

/** Who signs. */
export interface Signer {
  readonly certificatePem: string
  readonly key: KeyObject
}

export interface Validity {
  readonly notBefore: Date
  readonly notAfter: Date
}

/** What a certificate shall say. */
export interface Subject extends Validity {
  /** Common name, 1 to 64 characters. */
  readonly name: string
  /** 32 hex digits, see `newSerial`. */
  readonly serial: string
}

/** What is revoked, for a CRL. */
export interface RevokedEntry {
  readonly serial: string
  readonly revokedAt: Date
}

/** A fresh private key: P-256, or RSA with 3072 bits. */
export async function generateKey(algorithm: KeyAlgorithm): Promise<KeyObject> {
  const parameters = algorithm === 'ec' ? EC : { ...RSA, modulusLength: 3072, publicExponent: F4 }
  const { privateKey } = await webcrypto.subtle.generateKey(parameters, true, ['sign', 'verify'])
  return KeyObject.from(privateKey)
}

/**
 * From when on a CRL in PEM holds, and until when there will be another.
 * @returns `nextUpdate` is undefined when it does not say
 * @throws Error when it is none
 */
export function datesOfCrl(pem: string): { thisUpdate: Date; nextUpdate: Date | undefined } {
  const { thisUpdate, nextUpdate } = new X509Crl(pem)
  return { thisUpdate, nextUpdate }
}

/** 16 random bytes as hex; positive and without a leading zero byte, so that it is the same text everywhere. */
export function newSerial(): string {
  const serial = Buffer.from(webcrypto.getRandomValues(new Uint8Array(16)))
  serial.writeUInt8((serial.readUInt8(0) & 0x7f) | 0x40, 0)
  return serial.toString('hex')
}

/** The certificate of a root that signs end certificates and CRLs and no further authority, as PEM. */
export async function makeRoot(subject: Subject, key: KeyObject): Promise<string> {
  const publicKey = publicKeyOf(key)
  const keyId = await SubjectKeyIdentifierExtension.create(publicKey)
  const certificate = await X509CertificateGenerator.create({
    ...contentOf(subject),
    issuer: [{ CN: [subject.name] }],
    publicKey,
    signingKey: await signingKeyOf(key),
    signingAlgorithm: SIGNATURE,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      keyId,
      new AuthorityKeyIdentifierExtension(keyId.keyId),
    ],
  })
  return pemOf('CERTIFICATE', certificate.rawData)
}

/**
 * A certificate for `key`, as PEM: a server's when there are `hosts`, else a client's.
 * @param hosts  DNS names and IP addresses, checked by `hostKindOf`
 */
export async function makeLeaf(
  subject: Subject & { readonly hosts?: readonly string[] },
  key: KeyObject,
  signer: Signer,
): Promise<string> {
  const { hosts } = subject
  const root = new X509Certificate(signer.certificatePem)
  const publicKey = publicKeyOf(key)
  let keyUsage = KeyUsageFlags.digitalSignature
  // An RSA server is there for clients that encrypt the premaster secret to it.
  if (hosts !== undefined && key.asymmetricKeyType === 'rsa') keyUsage |= KeyUsageFlags.keyEncipherment
  const purpose = hosts === undefined ? ExtendedKeyUsage.clientAuth : ExtendedKeyUsage.serverAuth
  const certificate = await X509CertificateGenerator.create({
    ...contentOf(subject),
    issuer: root.subjectName,
    publicKey,
    signingKey: await signingKeyOf(signer.key),
    signingAlgorithm: SIGNATURE,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(keyUsage, true),
      new ExtendedKeyUsageExtension([purpose]),
      ...(hosts === undefined ? [] : [new SubjectAlternativeNameExtension(hosts.map(generalNameOf))]),
      await SubjectKeyIdentifierExtension.create(publicKey),
      await AuthorityKeyIdentifierExtension.create(root.publicKey),
    ],
  })
  return pemOf('CERTIFICATE', certificate.rawData)
}

/** A certificate that differs from `pem` in its serial number and its end: names, purposes and key stay. */
export async function makeSuccessor(
  pem: string,
  { serial, notAfter }: { readonly serial: string; readonly notAfter: Date },
  signer: Signer,
): Promise<string> {
  const { subjectName, issuerName, notBefore, publicKey, extensions } = new X509Certificate(pem)
  const certificate = await X509CertificateGenerator.create({
    ...{ serialNumber: serial, subject: subjectName, issuer: issuerName, notBefore, notAfter },
    ...{ publicKey, extensions },
    signingKey: await signingKeyOf(signer.key),
    signingAlgorithm: SIGNATURE,
  })
  return pemOf('CERTIFICATE', certificate.rawData)
}

/**
 * A CRL, as PEM. It is due for renewal only when the root ends: an outdated one would lock everybody out, and each
 * revocation makes a new one.
 * @param content  `thisUpdate`: a day ago, as in `validityOf`, for a verifier whose clock is behind; `number`: 1 or
 *   more, and higher than that of every CRL before
 */
export async function makeCrl(
  content: { readonly number: number; readonly entries: readonly RevokedEntry[]; readonly thisUpdate: Date },
  signer: Signer,
): Promise<string> {
  const root = new X509Certificate(signer.certificatePem)
  const crl = await X509CrlGenerator.create({
    issuer: root.subjectName,
    thisUpdate: content.thisUpdate,
    nextUpdate: root.notAfter,
    signingKey: await signingKeyOf(signer.key),
    signingAlgorithm: SIGNATURE,
    entries: content.entries.map(({ serial, revokedAt }) => ({
      serialNumber: serial,
      revocationDate: revokedAt,
      // Without any extension the library writes an empty list of them, which RFC 5280 section 5.1 does not allow.
      reason: X509CrlReason.privilegeWithdrawn,
    })),
    extensions: [
      await AuthorityKeyIdentifierExtension.create(root.publicKey),
      new Extension(ID_CRL_NUMBER, false, derIntegerOf(content.number)),
    ],
  })
  // RFC 7468 section 6. The library would write another label, which openssl does not know.
  return pemOf('X509 CRL', crl.rawData)
}

function contentOf({ name, serial, notBefore, notAfter }: Subject) {
  return { serialNumber: serial, subject: [{ CN: [name] }], notBefore, notAfter }
}

function generalNameOf(host: string): { type: 'dns' | 'ip'; value: string } {
  return { type: hostKindOf(host) ?? 'dns', value: host }
}

function publicKeyOf(key: KeyObject): PublicKey {
  return new PublicKey(createPublicKey(key).export({ type: 'spki', format: 'der' }))
}

/** The root's key, which is always P-256, for the library. */
function signingKeyOf(key: KeyObject): Promise<webcrypto.CryptoKey> {
  const pkcs8 = key.export({ type: 'pkcs8', format: 'der' })
  return webcrypto.subtle.importKey('pkcs8', pkcs8, EC, false, ['sign'])
}

/** RFC 7468 section 3: lines of 64 characters. */
function pemOf(label: string, der: ArrayBuffer): string {
  const lines = Buffer.from(der)
    .toString('base64')
    .replace(/.{64}(?=.)/g, '$&\n')
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`
}

/** DER INTEGER in as few bytes as it takes. */
function derIntegerOf(number: number): Uint8Array {
  const hex = number.toString(16)
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')
  const sign = bytes.readUInt8(0) >= 0x80 ? [0] : []
  return Buffer.from([0x02, sign.length + bytes.length, ...sign, ...bytes])
}

const EC = { name: 'ECDSA', namedCurve: 'P-256' } as const
const RSA = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' } as const
const F4 = Uint8Array.of(1, 0, 1)
const SIGNATURE = { name: 'ECDSA', hash: 'SHA-256' } as const
/** RFC 5280 section 5.2.3. */
const ID_CRL_NUMBER = '2.5.29.20'
