// Server-sent events: what happens to the slots, to everybody who listens. A slot about which much happens is reported
// now and then only; who does not read is sent away.

import type { ServerResponse } from 'node:http'
import type { Clock, Timer } from '../base/clock.ts'
import type { Events } from '../base/events.ts'
import type { Log } from '../base/log.ts'
import type { SlotEvent } from '../slots/events.ts'
import { type RowSource, rowsOf } from './row.ts'
import { MAX_ROWS, type SessionRow } from './sessions.ts'
import type { UpdateRow } from './update/row.ts'

export interface FeedOptions extends RowSource {
  readonly clock: Clock
  readonly log: Log
  readonly events: Events<SlotEvent>
  /** Updates of the machine that operators upload. */
  readonly updates?: UpdateSource | undefined
}

export interface UpdateSource {
  /** That under way, or the last one. */
  readonly row: UpdateRow | undefined
  readonly changed: Events<UpdateRow>
}

export class Feed {
  readonly #options: FeedOptions
  /** With how many bytes may wait for it to read. */
  readonly #listeners = new Map<ServerResponse, number>()
  /** Slots that something has happened to since they were last reported. */
  readonly #touched = new Set<number>()
  /** Sessions that have ended since. */
  #ended: readonly SessionRow[] = []
  #isUpdateTouched = false
  #subscriptions: (Disposable | undefined)[] = []
  #pending: Timer | undefined
  #flushAt = 0
  #heartbeat: Timer | undefined

  constructor(options: FeedOptions) {
    this.#options = options
  }

  /** Begins the answer of one who wants to listen, with how things are now. */
  add(response: ServerResponse): void {
    response.writeHead(200, {
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
    })
    // However long it is: nobody can have read it yet.
    response.write(textOf('slots', rowsOf(this.#options)) + this.#updateText())
    this.#listeners.set(response, response.writableLength + MAX_UNREAD_BYTES)
    response.once('close', () => this.#remove(response))
    if (this.#listeners.size > 1) return
    const { events, sessions, updates } = this.#options
    this.#subscriptions = [
      events.subscribe((event) => this.#on(event)),
      sessions?.ended.subscribe((session) => this.#onSession(session)),
      updates?.changed.subscribe(() => this.#onUpdate()),
    ]
    this.#beatLater()
  }

  /** Ends all of them. */
  close(): void {
    for (const listener of this.#listeners.keys()) listener.end()
  }

  #remove(response: ServerResponse): void {
    this.#listeners.delete(response)
    if (this.#listeners.size > 0) return
    for (const subscription of this.#subscriptions) subscription?.[Symbol.dispose]()
    this.#pending?.cancel()
    this.#pending = undefined
    this.#touched.clear()
    this.#ended = []
    this.#isUpdateTouched = false
    this.#heartbeat?.cancel()
  }

  #on(event: SlotEvent): void {
    const { wallNow } = this.#options
    const { kind, slot, seid } = event
    const at = new Date(wallNow()).toISOString()
    if (kind === 'changed') {
      const { from, to, cause } = event
      this.#tellAll(textOf('change', { slot, seid, from, to, cause, at }))
    } else if (kind === 'pressed') {
      this.#tellAll(textOf('press', { slot, seid, held_ms: event.heldMs, outcome: event.outcome, at }))
    }
    this.#touched.add(slot)
    // Of what happens many times a second, a count now and then is enough.
    this.#flushIn(kind === 'commanded' ? COUNT_MS : COLLECT_MS)
  }

  #onSession(session: SessionRow): void {
    // No more than anybody keeps, whatever clients do.
    this.#ended = [...this.#ended.slice(1 - MAX_ROWS), session]
    if (session.slot !== null) this.#touched.add(session.slot)
    this.#flushIn(COLLECT_MS)
  }

  #onUpdate(): void {
    this.#isUpdateTouched = true
    this.#flushIn(UPDATE_MS)
  }

  #updateText(): string {
    const row = this.#options.updates?.row
    return row === undefined ? '' : textOf('update', row)
  }

  #flushIn(delayMs: number): void {
    const { clock } = this.#options
    const at = clock.now() + delayMs
    if (this.#pending !== undefined && this.#flushAt <= at) return
    this.#pending?.cancel()
    this.#flushAt = at
    this.#pending = clock.at(at, () => this.#flush())
  }

  #flush(): void {
    this.#pending = undefined
    const rows = rowsOf(this.#options, (slot) => this.#touched.has(slot))
    this.#touched.clear()
    const ended = this.#ended.map((session) => textOf('session', session))
    this.#ended = []
    const update = this.#isUpdateTouched ? this.#updateText() : ''
    this.#isUpdateTouched = false
    this.#tellAll([...ended, ...rows.map((row) => textOf('slot', row)), update].join(''))
  }

  #beatLater(): void {
    const { clock } = this.#options
    this.#heartbeat = clock.at(clock.now() + HEARTBEAT_MS, () => {
      this.#tellAll(':\n\n')
      this.#beatLater()
    })
  }

  #tellAll(text: string): void {
    for (const [listener, mostBytes] of this.#listeners) this.#tell(listener, text, mostBytes)
  }

  #tell(listener: ServerResponse, text: string, mostBytes: number): void {
    listener.write(text)
    if (listener.writableLength <= mostBytes) return
    this.#options.log.info('status.client-slow', { unreadBytes: listener.writableLength })
    listener.destroy()
  }
}

/** JSON has no line breaks, so one `data:` line holds it. */
function textOf(event: string, value: unknown): string {
  return `event: ${event}\ndata: ${JSON.stringify(value)}\n\n`
}

const COLLECT_MS = 50
const COUNT_MS = 1_000
/** Of an update, as often as a bar moves visibly. */
const UPDATE_MS = 250
const HEARTBEAT_MS = 15_000
/** Besides the first event. */
const MAX_UNREAD_BYTES = 256 * 1024
