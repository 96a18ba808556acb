// What OpenSSL, Node and the kernel say when a connection fails, in words for a person.

import { ClientError } from './errors.ts'
import { messageText } from './printable.ts'

/** A gateway on Node.js, as ours, sends no alert for a certificate that it does not accept: it just closes. */
export const UNHEARD = ' before it said anything: it may not accept this certificate'

/**
 * The error of a connection that failed for `cause`.
 * @param when  added when the gateway cut it
 */
export function transportFailure(cause: unknown, when: string): ClientError {
  const isCut = CUT.has(codeOf(cause))
  const words = isCut ? `the gateway cut the connection${when}` : wordsOf(cause)
  return new ClientError('client.transport', words, { cause })
}

/** Why certificate, key or CA cannot be used at all. */
export function credentialFailure(cause: unknown): ClientError {
  const code = codeOf(cause)
  const words = CREDENTIALS.find(([part]) => code.includes(part))?.[1] ?? 'one of them is not PEM, or damaged'
  return new ClientError('client.request', `certificate, key or CA cannot be used: ${words}`, { cause })
}

function wordsOf(cause: unknown): string {
  const code = codeOf(cause)
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const { reason } = cause as { reason?: unknown }
    return `the certificate of the gateway is for another name: ${messageText(String(reason))}`
  }
  const known = VERIFICATION[code] ?? SYSTEM[code]
  if (known !== undefined) return known
  const alert = /^ERR_SSL_.*ALERT_(.+)$/.exec(code)?.[1]
  if (alert !== undefined) {
    const words = ALERTS[alert] ?? `TLS alert ${alert.toLowerCase().replaceAll('_', ' ')}`
    return `refused by the gateway: ${words}`
  }
  if (NOT_TLS.some((part) => code.includes(part))) return 'what answers there does not speak TLS'
  const message = cause instanceof Error ? cause.message : String(cause)
  return `the connection failed: ${messageText(message)}`
}

function codeOf(cause: unknown): string {
  const { code } = Object(cause) as { code?: unknown }
  return typeof code === 'string' ? code : ''
}

const UNKNOWN_CA_WORDS = 'the certificate of the gateway is from an unknown CA: not the one given'

/** Our own verification of the gateway: codes of OpenSSL, X509_V_ERR_... without that. */
const VERIFICATION: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'the certificate of the gateway, or one above it, has expired',
  CERT_NOT_YET_VALID: 'the certificate of the gateway is not valid yet: is the clock of this machine right?',
  CERT_REVOKED: 'the certificate of the gateway is revoked',
  CERT_SIGNATURE_FAILURE: 'the certificate of the gateway is not signed by the CA it names',
  CERT_UNTRUSTED: UNKNOWN_CA_WORDS,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_CA_WORDS,
  INVALID_CA: UNKNOWN_CA_WORDS,
  INVALID_PURPOSE: 'the certificate of the gateway is not one for a server',
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_CA_WORDS,
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_CA_WORDS,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_CA_WORDS,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_CA_WORDS,
}

/** Alerts of RFC 8446 section 6, as they end OpenSSL's names of errors. */
const ALERTS: Readonly<Record<string, string>> = {
  ACCESS_DENIED: 'this certificate has no access',
  BAD_CERTIFICATE: 'it does not accept this certificate',
  CERTIFICATE_EXPIRED: 'this certificate has expired',
  CERTIFICATE_REQUIRED: 'it wants a certificate',
  CERTIFICATE_REVOKED: 'this certificate is revoked',
  CERTIFICATE_UNKNOWN: 'it does not accept this certificate',
  DECRYPT_ERROR: 'it does not accept this certificate',
  HANDSHAKE_FAILURE: 'no common version, cipher or certificate',
  PROTOCOL_VERSION: 'no common version of TLS',
  UNKNOWN_CA: 'this certificate is from a CA it does not know',
  UNSUPPORTED_CERTIFICATE: 'it does not accept this kind of certificate',
}

const CUT: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE'])

const SYSTEM: Readonly<Record<string, string>> = {
  EAI_AGAIN: 'its name cannot be looked up now',
  ECONNREFUSED: 'nobody listens there',
  EHOSTUNREACH: 'there is no way to its address',
  ENETUNREACH: 'there is no way to its network',
  ENOTFOUND: 'its name is unknown',
  ETIMEDOUT: 'its address does not answer',
}

const NOT_TLS = [
  'WRONG_VERSION_NUMBER',
  'PACKET_LENGTH_TOO_LONG',
  'BAD_RECORD_TYPE',
  'HTTP_REQUEST',
  'UNKNOWN_PROTOCOL',
]

const CREDENTIALS: readonly [part: string, words: string][] = [
  ['KEY_VALUES_MISMATCH', 'the key is not that of the certificate'],
  ['BAD_DECRYPT', 'the key is encrypted'],
  ['PASSWORD', 'the key is encrypted'],
  ['NO_START_LINE', 'one of them is not PEM'],
]
