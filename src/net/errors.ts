// What a client did that ends its session before or without any fault of ours.

import { CodedError } from '../base/errors.ts'

export type PeerErrorCode =
  | 'peer.syntax'
  | 'peer.oversize'
  | 'peer.no-sni'
  | 'peer.unknown-sen'
  | 'peer.unfit-hello'
  | 'peer.not-tls'
  | 'peer.not-tls13'
  | 'peer.refused'
  | 'peer.timeout'
  | 'peer.gone'

/**
 * The client's doing. `peer.not-tls`: the bytes are no TLS record; `peer.refused`: the element answered a TLS
 * error; `peer.timeout`: too slow or silent; `peer.gone`: the connection ended in the middle of something.
 */
export class PeerError extends CodedError<PeerErrorCode> {}
