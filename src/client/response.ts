// The bytes of a server to answers, and whether an answer fits what was asked. A server may be hostile: everything
// is bounded, and what is not RACS ends the connection.

import { type StatusLine, statusLineOf, tokensOf, withoutCr } from '../racs/grammar.ts'
import { ClientError } from './errors.ts'
import type { RacsRequest } from './request.ts'

export interface RacsReply {
  readonly id: string | undefined
  /** At least one; a `-` only as the last. */
  readonly statuses: readonly StatusLine[]
}

/** Longest answer, line ends included; one line of it may be as long. */
export const MAX_RESPONSE_BYTES = 1_048_576

/**
 * Collects answers. Not grammar's LineAssembler, which searches its text anew with each chunk: with lines of 1 MiB a
 * server that sends single bytes would keep us copying.
 */
export class ResponseReader {
  #parts: string[] = []
  /** Bytes of the answer that is being read. */
  #bytes = 0
  #reply: { id: string | undefined; statuses: StatusLine[] } | undefined
  #mayEnd = false

  /** True when bytes lie here that belong to no whole answer. */
  get isMidAnswer(): boolean {
    return this.#bytes > 0 && !this.#mayEnd
  }

  /**
   * The answers that `chunk` completes, in order.
   * @param chunk  borrowed until the iteration ends; iterate to the end
   * @throws ClientError client.protocol, after the answers before the fault; the reader is of no use then
   */
  *read(chunk: Uint8Array): Generator<RacsReply, void> {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    for (let start = 0; start < bytes.length; ) {
      const lf = bytes.indexOf(LF, start)
      const end = lf < 0 ? bytes.length : lf + 1
      this.#bytes += end - start
      if (this.#bytes > MAX_RESPONSE_BYTES) throw fault(`it is longer than ${MAX_RESPONSE_BYTES} bytes`)
      this.#parts.push(bytes.toString('latin1', start, lf < 0 ? end : lf))
      start = end
      if (lf < 0) return
      const line = withoutCr(this.#parts.join(''))
      this.#parts = []
      const reply = this.#take(line)
      if (reply === undefined) continue
      this.#reply = undefined
      this.#bytes = 0
      yield reply
    }
  }

  /** The answer that `line` completes, if it does. */
  #take(line: string): RacsReply | undefined {
    const tokens = tokensOf(line)
    const isEnd = tokens.length === 1 && tokens[0] === 'END'
    const reply = this.#reply
    if (reply === undefined) {
      const isLateEnd = this.#mayEnd && isEnd
      this.#mayEnd = false
      if (isLateEnd) this.#bytes = 0
      else this.#reply = begun(line, tokens)
      return undefined
    }
    if (isEnd) {
      if (reply.statuses.length === 0) throw fault('it says nothing between BEGIN and END')
      return reply
    }
    const status = statusLineOf(line)
    if (status === undefined) throw fault('a line of it is neither a status nor END')
    const last = reply.statuses.at(-1)
    if (last?.sign === '-') throw fault('it goes on after a refusal')
    if (last !== undefined && status.line <= last.line) throw fault('its lines are out of order')
    reply.statuses.push(status)
    if (status.sign === '+' || status.code !== NO_SEN) return undefined
    // The original server sends no END after this one (seen), ours does.
    this.#mayEnd = true
    return reply
  }
}

/**
 * Checks that `reply` can be the answer to `request`.
 * @throws ClientError client.protocol
 */
export function checkReply(request: RacsRequest, reply: RacsReply): void {
  const last = reply.statuses.at(-1)
  if (last === undefined) throw fault('it says nothing')
  if (reply.id !== request.id) {
    // A server that could not read our BEGIN has no name to repeat.
    const isAboutBegin = reply.id === undefined && last.sign === '-' && last.line === 0
    if (!isAboutBegin) throw fault('it is one to another request')
  }
  if (last.line > request.lines.length) throw fault('it is about a line that was not sent')
  if (last.sign === '+' && last.line !== request.lines.length) throw fault('it stops before the last line')
}

function begun(
  line: string,
  [first, id, ...rest]: readonly string[],
): {
  id: string | undefined
  statuses: StatusLine[]
} {
  if (first === 'BEGIN' && rest.length === 0) return { id, statuses: [] }
  throw fault(line.startsWith('HTTP/') ? 'it is HTTP' : 'it does not start with BEGIN')
}

function fault(what: string): ClientError {
  return new ClientError('client.protocol', `the answer is not RACS, or not ours: ${what}`)
}

const LF = 0x0a
/** GET-SEN of an element without a name. */
const NO_SEN = '911'
