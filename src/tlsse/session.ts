// One client from accept to close: hello, route, lease, handshake, records. One loop, every wait with a deadline.

import type { Clock } from '../base/clock.ts'
import { codeOf, messageOf } from '../base/errors.ts'
import { hexOfSw } from '../base/hex.ts'
import type { Log } from '../base/log.ts'
import type { PlaneObserver } from '../base/plane-events.ts'
import { ElementError } from '../drivers/errors.ts'
import type { Connection } from '../net/connection.ts'
import { PeerError } from '../net/errors.ts'
import type { Inventory } from '../slots/inventory.ts'
import type { Lease } from '../slots/lease.ts'
import type { Slot } from '../slots/slot.ts'
import { alertFor } from './alert.ts'
import { HelloCollector, MAX_CLIENT_HELLO_BYTES, parseClientHello } from './client-hello.ts'
import { type Outcome, RecordExchange } from './exchange.ts'
import { CONTENT_TYPE, RECORD_HEADER_BYTES, RecordAssembler } from './record.ts'
import { type Route, routeOf } from './route.ts'

/** The timers follow one another; milliseconds. */
export interface SessionLimits {
  /** From accept to the whole ClientHello. */
  readonly helloTimeoutMs: number
  /** Then waiting for a busy element. */
  readonly queueWaitMs: number
  /** Then, from the grant of the lease, until the element says that the channel is open. */
  readonly handshakeTimeoutMs: number
  /** Then silence between records. */
  readonly idleTimeoutMs: number
  /** From the grant of the lease to the end, whatever happens. */
  readonly sessionTimeoutMs: number
}

export interface SessionEnvironment {
  readonly clock: Clock
  readonly log: Log
  readonly inventory: Inventory
  readonly limits: SessionLimits
  readonly observer: PlaneObserver
}

/** How a session ended; it becomes the one log line of the session. */
interface Ending {
  /** `closed` when it ended as sessions should, else the code of an error. */
  readonly code: string
  readonly cause: string
  readonly alert?: Uint8Array | undefined
  /** The element refused a record as it refuses every alert: a close_notify, if the client's FIN follows. */
  readonly mayBeCloseNotify?: boolean
}

/** Serves one client to its end and frees its socket; never rejects because of the client or the element. */
export function serveSession(
  connection: Connection,
  peer: string,
  environment: SessionEnvironment,
): Promise<void> {
  return new Session(connection, peer, environment).run()
}

class Session {
  readonly #connection: Connection
  readonly #environment: SessionEnvironment
  readonly #peer: string
  readonly #acceptedAt: number
  readonly #assembler = new RecordAssembler(RECORD_HEADER_BYTES + MAX_CLIENT_HELLO_BYTES)
  #route: Route | undefined
  /** Of a pool, known with the lease only. */
  #slot: Slot | undefined
  #exchange: RecordExchange | undefined
  #records = 0
  #handshakeMs: number | undefined
  /** From the first byte that the element sent, only the element can send alerts: the client expects them encrypted. */
  #hasElementSpoken = false

  constructor(connection: Connection, peer: string, environment: SessionEnvironment) {
    this.#connection = connection
    this.#environment = environment
    this.#peer = peer
    this.#acceptedAt = environment.clock.now()
  }

  async run(): Promise<void> {
    const ending = await this.#untilClosed().catch((error: unknown) => this.#endingOf(error))
    this.#connection.end(ending.alert)
    const hasClientClosed = await this.#connection.close()
    this.#logEnd(ending.mayBeCloseNotify === true && hasClientClosed ? CLOSED_BY_CLIENT : ending)
  }

  async #untilClosed(): Promise<Ending> {
    const { clock, inventory, limits, log, observer } = this.#environment
    const message = await this.#readHello(this.#acceptedAt + limits.helloTimeoutMs)
    const route = routeOf(parseClientHello(message), message.length, inventory)
    this.#route = route
    this.#slot = route.slot
    const hello = helloRecord(message)
    observer.check()
    await using lease = await this.#acquire(route)
    this.#slot = lease.slot
    this.#connection.onGone = undefined
    lease.revoked.addEventListener('abort', () => this.#connection.fail(lease.revoked.reason as Error))
    const waitedMs = Math.round(clock.now() - this.#acceptedAt)
    log.info('session.routed', { ...this.#identity(), waitedMs })
    const kept = observer.tell({ kind: 'session.opened', ...this.#identity(), waitedMs })
    // Told once, and where the client would get its first answer.
    kept.catch(() => undefined)
    let ending: Ending
    try {
      ending = await this.#relay(lease, hello, kept)
    } catch (error) {
      ending = this.#endingOf(error)
    }
    // The client need not wait for the reset of the element that ends the lease.
    this.#connection.end(ending.alert)
    return ending
  }

  async #readHello(deadline: number): Promise<Uint8Array> {
    const collector = new HelloCollector()
    for (;;) {
      const record = await this.#nextRecord(deadline, 'no whole ClientHello in time')
      if (record === undefined) {
        throw new PeerError('peer.gone', 'the client closed before its ClientHello was whole')
      }
      const message = collector.add(record)
      if (message !== undefined) return message
    }
  }

  async #acquire(route: Route): Promise<Lease> {
    const { clock, limits } = this.#environment
    const controller = new AbortController()
    this.#connection.onGone = (error) => controller.abort(error)
    const holder = `tls-se ${this.#peer}`
    const address = this.#peer.slice(0, this.#peer.lastIndexOf(':'))
    return route.acquire({ holder, address, deadline: clock.now() + limits.queueWaitMs }, controller.signal)
  }

  async #relay(lease: Lease, hello: Uint8Array, kept: Promise<void>): Promise<Ending> {
    const { clock, limits } = this.#environment
    const grantedAt = clock.now()
    const endsAt = grantedAt + limits.sessionTimeoutMs
    const openedBy = Math.min(endsAt, grantedAt + limits.handshakeTimeoutMs)
    const exchange = new RecordExchange(lease)
    this.#exchange = exchange
    let record: Uint8Array | undefined = hello
    let deadline = openedBy
    this.#assembler.maxRecordBytes = lease.slot.maxRecordBytes
    await exchange.open(deadline)
    while (record !== undefined) {
      const outcome = await this.#send(exchange, record, { deadline, endsAt })
      this.#records++
      if (outcome.kind === 'refused') return this.#refusal(outcome.sw, record)
      if (outcome.records.length > 0) {
        await kept
        this.#hasElementSpoken = true
        await this.#connection.write(outcome.records, deadline)
      }
      if (outcome.kind === 'finished') return { code: 'closed', cause: 'closed by the element' }
      if (outcome.kind === 'opened') this.#handshakeMs = Math.round(clock.now() - grantedAt)
      const isOpen = this.#handshakeMs !== undefined
      const nextDeadline = (): number =>
        isOpen ? Math.min(endsAt, clock.now() + limits.idleTimeoutMs) : openedBy
      const silentUntil = nextDeadline()
      record = await this.#nextRecord(silentUntil, silenceOf(isOpen, silentUntil === endsAt))
      // The element's time to answer begins when the record is there, not when the silence began.
      deadline = nextDeadline()
    }
    if (this.#handshakeMs === undefined) {
      throw new PeerError('peer.gone', 'the client closed during the handshake')
    }
    return CLOSED_BY_CLIENT
  }

  /** As RecordExchange.send; but when the session has ended meanwhile, that is the cause, not the element. */
  async #send(
    exchange: RecordExchange,
    record: Uint8Array,
    { deadline, endsAt }: { deadline: number; endsAt: number },
  ): Promise<Outcome> {
    try {
      return await exchange.send(record, deadline)
    } catch (error) {
      if (codeOf(error) !== 'link.timeout' || this.#environment.clock.now() < endsAt) throw error
      throw new PeerError('peer.timeout', SESSION_OVER, { cause: error })
    }
  }

  /** The next record, or undefined when the client closed its side at a record boundary. */
  async #nextRecord(deadline: number, silence: string): Promise<Uint8Array | undefined> {
    for (;;) {
      const record = this.#assembler.next()
      if (record !== undefined) return record
      const chunk = await this.#connection.read(deadline, silence)
      if (chunk === undefined) {
        if (this.#assembler.isBetweenRecords) return undefined
        throw new PeerError('peer.gone', 'the client closed in the middle of a record')
      }
      this.#assembler.push(chunk)
    }
  }

  #refusal(sw: number, record: Uint8Array): Ending {
    if (sw !== SW_TLS_ERROR) {
      throw new ElementError('element.unsupported', `the element answered ${hexOfSw(sw)} to a TLS record`)
    }
    if (this.#handshakeMs === undefined) {
      const cause = 'the element refused the handshake with 6D16: wrong PSK or identity, most likely'
      throw new PeerError('peer.refused', cause)
    }
    const mayBeCloseNotify = record.length === ALERT_RECORD_BYTES
    return { code: 'peer.refused', cause: 'the element refused the record', mayBeCloseNotify }
  }

  #endingOf(error: unknown): Ending {
    const alert = this.#hasElementSpoken ? undefined : alertFor(error)
    return { code: codeOf(error), cause: messageOf(error), alert }
  }

  #logEnd({ code, cause }: Ending): void {
    const { clock, log, observer } = this.#environment
    const isOthersDoing = code === 'closed' || code.startsWith('peer.') || code.startsWith('lease.')
    const story = {
      ...this.#identity(),
      ...{ code, cause, records: this.#records, commands: this.#exchange?.commands ?? 0 },
      handshakeMs: this.#handshakeMs,
      durationMs: Math.round(clock.now() - this.#acceptedAt),
    }
    log[isOthersDoing ? 'info' : 'warn']('session.closed', story)
    // Whoever cannot keep it lets no new session begin.
    observer.tell({ kind: 'session.closed', ...story }).catch(() => undefined)
  }

  /** What tells this session from others. Put together when a line is written: idle clients cost no logger. */
  #identity() {
    const { sen, pool } = this.#route ?? {}
    return { peer: this.#peer, sen, pool, seid: this.#slot?.seid, slot: this.#slot?.id }
  }
}

/**
 * The one record in which an element gets its ClientHello, whatever records the client used: record headers are
 * not part of the transcript that the binder covers.
 */
function helloRecord(message: Uint8Array): Uint8Array {
  const record = new Uint8Array(RECORD_HEADER_BYTES + message.length)
  record.set([CONTENT_TYPE.handshake, 0x03, 0x01, message.length >> 8, message.length & 0xff])
  record.set(message, RECORD_HEADER_BYTES)
  return record
}

function silenceOf(isOpen: boolean, isEndOfSession: boolean): string {
  if (isEndOfSession) return SESSION_OVER
  return isOpen ? 'no record in time' : 'handshake not finished in time'
}

const SESSION_OVER = 'the session has lasted as long as it may'

/** TLS error: the element has wiped its session. */
const SW_TLS_ERROR = 0x6d16

/** An encrypted alert: level and description, content type, tag; RFC 8446 section 5.2, AES-128-CCM. */
const ALERT_RECORD_BYTES = RECORD_HEADER_BYTES + 2 + 1 + 16

const CLOSED_BY_CLIENT: Ending = { code: 'closed', cause: 'closed by the client' }
