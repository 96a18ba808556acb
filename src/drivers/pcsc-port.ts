// The port for a card reader library: what the driver needs of PC/SC, and no more. Two adapters implement it.
//
// Left out on purpose: SCardControl, which nothing needs, and SCardGetAttrib, which no library has. The serial number
// of a reader (tag 0x0103) is part of the name that pcscd gives it, see pcsc-names.ts.

import type { ResetKind } from './driver.ts'

export type LibraryName = 'pcsclite' | 'smartcard'

export interface CardLibrary {
  readonly name: LibraryName
  /**
   * Watches all readers from now on, by event.
   * @throws LinkError link.closed when pcscd does not answer
   */
  watch(listener: WatchListener): ReaderWatch
  /** The way to the card in one reader that a watch has reported, with a context of its own. Nothing is sent yet. */
  open(reader: string): CardSession
}

/** A reader and what is in it. */
export interface ReaderStatus {
  readonly reader: string
  readonly hasCard: boolean
  /** Counts cards in and cards out, modulo 65536: a card that was swapped shows by it, one that was reset does not. */
  readonly eventCount: number
}

export interface WatchListener {
  /** A reader is there, or what is in it has changed. */
  onReader(status: ReaderStatus): void
  /** The reader was unplugged. */
  onRemoved(reader: string): void
  /** pcscd is gone; called once, and nothing after it. The watch is closed. */
  onLost(cause: Error): void
}

export interface ReaderWatch {
  /** No more is reported. */
  close(): void
}

export type Protocol = 't0' | 't1'

export interface Reset {
  readonly protocol: Protocol
  /** A fresh array. */
  readonly atr: Uint8Array
}

/**
 * A card that nobody else may talk to meanwhile. One call at a time: a second one, `close` included, would stop the
 * whole process until the first is done.
 * All calls reject with the errors of `failureOf`.
 */
export interface CardSession {
  /** Connects where it is not connected, and resets the card. cold: power off and on; warm: reset line only. */
  reset(kind: ResetKind): Promise<Reset>
  /**
   * @param command  copied before this returns
   * @param maxResponseBytes  at most 65538
   * @returns the response, owned by the caller
   */
  transmit(command: Uint8Array, maxResponseBytes: number): Promise<Uint8Array>
  /** Powers the card off and lets go of the reader. The next reset connects again. */
  close(): Promise<void>
}
