// The certificate authority of one gateway: a directory of files, and nothing that runs. What crashes must leave:
// a certificate that is handed out stands in the index; a revocation that stands in the index gets into the CRL.

import { type KeyObject, X509Certificate } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { KeyAlgorithm, Signer, Subject } from './certificates.ts'
import { PkiError } from './errors.ts'
import { ensureDirectory, FILE, MODE, readIfThere, readText, write } from './files.ts'
import {
  type CertificateKind,
  isValid,
  type Ledger,
  type LedgerRow,
  readLedger,
  renewableRow,
  writeLedger,
} from './ledger.ts'
import { withLock } from './lock.ts'
import {
  certificateOf,
  fingerprintOf,
  keyOf,
  pemOf,
  rootOf,
  sha256Of,
  validityOf,
  wholeSecond,
} from './material.ts'
import { checkAuthorityName, checkUserName, hostKindOf } from './names.ts'
import { nothingToRevoke, refuseSecondCertificate, refuseToOverwrite, refuseToReplace } from './refusals.ts'

export type { CertificateKind, KeyAlgorithm }

export interface CertificateRow {
  /** 32 lower-case hex digits. */
  serial: string
  name: string
  kind: CertificateKind
  notBefore: Date
  notAfter: Date
  status: 'valid' | 'expired' | 'revoked'
  /** SHA-256, upper-case hex without colons. */
  fingerprint: string
}

/**
 * Issues and revokes certificates. Several processes may do so at once. Every method may throw PkiError: pki.missing
 * and pki.invalid for the files of the authority, pki.busy, pki.unwritable, and what it says itself.
 */
export class Authority {
  readonly #directory: string
  readonly #signer: Signer
  readonly #certificate: X509Certificate

  private constructor(directory: string, signer: Signer) {
    this.#directory = directory
    this.#signer = signer
    this.#certificate = new X509Certificate(signer.certificatePem)
  }

  /** When the authority ends, and with it all that it issued. */
  get notAfter(): Date {
    return new Date(this.#certificate.validTo)
  }

  /**
   * Makes a new authority, valid for ten years: ca.pem, ca.key, crl.pem (empty) and index.json.
   * @param directory  made, for its owner alone, if it is missing
   * @throws PkiError pki.exists when there is one; pki.name
   */
  static async create(directory: string, { name, now }: { name: string; now: Date }): Promise<Authority> {
    checkAuthorityName(name)
    await ensureDirectory(directory)
    return withLock(join(directory, FILE.lock), async () => {
      await refuseToReplace(directory)
      const { generateKey, makeRoot, newSerial } = await import('./certificates.ts')
      const key = await generateKey('ec')
      const subject = { name, serial: newSerial(), ...validityOf(now, CA_DAYS) }
      const authority = new Authority(directory, { certificatePem: await makeRoot(subject, key), key })
      await authority.#publish([rowOf('ca', subject, authority.#certificate)], 1, now)
      // The certificate is last: with it the authority is complete, without it `create` may start again.
      await write(join(directory, FILE.key), pemOf(key), MODE.secret)
      await write(join(directory, FILE.certificate), authority.#signer.certificatePem, MODE.public)
      return authority
    })
  }

  /**
   * The authority in `directory`.
   * @throws PkiError pki.missing, pki.invalid
   */
  static async open(directory: string): Promise<Authority> {
    const path = { certificate: join(directory, FILE.certificate), key: join(directory, FILE.key) }
    const certificatePem = await readText(path.certificate)
    const certificate = rootOf(certificatePem, path.certificate)
    const key = keyOf(await readText(path.key), path.key)
    if (!certificate.checkPrivateKey(key))
      throw new PkiError('pki.invalid', `${path.key} is not the key of ${path.certificate}`)
    const authority = new Authority(directory, { certificatePem, key })
    await authority.#readLedger()
    return authority
  }

  /**
   * Writes server.pem and server.key for the gateway, valid for two years, in place of earlier ones.
   * @param hosts  DNS names and IP addresses under which clients know the gateway; at least one
   * @param algorithm  `rsa` (3072 bits) for clients that know only static RSA; the authority signs with ECDSA all the same
   * @throws PkiError pki.name
   */
  async issueServer(options: {
    hosts: readonly string[]
    algorithm: KeyAlgorithm
    now: Date
  }): Promise<void> {
    const { algorithm, now } = options
    const hosts = [...new Set(options.hosts)]
    const bad = hosts.find((host) => hostKindOf(host) === undefined)
    if (bad !== undefined || hosts.length === 0)
      throw new PkiError('pki.name', `'${bad ?? ''}' is neither a DNS name nor an IP address`)
    const { generateKey } = await import('./certificates.ts')
    const key = await generateKey(algorithm)
    await this.#exclusively(now, async (ledger) => {
      // A common name has at most 64 characters (RFC 5280 appendix A); clients look at the other names anyway.
      const name = hosts.find((host) => host.length <= 64) ?? 'server'
      const pem = await this.#sign('server', { name, hosts, key, now }, ledger)
      // Between these two, key and certificate differ, and a gateway that starts then says so.
      await write(join(this.#directory, FILE.serverKey), pemOf(key), MODE.secret)
      await write(join(this.#directory, FILE.serverCertificate), pem, MODE.public)
    })
  }

  /**
   * Writes NAME.pem, NAME.key and ca.pem into `outDirectory`, which is made if it is missing: what a user needs.
   * Valid for two years.
   * @throws PkiError pki.exists when `name` has a valid certificate already, or one of the files is there; pki.name
   */
  async issueClient(options: {
    name: string
    algorithm: KeyAlgorithm
    outDirectory: string
    now: Date
  }): Promise<void> {
    const { name, algorithm, outDirectory, now } = options
    checkUserName(name)
    const { generateKey } = await import('./certificates.ts')
    const key = await generateKey(algorithm)
    const path = {
      certificate: join(outDirectory, `${name}.pem`),
      key: join(outDirectory, `${name}.key`),
      root: join(outDirectory, FILE.certificate),
    }
    await this.#exclusively(now, async (ledger) => {
      refuseSecondCertificate(name, ledger, now)
      await ensureDirectory(outDirectory)
      await refuseToOverwrite([path.certificate, path.key])
      const root = await readIfThere(path.root)
      if (root !== undefined && root !== this.#signer.certificatePem)
        throw new PkiError('pki.exists', `${path.root} is there already, and of another authority`)
      if (root === undefined) await write(path.root, this.#signer.certificatePem, MODE.public)
      // The key first: it shows whether we may write there, and is worth nothing without its certificate.
      await write(path.key, pemOf(key), MODE.secret)
      try {
        const pem = await this.#sign('client', { name, key, now }, ledger)
        await write(path.certificate, pem, MODE.public)
      } catch (error) {
        await rm(path.key, { force: true })
        throw error
      }
    })
  }

  /**
   * Writes in place of a certificate one that ends two years from `now`. Its key stays, whoever has it; so does its
   * beginning: a clock that was wrong for a while makes none that is not valid yet.
   * @param path  of a server's or client's certificate, in PEM
   * @returns false when it was not issued here, is revoked, or cannot last longer
   */
  async renew(path: string, now: Date): Promise<boolean> {
    const { notAfter } = this.#validityOf(now)
    const rowIn = (pem: string, ledger: Ledger): LedgerRow | undefined =>
      renewableRow(ledger, fingerprintOf(certificateOf(pem, path)), notAfter)
    // Whoever asks again and again makes nothing be written.
    if (rowIn(await readText(path), await this.#readLedger()) === undefined) return false
    let isRenewed = false
    await this.#exclusively(now, async (ledger) => {
      const pem = await readText(path)
      const row = rowIn(pem, ledger)
      if (row === undefined) return
      const { makeSuccessor, newSerial } = await import('./certificates.ts')
      const subject = { ...row, serial: newSerial(), notAfter }
      const successor = await makeSuccessor(pem, subject, this.#signer)
      await this.#enter(rowOf(row.kind, subject, new X509Certificate(successor)), ledger)
      await write(path, successor, MODE.public)
      isRenewed = true
    })
    return isRenewed
  }

  /**
   * Revokes all valid client certificates of `name`, or else the one certificate with that serial number, and writes
   * a new crl.pem.
   * @throws PkiError pki.unknown when there is none
   */
  async revoke(name: string, now: Date): Promise<void> {
    await this.#exclusively(now, async (ledger) => {
      const named = ledger.certificates.filter((row) => row.kind === 'client' && row.name === name)
      const serial = name.toLowerCase()
      const numbered = ledger.certificates.filter((row) => row.kind !== 'ca' && row.serial === serial)
      const candidates = named.length > 0 ? named : numbered
      const revoked = new Set(candidates.filter((row) => isValid(row, now)))
      if (revoked.size === 0) throw nothingToRevoke(name, candidates)
      const revokedAt = wholeSecond(now)
      const rows = ledger.certificates.map((row) => (revoked.has(row) ? { ...row, revokedAt } : row))
      await this.#publish(rows, ledger.crl.number + 1, now)
    })
  }

  /** Every certificate that was issued, in the order of issue; the authority's own is the first. */
  async list(now: Date): Promise<CertificateRow[]> {
    const { certificates } = await this.#readLedger()
    return certificates.map((row) => {
      const { serial, name, kind, notBefore, notAfter, revokedAt, fingerprint } = row
      const status = revokedAt !== undefined ? 'revoked' : isValid(row, now) ? 'valid' : 'expired'
      return { serial, name, kind, notBefore, notAfter, status, fingerprint }
    })
  }

  async #readLedger(): Promise<Ledger> {
    const path = join(this.#directory, FILE.index)
    const ledger = await readLedger(path)
    if (ledger.certificates[0]?.fingerprint !== fingerprintOf(this.#certificate))
      throw new PkiError('pki.invalid', `${path} belongs to another authority than ${FILE.certificate}`)
    return ledger
  }

  /** Runs `work` on the ledger as it is on the disk while nobody else changes it. */
  async #exclusively(now: Date, work: (ledger: Ledger) => Promise<void>): Promise<void> {
    const { validFrom, validTo } = this.#certificate
    if (now < new Date(validFrom) || now > new Date(validTo)) {
      const when = `valid from ${validFrom} until ${validTo}, and it is ${now.toISOString()} here`
      throw new PkiError('pki.invalid', `${join(this.#directory, FILE.certificate)} is ${when}`)
    }
    await withLock(join(this.#directory, FILE.lock), async () => {
      const ledger = await this.#readLedger()
      const crl = await readIfThere(join(this.#directory, FILE.crl))
      // Somebody removed it, or a crash came between index and CRL.
      const isCurrent = crl !== undefined && sha256Of(crl) === ledger.crl.sha256
      const { certificates } = ledger
      await work(isCurrent ? ledger : await this.#publish(certificates, ledger.crl.number + 1, now))
    })
  }

  /** Makes a certificate and enters it into the index, so that it may be handed out. */
  async #sign(
    kind: 'server' | 'client',
    { name, hosts, key, now }: { name: string; hosts?: readonly string[]; key: KeyObject; now: Date },
    ledger: Ledger,
  ): Promise<string> {
    const { makeLeaf, newSerial } = await import('./certificates.ts')
    const subject = { name, serial: newSerial(), ...this.#validityOf(now) }
    const pem = await makeLeaf(hosts === undefined ? subject : { ...subject, hosts }, key, this.#signer)
    await this.#enter(rowOf(kind, subject, new X509Certificate(pem)), ledger)
    return pem
  }

  async #enter(row: LedgerRow, { crl, certificates }: Ledger): Promise<void> {
    await writeLedger(join(this.#directory, FILE.index), { crl, certificates: [...certificates, row] })
  }

  /** Of what is issued now. */
  #validityOf(now: Date): { notBefore: Date; notAfter: Date } {
    const { notBefore, notAfter } = validityOf(now, LEAF_DAYS)
    return { notBefore, notAfter: notAfter < this.notAfter ? notAfter : this.notAfter }
  }

  /** Writes the index, then the CRL that belongs to it; after a crash between them `#exclusively` writes it. */
  async #publish(certificates: readonly LedgerRow[], number: number, now: Date): Promise<Ledger> {
    const { makeCrl } = await import('./certificates.ts')
    const entries = certificates.flatMap(({ serial, revokedAt }) =>
      revokedAt === undefined ? [] : [{ serial, revokedAt }],
    )
    const { notBefore: thisUpdate } = validityOf(now, 0)
    const pem = await makeCrl({ number, entries, thisUpdate }, this.#signer)
    const ledger = { crl: { number, sha256: sha256Of(pem) }, certificates }
    await writeLedger(join(this.#directory, FILE.index), ledger)
    await write(join(this.#directory, FILE.crl), pem, MODE.public)
    return ledger
  }
}

function rowOf(kind: CertificateKind, subject: Subject, certificate: X509Certificate): LedgerRow {
  const { serial, name, notBefore, notAfter } = subject
  return { serial, name, kind, notBefore, notAfter, fingerprint: fingerprintOf(certificate) }
}

const CA_DAYS = 3_650
const LEAF_DAYS = 730
