// RACS over one TLS connection: a stream of lines in, responses out, in order.

import type { Connection } from '../net/connection.ts'
import { PeerError } from '../net/errors.ts'
import { LineAssembler, MAX_LINE_BYTES } from './grammar.ts'
import { Outbox } from './outbox.ts'
import type { Peer } from './peer.ts'
import { type Response, textOf } from './script.ts'

/**
 * Serves a client to its end; never rejects because of the client or an element.
 * @param start  what was read of it already
 */
export async function serveLines(
  connection: Connection,
  peer: Peer,
  start: Uint8Array = new Uint8Array(0),
): Promise<void> {
  connection.onGone = () => {
    // A client that has said all it wants and closes its side still gets its answers.
    if (connection.failure !== undefined) peer.abandon(connection.failure)
  }
  const { draining } = peer
  const pause = { isNow: false, mayBe: false }
  const stop = (): void => {
    if (pause.isNow) connection.fail(draining.reason as Error)
  }
  draining.addEventListener('abort', stop)
  const outbox = new Outbox(connection, peer.environment)
  let failure: unknown
  try {
    await answerAll(connection, peer, { outbox, start, pause })
    await outbox.flushed()
  } catch (error) {
    failure = error
  }
  draining.removeEventListener('abort', stop)
  connection.end()
  // What it holds is free before its socket is: the next client must not have to wait for slow goodbyes.
  await peer[Symbol.asyncDispose]()
  await connection.close()
  peer.logEnd(failure)
}

async function answerAll(
  connection: Connection,
  peer: Peer,
  { outbox, start, pause }: Exchange,
): Promise<void> {
  const { draining } = peer
  const { clock, dialect, limits } = peer.environment
  const lines = new LineAssembler()
  lines.push(start)
  const script = peer.script()
  const answer = (response: Response): void => {
    pause.mayBe = true
    outbox.push(textOf(response, dialect))
    peer.answered()
  }
  let deadline = clock.now() + limits.idleTimeoutMs
  for (;;) {
    if (connection.failure !== undefined) throw connection.failure
    const line = lines.next()
    if (line !== undefined) {
      const response = await script.take(line)
      deadline = clock.now() + limits.idleTimeoutMs
      if (response === 'close') {
        await outbox.flushed()
        throw new PeerError('peer.syntax', 'an empty line')
      }
      if (response === undefined) continue
      answer(response)
      if (response.closes) return
      if (outbox.isFull) await outbox.flushed()
    } else if (lines.isOverlong) {
      answer(script.overlong(MAX_LINE_BYTES))
      await outbox.flushed()
      throw new PeerError('peer.oversize', `a line of more than ${MAX_LINE_BYTES} bytes`)
    } else {
      await outbox.flushed()
      pause.isNow = pause.mayBe && script.isIdle && !lines.isMidLine
      if (draining.aborted && pause.isNow) throw draining.reason
      const chunk = await connection.read(deadline, 'no line in time')
      pause.isNow = false
      if (chunk === undefined) {
        if (lines.isMidLine || !script.isIdle) {
          throw new PeerError('peer.gone', 'the client closed in the middle of a request')
        }
        return
      }
      lines.push(chunk)
    }
  }
}

interface Exchange {
  readonly outbox: Outbox
  /** What was read already. */
  readonly start: Uint8Array
  /** Whether the next byte would begin a request; before the first one there is no pause. */
  readonly pause: { isNow: boolean; mayBe: boolean }
}
