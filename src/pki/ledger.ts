// index.json: every certificate that was issued, and which CRL is the current one.

import { PkiError } from './errors.ts'
import { MODE, readText, write } from './files.ts'

export type CertificateKind = 'ca' | 'server' | 'client'

export interface LedgerRow {
  /** 32 lower-case hex digits. */
  readonly serial: string
  readonly name: string
  readonly kind: CertificateKind
  readonly notBefore: Date
  readonly notAfter: Date
  /** SHA-256 of the certificate, upper-case hex without colons. */
  readonly fingerprint: string
  readonly revokedAt?: Date
}

export interface Ledger {
  /** The CRL that belongs to these rows: its number, and the SHA-256 of its file in hex. */
  readonly crl: { readonly number: number; readonly sha256: string }
  /** In the order of issue; the authority itself is the first. */
  readonly certificates: readonly LedgerRow[]
}

/** @throws PkiError pki.missing, pki.invalid */
export async function readLedger(path: string): Promise<Ledger> {
  const text = await readText(path)
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    throw new PkiError('pki.invalid', `${path} is not JSON`, { cause: error })
  }
  const ledger = ledgerOf(json)
  if (typeof ledger !== 'string') return ledger
  throw new PkiError('pki.invalid', `${path} is not an index of certificates: ${ledger}`)
}

/** @throws PkiError pki.unwritable */
export async function writeLedger(path: string, ledger: Ledger): Promise<void> {
  // Dates become ISO 8601.
  await write(path, `${JSON.stringify({ version: VERSION, ...ledger }, null, 2)}\n`, MODE.secret)
}

/** Neither revoked nor expired. */
export function isValid(row: LedgerRow, now: Date): boolean {
  return row.revokedAt === undefined && now <= row.notAfter
}

/** Of a server's or client's certificate that is not revoked, and ends before `notAfter`. */
export function renewableRow(
  { certificates }: Ledger,
  fingerprint: string,
  notAfter: Date,
): LedgerRow | undefined {
  const row = certificates.find((one) => one.kind !== 'ca' && one.fingerprint === fingerprint)
  if (row === undefined || row.revokedAt !== undefined) return undefined
  return row.notAfter < notAfter ? row : undefined
}

/** The ledger, or what is wrong with it. */
function ledgerOf(json: unknown): Ledger | string {
  if (!isObject(json) || json['version'] !== VERSION) return `expected version ${VERSION}`
  const { crl, certificates } = json
  if (!isObject(crl) || !Number.isSafeInteger(crl['number']) || typeof crl['sha256'] !== 'string')
    return 'expected crl with number and sha256'
  if (!Array.isArray(certificates) || certificates.length === 0) return 'expected certificates'
  const rows = certificates.map(rowOf)
  const bad = rows.indexOf(undefined)
  if (bad >= 0) return `certificates[${bad}] is incomplete`
  return {
    crl: { number: Number(crl['number']), sha256: crl['sha256'] },
    certificates: rows.filter((row) => row !== undefined),
  }
}

function rowOf(json: unknown): LedgerRow | undefined {
  if (!isObject(json)) return undefined
  const { serial, name, kind, fingerprint, notBefore, notAfter, revokedAt } = json
  if (typeof serial !== 'string' || !SERIAL.test(serial) || typeof name !== 'string') return undefined
  if (kind !== 'ca' && kind !== 'server' && kind !== 'client') return undefined
  if (typeof fingerprint !== 'string' || !FINGERPRINT.test(fingerprint)) return undefined
  const [from, until] = [dateOf(notBefore), dateOf(notAfter)]
  if (from === undefined || until === undefined) return undefined
  const row = { serial, name, kind, notBefore: from, notAfter: until, fingerprint } as const
  if (revokedAt === undefined) return row
  // A revocation that cannot be read must not turn into none.
  const when = dateOf(revokedAt)
  return when === undefined ? undefined : { ...row, revokedAt: when }
}

function dateOf(json: unknown): Date | undefined {
  const date = new Date(typeof json === 'string' ? json : Number.NaN)
  return Number.isNaN(date.getTime()) ? undefined : date
}

function isObject(json: unknown): json is Record<string, unknown> {
  return typeof json === 'object' && json !== null
}

const VERSION = 1
const SERIAL = /^[0-9a-f]{32}$/
const FINGERPRINT = /^[0-9A-F]{64}$/
