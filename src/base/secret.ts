// Bytes that nobody should read by accident.

import { inspect } from 'node:util'

/**
 * Secret bytes. They are bytes for whoever computes with them, pieces and copies included; whatever makes text of them,
 * a log, JSON, a template, an error, shows `[secret]`. Who really wants the digits says so: `hexOf`.
 */
export class SecretBytes extends Uint8Array<ArrayBuffer> {
  override toString(): string {
    return SHOWN
  }

  override toLocaleString(): string {
    return SHOWN
  }

  override join(): string {
    return SHOWN
  }

  toJSON(): string {
    return SHOWN
  }

  [Symbol.toPrimitive](): string {
    return SHOWN
  }

  [inspect.custom](): string {
    return SHOWN
  }
}

/** A copy of `bytes` that is secret; undefined stays undefined. */
export function secretOf(bytes: Uint8Array): SecretBytes
export function secretOf(bytes: Uint8Array | undefined): SecretBytes | undefined
export function secretOf(bytes: Uint8Array | undefined): SecretBytes | undefined {
  if (bytes === undefined) return undefined
  const secret = new SecretBytes(new ArrayBuffer(bytes.length))
  secret.set(bytes)
  return secret
}

const SHOWN = '[secret]'
