// The one place that decides what a client is told when its session ends before the element has spoken.

import { codeOf } from '../base/errors.ts'

/** AlertDescription, RFC 8446 section 6. */
export const ALERT = {
  recordOverflow: 22,
  handshakeFailure: 40,
  decodeError: 50,
  protocolVersion: 70,
  internalError: 80,
  unrecognizedName: 112,
} as const

/**
 * The alert record for an error, or undefined when the client gets a plain close: it is gone, it was silent, or
 * what it speaks is not TLS. Once the element has spoken, no alert is possible: only the element has the keys.
 * Layout: ContentType alert(15) 0303 0002, level fatal(02), description(1); RFC 8446 sections 5.1 and 6.
 */
export function alertFor(error: unknown): Uint8Array | undefined {
  const description = descriptionOf(codeOf(error))
  return description === undefined
    ? undefined
    : Uint8Array.of(0x15, 0x03, 0x03, 0x00, 0x02, 0x02, description)
}

function descriptionOf(code: string): number | undefined {
  return code in BY_CODE ? BY_CODE[code] : ALERT.internalError
}

/** Everything that is not listed is our side's trouble: load, element, link, or a bug. */
const BY_CODE: Record<string, number | undefined> = {
  'peer.syntax': ALERT.decodeError,
  'peer.oversize': ALERT.recordOverflow,
  'peer.no-sni': ALERT.unrecognizedName,
  'peer.unknown-sen': ALERT.unrecognizedName,
  'peer.unfit-hello': ALERT.handshakeFailure,
  'peer.not-tls13': ALERT.protocolVersion,
  'peer.refused': ALERT.handshakeFailure,
  'peer.not-tls': undefined,
  'peer.timeout': undefined,
  'peer.gone': undefined,
}
