// What an alert means to a person who wanted to use an element (RFC 8446 section 6).

import { ClientError } from '../errors.ts'

/** Level warning, close_notify. */
export const CLOSE_NOTIFY = Uint8Array.of(1, 0)

/** @param bytes  level and description */
export function alertError(bytes: Uint8Array): ClientError {
  const [, description] = bytes
  if (bytes.length !== 2 || description === undefined) {
    return new ClientError('client.protocol', 'a malformed alert')
  }
  const { name, meaning } = ALERTS[description] ?? {
    name: `alert ${description}`,
    meaning: 'the server gave up',
  }
  return new ClientError('client.refused', `${name}: ${meaning}`, { alert: description })
}

/** True when the other side has said that it has another key. */
export function saysWrongKey({ alert }: ClientError): boolean {
  return alert === 40 || alert === 51
}

const ALERTS: Readonly<Record<number, { readonly name: string; readonly meaning: string }>> = {
  10: { name: 'unexpected_message', meaning: 'the server did not expect what was sent' },
  20: { name: 'bad_record_mac', meaning: 'what was sent did not arrive as it was' },
  22: { name: 'record_overflow', meaning: 'what was sent is longer than the element takes' },
  40: { name: 'handshake_failure', meaning: 'the element refuses: a wrong key or identity, most likely' },
  47: { name: 'illegal_parameter', meaning: 'the server cannot use what was offered' },
  50: { name: 'decode_error', meaning: 'the server cannot read what was sent' },
  51: { name: 'decrypt_error', meaning: 'the key is wrong, most likely' },
  70: { name: 'protocol_version', meaning: 'the server does not speak TLS 1.3' },
  71: { name: 'insufficient_security', meaning: 'the server wants another suite' },
  80: {
    name: 'internal_error',
    meaning: 'the element is busy, or it failed: the log of the gateway says which',
  },
  112: { name: 'unrecognized_name', meaning: 'no element has this name, or two have' },
  115: { name: 'unknown_psk_identity', meaning: 'the server does not know the identity' },
  116: { name: 'certificate_required', meaning: 'the server wants a certificate' },
}
