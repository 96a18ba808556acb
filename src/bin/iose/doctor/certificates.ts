// The certificates of the administration plane: there, in order, belonging together, and valid for a while.

import { X509Certificate } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { RacsFile } from '../../../config/config.ts'
import type { KeyPlace } from '../../../config/credentials.ts'
import { racsFilePath, racsKeyPlace } from '../../iosed/racs-files.ts'
import type { Check } from './examine.ts'
import { type Finding, fine, warning, wrong } from './finding.ts'
import { type TextOrObstacle, textAt } from './reading.ts'
import { serverKeyFindings } from './server-key.ts'
import type { Subject } from './subject.ts'

export function certificateChecks(subject: Subject): Check[] {
  const checks: Record<string, (files: Files) => Finding[] | Promise<Finding[]>> = {
    ca: caFindings,
    certificate: serverFindings,
    key: serverKeyFindings,
    crl: crlFindings,
  }
  return Object.entries(checks).map(([name, findings]) => ({
    name,
    look: () => findings(filesOf(subject)),
    // The X.509 library takes its time on a small machine.
    deadlineMs: name === 'crl' ? CRL_DEADLINE_MS : undefined,
  }))
}

/** Whether a gateway that starts now makes all files of the administration plane by itself, as after a first start. */
export async function isBeforeFirstStart({ config, stateDir }: Subject): Promise<boolean> {
  const path = (file: RacsFile): string => racsFilePath(config.racs, stateDir, file)
  const isConfigured = Object.values(config.racs.files).some((file) => file !== undefined)
  if (isConfigured || existsSync(path('users'))) return false
  if (!existsSync(path('ca'))) return true
  const { isDevelopmentPki } = await import('../../../pki/development.ts')
  try {
    return await isDevelopmentPki(join(stateDir, 'pki'))
  } catch {
    // Told by the check of the authority.
    return false
  }
}

/** Where the files are, and what makes them anew. */
export interface Files {
  readonly path: (file: RacsFile) => string
  readonly keyOrigin: KeyPlace['origin']
  readonly now: Date
  readonly user: string
  /** They are those of `iose pki`, or would be. */
  readonly isOwn: boolean
  readonly hasCrlConfigured: boolean
  readonly legacyRsa: boolean
  readonly flags: string
}

function filesOf({ config, stateDir, user, flags, now }: Subject): Files {
  const { racs } = config
  const path = (file: RacsFile): string => racsFilePath(racs, stateDir, file)
  const isOwn =
    path('ca') === join(stateDir, 'pki/ca.pem') && path('cert') === join(stateDir, 'pki/server.pem')
  const hasCrlConfigured = racs.files.crl !== undefined
  const { origin: keyOrigin } = racsKeyPlace(racs, stateDir)
  return { path, keyOrigin, now, user: user.name, isOwn, hasCrlConfigured, legacyRsa: racs.legacyRsa, flags }
}

function caFindings({ path, now, isOwn, flags, user }: Files): Finding[] {
  const file = path('ca')
  const read = textAt(file)
  const remedy = isOwn ? `iose pki init${flags} && iose pki server${flags}` : dates(file)
  if ('obstacle' in read) return [unreadable('ca', { file, user, remedy }, read.obstacle)]
  const certificate = certificateIn(read)
  if (certificate === undefined) return [wrong('ca', { found: `${file} is no certificate in PEM`, remedy })]
  const anew = isOwn ? `mv ${join(file, '..')} ${join(file, '..')}.old && ${remedy}` : remedy
  return [validityFinding('ca', { file, ...validityOf(certificate), remedy: anew }, now)]
}

function serverFindings({ path, now, isOwn, flags, user, legacyRsa }: Files): Finding[] {
  const [file, ca] = [path('cert'), certificateIn(textAt(path('ca')))]
  const remedy = isOwn ? `iose pki server${legacyRsa ? ' --rsa' : ''}${flags}` : dates(file)
  const read = textAt(file)
  if ('obstacle' in read) return [unreadable('certificate', { file, user, remedy }, read.obstacle)]
  const certificate = certificateIn(read)
  if (certificate === undefined) {
    return [wrong('certificate', { found: `${file} is no certificate in PEM`, remedy })]
  }
  const findings = [validityFinding('certificate', { file, ...validityOf(certificate), remedy }, now)]
  if (ca !== undefined && !certificate.verify(ca.publicKey)) {
    const complaint = {
      found: `${file} is not signed by ${path('ca')}`,
      meaning:
        'clients that have only that authority, as `iose pki client` leaves it to them, refuse the gateway',
      remedy,
    }
    findings.push(isOwn ? wrong('certificate', complaint) : warning('certificate', complaint))
  }
  return findings
}

async function crlFindings({ path, now, isOwn, flags, user, hasCrlConfigured }: Files): Promise<Finding[]> {
  const file = path('crl')
  const read = textAt(file)
  const remedy = isOwn ? `rm -f ${file}; iose pki server${flags}` : `openssl crl -in ${file} -noout -text`
  if ('obstacle' in read) {
    if (hasCrlConfigured || read.obstacle !== 'ENOENT') {
      return [unreadable('crl', { file, user, remedy }, read.obstacle)]
    }
    return [
      warning('crl', { found: `${file} is not there`, meaning: 'no certificate can be revoked', remedy }),
    ]
  }
  const { datesOfCrl } = await import('../../../pki/certificates.ts')
  try {
    const { thisUpdate, nextUpdate } = datesOfCrl(read.text)
    if (nextUpdate === undefined) return [fine('crl', `${file}, without an end`)]
    return [validityFinding('crl', { file, notBefore: thisUpdate, notAfter: nextUpdate, remedy }, now)]
  } catch {
    return [wrong('crl', { found: `${file} is no revocation list in PEM`, remedy })]
  }
}

/** Something that holds for a while. */
export interface Dated {
  readonly file: string
  readonly notBefore: Date
  readonly notAfter: Date
  /** What makes it anew. */
  readonly remedy: string
}

/** What is to be said of its dates. */
export function validityFinding(
  check: string,
  { file, notBefore, notAfter, remedy }: Dated,
  now: Date,
): Finding {
  const begins = dayOf(notBefore)
  const ends = dayOf(notAfter)
  if (now < notBefore) {
    const found = `${file} is valid from ${begins} on, and it is ${dayOf(now)} here`
    return wrong(check, { found, meaning: 'the clock is wrong, nearly always', remedy: CLOCK_REMEDY })
  }
  if (now > notAfter) {
    const found = `${file} expired on ${ends}`
    return wrong(check, { found, meaning: EXPIRED[check] ?? 'clients refuse the gateway', remedy })
  }
  const days = Math.floor((notAfter.getTime() - now.getTime()) / DAY_MS)
  if (days >= EARLY_DAYS) return fine(check, `${file}, until ${ends}`)
  const found = `${file} expires on ${ends}, in ${days} ${days === 1 ? 'day' : 'days'}`
  return warning(check, { found, remedy })
}

/** What is to be said of the mode of a file with a secret. */
export function secretFinding(check: string, file: string, mode: number): Finding {
  if ((mode & 0o077) === 0) return fine(check, file)
  const found = `${file} can be read by others (mode ${mode.toString(8)})`
  return warning(check, { found, meaning: 'it is a secret', remedy: `chmod 600 ${file}` })
}

interface Unread {
  readonly file: string
  /** Who cannot read it. */
  readonly user: string
  /** What makes it, if it is not there. */
  readonly remedy: string
}

/** What is to be said of a file that cannot be read. */
export function unreadable(check: string, { file, user, remedy }: Unread, obstacle: string): Finding {
  if (obstacle === 'ENOENT' || obstacle === 'ENOTDIR') {
    return wrong(check, { found: `${file} is not there`, remedy })
  }
  if (obstacle !== 'EACCES' && obstacle !== 'EPERM') {
    return wrong(check, { found: `${file} cannot be read: ${obstacle}`, remedy: `ls -ld ${file}` })
  }
  const found = `${file} may not be read by ${user}`
  const meaning = `${user} is not whom the gateway runs as, or the file came from somebody else`
  return wrong(check, { found, meaning, remedy: `sudo chown ${user} ${file}` })
}

export function certificateIn(read: TextOrObstacle): X509Certificate | undefined {
  try {
    return 'text' in read ? new X509Certificate(read.text) : undefined
  } catch {
    return undefined
  }
}

function validityOf({ validFrom, validTo }: X509Certificate): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(validFrom), notAfter: new Date(validTo) }
}

/** For certificates that somebody else's authority has made. */
function dates(file: string): string {
  return `openssl x509 -in ${file} -noout -issuer -dates; then a new one from there`
}

function dayOf(date: Date): string {
  return date.toISOString().slice(0, 10)
}

const EXPIRED: Readonly<Record<string, string>> = {
  ca: 'nothing that it has signed is accepted any more',
  crl: 'no client certificate is accepted any more',
}
const CLOCK_REMEDY = 'date; sudo timedatectl set-ntp true'
const CRL_DEADLINE_MS = 10_000
const EARLY_DAYS = 30
const DAY_MS = 86_400_000
