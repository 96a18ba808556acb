// Certificates for a gateway that is started for the first time, so that its administration plane can be used at once.

import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Authority } from './authority.ts'
import { isThere } from './files.ts'
import { hostKindOf } from './names.ts'

/**
 * Makes in `directory` what is missing of: an authority, the client `operator`, a certificate for the gateway. The
 * last is server.pem, so whoever finds that finds all of it; after a crash the next call goes on.
 * @param hosts  where the gateway listens; localhost, 127.0.0.1 and ::1 are added
 * @returns where the client's certificate is; its key lies beside it, `operator.key`
 * @throws PkiError
 */
export async function makeDevelopmentPki(
  directory: string,
  { hosts, now }: { hosts: readonly string[]; now: Date },
): Promise<{ client: string }> {
  const hasAuthority = await isThere(join(directory, 'ca.pem'))
  const authority = hasAuthority
    ? await Authority.open(directory)
    : await Authority.create(directory, { name: NAME, now })
  await ensureOperator(authority, directory, now)
  if (!(await isThere(join(directory, 'server.pem')))) {
    // A wildcard address is where to listen, not where to call.
    const callable = hosts.filter((host) => hostKindOf(host) !== undefined && !WILDCARD.has(host))
    await authority.issueServer({ hosts: [...LOOPBACK, ...callable], algorithm: 'ec', now })
  }
  return { client: join(directory, `${OPERATOR}.pem`) }
}

/**
 * Renews what `makeDevelopmentPki` has made and ends within two months. Keys stay, so that they may be elsewhere.
 * @returns paths of what was renewed
 * @throws PkiError
 */
export async function renewDevelopmentPki(directory: string, now: Date): Promise<string[]> {
  const paths = ['server', OPERATOR].map((name) => join(directory, `${name}.pem`))
  const due = paths.filter((path) => endOf(path) < now.getTime() + EARLY_MS)
  if (due.length === 0) return []
  const authority = await Authority.open(directory)
  const renewed: string[] = []
  for (const path of due) {
    // The authority ends, too.
    if (endOf(path) < authority.notAfter.getTime() && (await authority.renew(path, now))) renewed.push(path)
  }
  return renewed
}

/** True when the authority in `directory` is one that `makeDevelopmentPki` has made. */
export async function isDevelopmentPki(directory: string): Promise<boolean> {
  const pem = await readFile(join(directory, 'ca.pem'))
  return new X509Certificate(pem).subject === `CN=${NAME}`
}

async function ensureOperator(authority: Authority, directory: string, now: Date): Promise<void> {
  const key = join(directory, `${OPERATOR}.key`)
  if (await isThere(join(directory, `${OPERATOR}.pem`))) return
  const row = (await authority.list(now)).findLast(({ kind, name }) => kind === 'client' && name === OPERATOR)
  const isIssued = row?.status === 'valid'
  if (await isThere(key)) {
    // The key is written first, so a call before this one did not come to its end.
    if (isIssued) await authority.revoke(OPERATOR, now)
    await rm(key, { force: true })
  } else if (isIssued) {
    // Both files were taken elsewhere, and are in use there.
    return
  }
  await authority.issueClient({ name: OPERATOR, algorithm: 'ec', outDirectory: directory, now })
}

/** Milliseconds since 1970; Infinity for what is not there or no certificate. */
function endOf(path: string): number {
  try {
    return Date.parse(new X509Certificate(readFileSync(path)).validTo)
  } catch {
    // Whoever needs it says what is wrong with it.
    return Infinity
  }
}

const NAME = 'iose development CA'
const OPERATOR = 'operator'
const LOOPBACK = ['localhost', '127.0.0.1', '::1'] as const
/** Before those who watch for certificates that end are warned. */
const EARLY_MS = 60 * 86_400_000
const WILDCARD: ReadonlySet<string> = new Set(['0.0.0.0', '::'])
