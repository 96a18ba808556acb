// When the files of the administration plane end to be valid.

import { X509Certificate } from 'node:crypto'
import type { RacsCredentials } from '../../racs/server.ts'
import type { Expiry } from '../../status/metrics/process-families.ts'

/** Of several certificates or lists in one file, the end that comes first. */
export function expiriesOf({ cert, ca, crl }: RacsCredentials): readonly Expiry[] {
  // Only the first certificate is the server's own; those behind it lead to an authority that clients know.
  const [own] = blocksOf(cert).map(certificateEndMs)
  const ends = [
    { file: 'server', atMs: own ?? NaN },
    { file: 'ca', atMs: Math.min(...blocksOf(ca).map(certificateEndMs)) },
    { file: 'crl', atMs: Math.min(...blocksOf(crl ?? '').map(listEndMs)) },
  ] as const
  return ends.filter(({ atMs }) => Number.isFinite(atMs))
}

/**
 * `nextUpdate` of a revocation list, milliseconds since 1970; Infinity when it has none or is not understood.
 * @param der  CertificateList, RFC 5280 section 5.1
 */
export function nextUpdateOf(der: Uint8Array): number {
  const list = elementsOf(elementsOf(elementsOf(der)[0]?.value)[0]?.value)
  // version (optional INTEGER), signature, issuer, thisUpdate, nextUpdate (optional)
  const times = list.filter(({ tag }) => tag === UTC_TIME || tag === GENERALIZED_TIME)
  const next = times[1]
  return next === undefined ? Infinity : instantOf(next)
}

interface Element {
  readonly tag: number
  readonly value: Uint8Array
}

/** The elements of DER in a row, up to what is none. */
function elementsOf(bytes: Uint8Array = new Uint8Array(0)): Element[] {
  const elements: Element[] = []
  for (let at = 0; at + 2 <= bytes.length; ) {
    const [tag = 0, first = 0] = bytes.subarray(at, at + 2)
    const lengthBytes = first < 0x80 ? 0 : first & 0x7f
    const start = at + 2 + lengthBytes
    const length = first < 0x80 ? first : numberOf(bytes.subarray(at + 2, start))
    if (lengthBytes > 4 || start + length > bytes.length) break
    elements.push({ tag, value: bytes.subarray(start, start + length) })
    at = start + length
  }
  return elements
}

function numberOf(bytes: Uint8Array): number {
  return bytes.reduce((number, byte) => number * 256 + byte, 0)
}

/** YYMMDDhhmmssZ or YYYYMMDDhhmmssZ; RFC 5280 section 4.1.2.5: two digits below 50 are of this century. */
function instantOf({ tag, value }: Element): number {
  const text = Buffer.from(value).toString('latin1')
  const years = tag === UTC_TIME && Number(text.slice(0, 2)) < 50 ? '20' : tag === UTC_TIME ? '19' : ''
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(years + text)
  if (parts === null) return Infinity
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.slice(1).map(Number)
  return Date.UTC(year, month - 1, day, hour, minute, second)
}

function blocksOf(pem: string): string[] {
  return pem.match(/-----BEGIN [^-]+-----[^-]+-----END [^-]+-----/g) ?? []
}

function certificateEndMs(pem: string): number {
  try {
    return Date.parse(new X509Certificate(pem).validTo)
  } catch {
    // One that nobody can use ends nothing; whether it is needed is for the TLS library to say.
    return Infinity
  }
}

function listEndMs(pem: string): number {
  return nextUpdateOf(Buffer.from(pem.replace(/-----[^-]+-----/g, ''), 'base64'))
}

const UTC_TIME = 0x17
const GENERALIZED_TIME = 0x18
