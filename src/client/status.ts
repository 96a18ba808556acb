// The users' side of a gateway's status plane: HTTP with a token.

import { get, type IncomingMessage } from 'node:http'
import type { Clock, Timer } from '../base/clock.ts'
import { messageOf } from '../base/errors.ts'
import { ClientError } from './errors.ts'
import { fieldsOf, type SlotRow, slotRowOf, slotRowsOf } from './slot-row.ts'
import { EventAssembler, type ServerEvent } from './sse.ts'

export interface StatusTarget {
  readonly url: URL
  /** Empty: none. */
  readonly token: string
  readonly clock: Clock
}

/** What a gateway tells while one listens; `raw` is as it came. */
export type StatusEvent = { readonly raw: unknown } & (
  | { readonly kind: 'slots'; readonly rows: readonly SlotRow[] }
  | { readonly kind: 'slot'; readonly row: SlotRow }
  | { readonly kind: 'change'; readonly change: Change }
  | { readonly kind: 'press'; readonly press: Press }
)

export interface Change {
  readonly seid: string
  readonly from: string
  readonly to: string
  readonly cause: string
  readonly at: string
}

export interface Press {
  readonly seid: string
  readonly held_ms: number
  readonly outcome: string
  readonly at: string
}

export class StatusClient {
  readonly #target: StatusTarget

  constructor(target: StatusTarget) {
    this.#target = target
  }

  /**
   * All slots as they are.
   * @returns checked, and as it came
   * @throws ClientError
   */
  async slots(): Promise<{ rows: SlotRow[]; raw: unknown }> {
    let text = ''
    for await (const chunk of this.#chunks('/api/slots', new AbortController().signal)) {
      text += Buffer.from(chunk).toString('latin1')
      if (text.length > MAX_ANSWER_BYTES) throw new ClientError('client.protocol', 'the answer does not end')
    }
    const raw = parsed(Buffer.from(text, 'latin1').toString('utf8'))
    return { rows: slotRowsOf(raw), raw }
  }

  /**
   * How the slots are, and then what happens to them, until `signal` is aborted or the gateway ends it.
   * @throws ClientError
   */
  async *watch(signal: AbortSignal): AsyncGenerator<StatusEvent, void, undefined> {
    const assembler = new EventAssembler()
    for await (const chunk of this.#chunks('/api/events', signal)) {
      for (const event of assembler.push(chunk)) {
        const known = statusEventOf(event)
        if (known !== undefined) yield known
      }
    }
  }

  /** The body of an answer, as it comes; it may pause for `SILENCE_MS`. */
  async *#chunks(path: string, signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
    const { clock } = this.#target
    const silence = new AbortController()
    const both = AbortSignal.any([signal, silence.signal])
    let timer: Timer | undefined
    const listen = (): void => {
      timer?.cancel()
      timer = clock.at(clock.now() + SILENCE_MS, () => silence.abort())
    }
    try {
      listen()
      const response = await this.#ask(path, both)
      for await (const chunk of response) {
        listen()
        yield chunk as Uint8Array
      }
    } catch (error) {
      if (error instanceof ClientError) throw error
      if (signal.aborted) return
      if (silence.signal.aborted) {
        throw new ClientError('client.timeout', `nothing was heard for ${SILENCE_MS / 1000} s`)
      }
      throw new ClientError('client.transport', messageOf(error), { cause: error })
    } finally {
      timer?.cancel()
    }
  }

  async #ask(path: string, signal: AbortSignal): Promise<IncomingMessage> {
    const { url, token } = this.#target
    const headers: Record<string, string> = token === '' ? {} : { authorization: `Bearer ${token}` }
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      get(new URL(path, url), { headers, signal, agent: false }, resolve).on('error', reject)
    })
    if (response.statusCode === 200) return response
    response.destroy()
    if (response.statusCode === 401) throw new ClientError('client.refused', 'it does not accept the token')
    throw new ClientError('client.protocol', `it answers ${response.statusCode ?? 0}, as no gateway does`)
  }
}

/** Undefined for what a later gateway may tell besides. */
function statusEventOf({ name, data }: ServerEvent): StatusEvent | undefined {
  const raw = parsed(data)
  switch (name) {
    case 'slots':
      return { kind: 'slots', rows: slotRowsOf(raw), raw }
    case 'slot':
      return { kind: 'slot', row: slotRowOf(raw), raw }
    case 'change':
      return { kind: 'change', change: fieldsOf(raw, CHANGE) as unknown as Change, raw }
    case 'press':
      return { kind: 'press', press: fieldsOf(raw, PRESS) as unknown as Press, raw }
    default:
      return undefined
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new ClientError('client.protocol', 'the answer is not JSON', { cause: error })
  }
}

const CHANGE = { seid: 'string', from: 'string', to: 'string', cause: 'string', at: 'string' }
const PRESS = { seid: 'string', held_ms: 'number', outcome: 'string', at: 'string' }
/** The gateway says something every 15 s. */
const SILENCE_MS = 40_000
const MAX_ANSWER_BYTES = 4 * 1024 * 1024
