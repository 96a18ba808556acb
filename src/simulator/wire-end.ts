// Between the bus side of a simulated chip and the protocol in it.

/** One block that waits to be read, from its first byte after each `receive`. */
export interface Outgoing {
  readonly bytes: Uint8Array
  /** How long the chip is not there once this is read: it resets, or powers down. */
  readonly quietMs?: number
}

/** The protocol in a chip. It never waits: `now` says how far its computations are. */
export interface WireEnd {
  /** False while it computes and has no ear for its bus. */
  isListening(now: number): boolean
  /** One transmission of the host; ignored unless it is listening. Borrowed until the call returns. */
  receive(frame: Uint8Array, now: number): void
  /** The last block sent, or undefined while there is none yet. */
  outgoing(now: number): Outgoing | undefined
  reset(): void
  /** Before its next answer the card asks so many times for more time, where its protocol can. */
  delayAnswer(requests: number): void
}
