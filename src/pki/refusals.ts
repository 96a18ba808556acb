// When the authority says no, and why.

import { join } from 'node:path'
import { PkiError } from './errors.ts'
import { FILE, isThere } from './files.ts'
import { isValid, type Ledger, type LedgerRow, readLedger } from './ledger.ts'

/**
 * Returns when an authority may be made in `directory`: there is none, or only what a `create` left that did not come
 * to its end, and so has issued nothing.
 * @throws PkiError pki.exists; pki.invalid
 */
export async function refuseToReplace(directory: string): Promise<void> {
  const [certificate, key] = [join(directory, FILE.certificate), join(directory, FILE.key)]
  if (await isThere(certificate)) throw new PkiError('pki.exists', `there is an authority: ${certificate}`)
  const index = join(directory, FILE.index)
  if (!(await isThere(index))) {
    if (await isThere(key)) throw new PkiError('pki.exists', `there is the key of an authority: ${key}`)
    return
  }
  if ((await readLedger(index)).certificates.length > 1)
    throw new PkiError('pki.exists', `there is the index of an authority: ${index}`)
}

/** One valid certificate a name. @throws PkiError pki.exists */
export function refuseSecondCertificate(name: string, { certificates }: Ledger, now: Date): void {
  const row = certificates.find((one) => one.kind === 'client' && one.name === name && isValid(one, now))
  if (row === undefined) return
  const until = row.notAfter.toISOString().slice(0, 10)
  throw new PkiError(
    'pki.exists',
    `'${name}' has a certificate that is valid until ${until}, serial ${row.serial}`,
  )
}

/** @throws PkiError pki.exists when one of the files is there */
export async function refuseToOverwrite(paths: readonly string[]): Promise<void> {
  for (const path of paths)
    if (await isThere(path)) throw new PkiError('pki.exists', `${path} is there already`)
}

/** Why there is nothing to revoke among `candidates`, in the order of issue. */
export function nothingToRevoke(name: string, candidates: readonly LedgerRow[]): PkiError {
  const last = candidates.at(-1)
  if (last === undefined) return new PkiError('pki.unknown', `no certificate was issued to '${name}'`)
  const how =
    last.revokedAt === undefined
      ? `expired on ${last.notAfter.toISOString()}`
      : `revoked on ${last.revokedAt.toISOString()}`
  return new PkiError('pki.unknown', `'${name}' has no valid certificate; the last one is ${how}`)
}
