// The card's side of a virtual reader of vsmartcard: the reader (vpcd, a driver of pcscd) listens, the card dials.

import { connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Clock } from '../base/clock.ts'
import { messageOf } from '../base/errors.ts'
import { CONTROL, FrameReader, frameOf } from '../base/vpcd-frames.ts'
import { ClientError } from './errors.ts'
import { transportFailure } from './tls-failure.ts'

/** What a reader does with its card. */
export interface CardInReader {
  readonly atr: Uint8Array
  reset(kind: 'cold' | 'warm'): Promise<void>
  /** @param command  borrowed until this returns */
  apdu(command: Uint8Array): Promise<Uint8Array>
}

export interface VirtualReader {
  readonly host: string
  readonly port: number
}

export interface DialOptions {
  readonly clock: Clock
  readonly deadline: number
  /** Ends the connection, now and later. */
  readonly signal: AbortSignal
}

/** A connection to the reader, which has asked nothing yet. @throws ClientError client.reader; what `signal` says */
export async function dialVpcd(reader: VirtualReader, options: DialOptions): Promise<Socket> {
  const { clock, deadline, signal } = options
  signal.throwIfAborted()
  const socket = connect({ ...reader, noDelay: true })
  const giveUp = (): void => {
    socket.destroy(new Error('given up'))
  }
  signal.addEventListener('abort', giveUp)
  socket.once('close', () => signal.removeEventListener('abort', giveUp))
  const timer = clock.at(deadline, () => socket.destroy(new Error('no answer in time')))
  try {
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
    return socket
  } catch (error) {
    const place = `${reader.host}:${reader.port}`
    throw gone(`no virtual reader at ${place}: ${transportFailure(error, '').message}`, error)
  } finally {
    timer.cancel()
  }
}

/**
 * Lets the reader use `card` until it hangs up.
 * @param onUse  called at its first question; until then another card may be in it
 * @throws ClientError client.reader when it hangs up, or is none; what `card` throws; what destroys the socket
 */
export async function serveVpcd(
  socket: Duplex,
  card: CardInReader,
  { clock, onUse }: { clock: Clock; onUse: () => void },
): Promise<never> {
  let isUsed = false
  let isOn = false
  const answerTo = async (payload: Uint8Array): Promise<Uint8Array | undefined> => {
    // Without power a card is mute.
    if (payload.length > 1) return isOn ? card.apdu(payload) : NOTHING
    switch (payload[0]) {
      case CONTROL.POWER_OFF:
        isOn = false
        return undefined
      case CONTROL.POWER_ON:
      case CONTROL.RESET:
        await card.reset(isOn && payload[0] === CONTROL.RESET ? 'warm' : 'cold')
        isOn = true
        return undefined
      case CONTROL.GET_ATR:
        return card.atr
      case undefined:
      default:
        throw gone('what listens there is no virtual reader')
    }
  }
  for await (const payload of payloadsOf(socket, clock)) {
    if (!isUsed) onUse()
    isUsed = true
    const answer = await answerTo(payload)
    if (answer === undefined) continue
    if (answer.length > MAX_FRAME_BYTES) {
      throw new ClientError('client.protocol', `an answer of ${answer.length} bytes, too long for a reader`)
    }
    socket.write(frameOf(answer))
    if (socket.writableLength > MAX_UNREAD_BYTES) throw gone('the virtual reader does not read its answers')
  }
  throw gone('pcscd hung up')
}

/**
 * Payloads, borrowed until the next one is asked for. Nothing is read meanwhile, so that nothing piles up; leaving the
 * iteration ends the connection.
 */
async function* payloadsOf(socket: Duplex, clock: Clock): AsyncGenerator<Uint8Array, void> {
  const frames = new FrameReader(MAX_FRAME_BYTES)
  const limit = (why: string) =>
    clock.at(clock.now() + FRAME_MS, () => socket.destroy(gone(`the virtual reader ${why}`)))
  // pcscd looks for its card several times a second.
  let timer = limit('asks nothing, another card may be in it')
  try {
    for await (const chunk of socket as AsyncIterable<Uint8Array>) {
      timer.cancel()
      for (const payload of frames.push(chunk) ?? []) {
        if (!socket.destroyed) yield payload
      }
      if (frames.isMidFrame) timer = limit('stopped in the middle of a frame')
    }
  } catch (error) {
    throw error instanceof ClientError ? error : gone(`pcscd hung up: ${messageOf(error)}`, error)
  } finally {
    timer.cancel()
  }
}

function gone(message: string, cause?: unknown): ClientError {
  return new ClientError('client.reader', message, { cause })
}

/** What the two bytes of a length can say. */
const MAX_FRAME_BYTES = 0xffff
const MAX_UNREAD_BYTES = 2 * MAX_FRAME_BYTES
const FRAME_MS = 5_000
const NOTHING = new Uint8Array(0)
