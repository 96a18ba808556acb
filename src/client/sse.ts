// Server-sent events out of a byte stream (WHATWG HTML, section 9.2.6), without ids and retry times: we have no use
// for them.

import { StringDecoder } from 'node:string_decoder'
import { ClientError } from './errors.ts'

export interface ServerEvent {
  /** `message` when the server gives it no name. */
  readonly name: string
  readonly data: string
}

export class EventAssembler {
  readonly #decoder = new StringDecoder('utf8')
  /** What has come since the last line end. */
  #text = ''
  #name = ''
  #data: string[] = []
  #dataLength = 0

  /**
   * @param chunk  any bytes, cut anywhere
   * @returns the events that are whole now
   * @throws ClientError client.protocol when a line or an event is too long
   */
  push(chunk: Uint8Array): ServerEvent[] {
    this.#text += this.#decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))
    // A CR at the end may be half of a line end.
    const whole = /\r$/.test(this.#text) ? this.#text.length - 1 : this.#text.length
    const lines = this.#text.slice(0, whole).split(/\r\n|\r|\n/)
    this.#text = (lines.pop() ?? '') + this.#text.slice(whole)
    if (this.#text.length > MAX_LINE || lines.some((line) => line.length > MAX_LINE)) throw overlong('a line')
    return lines.flatMap((line) => this.#take(line) ?? [])
  }

  /** An empty line ends an event; one that begins with a colon is a comment. */
  #take(line: string): ServerEvent | undefined {
    if (line === '') return this.#end()
    const colon = line.indexOf(':')
    if (colon === 0) return undefined
    const [field, value] =
      colon < 0 ? [line, ''] : [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, '')]
    if (field === 'event') this.#name = value
    if (field === 'data') {
      this.#dataLength += value.length
      if (this.#dataLength > MAX_EVENT) throw overlong('an event')
      this.#data.push(value)
    }
    return undefined
  }

  #end(): ServerEvent | undefined {
    const [name, data] = [this.#name || 'message', this.#data]
    this.#name = ''
    this.#data = []
    this.#dataLength = 0
    return data.length === 0 ? undefined : { name, data: data.join('\n') }
  }
}

function overlong(what: string): ClientError {
  return new ClientError('client.protocol', `${what} of the answer is longer than any should be`)
}

/** In characters: a row has some hundreds, and the first event has all slots in one line. */
export const MAX_LINE = 4 * 1024 * 1024
export const MAX_EVENT = 4 * 1024 * 1024
