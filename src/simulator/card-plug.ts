// A card in a virtual reader of vsmartcard: the reader (vpcd) listens, the card dials.

import { connect, type Socket } from 'node:net'
import type { Timer } from '../base/clock.ts'
import { CardEnd, type CardEndOptions } from './card-end.ts'

export interface CardPlugOptions extends CardEndOptions {
  readonly host: string
  readonly port: number
  /** The card is in the reader, for the first time or again. */
  readonly onPlugged: () => void
}

/** Plugs the card in, and again whenever the reader goes or is not there yet, until disposed. */
export function plugCard(options: CardPlugOptions): Disposable {
  const { host, port, clock, onPlugged } = options
  let isPlugged = true
  let waitMs = FIRST_WAIT_MS
  let socket: Socket
  let timer: Timer | undefined
  const dial = (): void => {
    socket = connect({ host, port, noDelay: true })
    socket.on('error', () => undefined)
    socket.on('connect', () => {
      waitMs = FIRST_WAIT_MS
      onPlugged()
    })
    socket.on('close', () => {
      if (!isPlugged) return
      timer = clock.at(clock.now() + waitMs, dial)
      waitMs = Math.min(2 * waitMs, MAX_WAIT_MS)
    })
    new CardEnd(socket, options, MAX_COMMAND_BYTES).start()
  }
  dial()
  return {
    [Symbol.dispose]() {
      isPlugged = false
      timer?.cancel()
      socket.destroy()
    },
  }
}

/** Extended commands are the card's to refuse. */
const MAX_COMMAND_BYTES = 0xffff
const FIRST_WAIT_MS = 100
const MAX_WAIT_MS = 5_000
