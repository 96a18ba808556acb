// What may stand in a certificate: names of users, hosts of the gateway.

import { isIP } from 'node:net'
import { PkiError } from './errors.ts'

/**
 * Returns when `name` may be a user's: 1 to 64 of A-Z a-z 0-9 . _ @ -, and so never a path, and at most what X.509
 * allows for a common name (RFC 5280 appendix A, ub-common-name).
 * @throws PkiError pki.name
 */
export function checkUserName(name: string): void {
  if (!USER_NAME.test(name)) {
    const rule = '1 to 64 of A-Z a-z 0-9 . _ @ -, the first of them neither . nor -'
    throw new PkiError('pki.name', `${JSON.stringify(name.slice(0, 80))} cannot be a user's name: ${rule}`)
  }
  // Their certificates would have the name of a file of the authority, on some systems in any case of letters.
  if (RESERVED.has(name.toLowerCase()))
    throw new PkiError('pki.name', `the name '${name}' is kept for the files of the authority itself`)
}

/**
 * Returns when `name` may be the authority's: 1 to 64 characters to print.
 * @throws PkiError pki.name
 */
export function checkAuthorityName(name: string): void {
  if (AUTHORITY_NAME.test(name)) return
  const rule = '1 to 64 printable characters'
  throw new PkiError('pki.name', `${JSON.stringify(name.slice(0, 80))} cannot name an authority: ${rule}`)
}

/** What sort of host `host` is, or undefined when it is none that a certificate can name. */
export function hostKindOf(host: string): 'dns' | 'ip' | undefined {
  // An IPv6 zone ("fe80::1%eth0") means something on one machine only.
  if (isIP(host) !== 0) return host.includes('%') ? undefined : 'ip'
  // "1.2.3.400" is a mistyped address, not a name (RFC 1123 section 2.1: the last label is alphabetic).
  const isDns = host.length <= 253 && host.split('.').every((label) => DNS_LABEL.test(label))
  return isDns && !/(^|\.)[0-9]+$/.test(host) ? 'dns' : undefined
}

const USER_NAME = /^[A-Za-z0-9_@][A-Za-z0-9._@-]{0,63}$/
const AUTHORITY_NAME = /^[^\p{C}\p{Zl}\p{Zp}]{1,64}$/u
const DNS_LABEL = /^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/
const RESERVED: ReadonlySet<string> = new Set(['ca', 'server', 'crl'])
