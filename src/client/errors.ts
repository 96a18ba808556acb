// What can go wrong between a user and a gateway.

import { CodedError } from '../base/errors.ts'
import type { StatusLine } from '../racs/grammar.ts'

/**
 * `client.request`: what was to be sent is no RACS, and nothing was sent; `client.refused`: a `-` status;
 * `client.transport`: TCP or TLS failed, or the connection was cut; `client.protocol`: the answer is not RACS, or over
 * a bound, or not one to what was asked; `client.timeout`: no answer in time; `client.reader`: there is no virtual
 * reader, or it is gone.
 */
export type ClientErrorCode =
  | 'client.request'
  | 'client.refused'
  | 'client.transport'
  | 'client.protocol'
  | 'client.timeout'
  | 'client.reader'

/** No message holds bytes of an APDU. */
export class ClientError extends CodedError<ClientErrorCode> {
  /** The refusal itself, of `client.refused` over RACS only. */
  readonly status: StatusLine | undefined
  /** The alert that says so, of `client.refused` over TLS only: its number (RFC 8446 section 6). */
  readonly alert: number | undefined

  constructor(
    code: ClientErrorCode,
    message: string,
    options?: ErrorOptions & { status?: StatusLine; alert?: number },
  ) {
    super(code, message, options)
    this.status = options?.status
    this.alert = options?.alert
  }
}
