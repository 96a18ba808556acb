// One client from accept to close: hello, route, lease, handshake, records. One loop, every wait with a deadline.

import type { Clock } from '../base/clock.ts'
import { codeOf, messageOf } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import type { Inventory } from '../slots/inventory.ts'
import type { Lease, Slot } from '../slots/slot.ts'
import { alertFor } from './alert.ts'
import { HelloCollector, MAX_CLIENT_HELLO_BYTES, parseClientHello } from './client-hello.ts'
import type { Connection } from './connection.ts'
import { PeerError } from './errors.ts'
import { hexOfSw, RecordExchange } from './exchange.ts'
import { CONTENT_TYPE, RECORD_HEADER_BYTES, RecordAssembler } from './record.ts'
import { routeOf } from './route.ts'

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
}

/** How a session ended; it becomes the one log line of the session. */
interface Ending {
  /** `closed` when it ended as sessions should, else the code of an error. */
  readonly code: string
  readonly cause: string
  readonly alert?: Uint8Array | undefined
}

/** Serves one client to its end and frees its socket; never rejects because of the client or the element. */
export async function serveSession(
  connection: Connection,
  peer: string,
  environment: SessionEnvironment,
): Promise<void> {
  const session = new Session(connection, peer, environment)
  await session.run()
}

class Session {
  readonly #connection: Connection
  readonly #environment: SessionEnvironment
  readonly #peer: string
  readonly #acceptedAt: number
  readonly #assembler = new RecordAssembler(RECORD_HEADER_BYTES + MAX_CLIENT_HELLO_BYTES)
  #log: Log
  #records = 0
  #commands = 0
  #handshakeMs: number | undefined
  /** From the first byte that the element sent, only the element can send alerts: the client expects them encrypted. */
  #hasElementSpoken = false

  constructor(connection: Connection, peer: string, environment: SessionEnvironment) {
    this.#connection = connection
    this.#environment = environment
    this.#peer = peer
    this.#acceptedAt = environment.clock.now()
    this.#log = environment.log.child({ peer })
  }

  async run(): Promise<void> {
    let ending: Ending
    try {
      ending = await this.#untilClosed()
    } catch (error) {
      ending = this.#endingOf(error)
      this.#connection.end(ending.alert)
    }
    const isPeerClosed = await this.#connection.linger()
    this.#logEnd(ending, isPeerClosed)
  }

  async #untilClosed(): Promise<Ending> {
    const { clock, inventory, limits } = this.#environment
    const message = await this.#readHello(this.#acceptedAt + limits.helloTimeoutMs)
    const slot = routeOf(parseClientHello(message), message.length, inventory)
    this.#log = this.#log.child({ sen: slot.sen, seid: slot.seid, slot: slot.id })
    const hello = helloRecord(message)
    await using lease = await this.#acquire(slot)
    this.#connection.onGone = undefined
    lease.revoked.addEventListener('abort', () => this.#connection.fail(lease.revoked.reason as Error))
    this.#log.info('session.routed', { waitedMs: Math.round(clock.now() - this.#acceptedAt) })
    let ending: Ending
    try {
      ending = await this.#relay(lease, hello)
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

  async #acquire(slot: Slot): Promise<Lease> {
    const { clock, limits } = this.#environment
    const controller = new AbortController()
    this.#connection.onGone = (error) => controller.abort(error)
    const holder = `tls-se ${this.#peer}`
    return slot.acquire({ holder, deadline: clock.now() + limits.queueWaitMs }, controller.signal)
  }

  async #relay(lease: Lease, hello: Uint8Array): Promise<Ending> {
    const { clock, limits } = this.#environment
    const grantedAt = clock.now()
    const endsAt = grantedAt + limits.sessionTimeoutMs
    const exchange = new RecordExchange(lease)
    let deadline = Math.min(endsAt, grantedAt + limits.handshakeTimeoutMs)
    let record: Uint8Array | undefined = hello
    this.#assembler.maxRecordBytes = lease.slot.maxRecordBytes
    await exchange.open(deadline)
    while (record !== undefined) {
      const outcome = await exchange.send(record, deadline)
      this.#records++
      this.#commands = exchange.commands
      if (outcome.kind === 'refused') return this.#refusal(outcome.sw)
      if (outcome.records.length > 0) {
        this.#hasElementSpoken = true
        await this.#connection.write(outcome.records, deadline)
      }
      if (outcome.kind === 'finished') return { code: 'closed', cause: 'closed by the element' }
      if (outcome.kind === 'opened') this.#handshakeMs = Math.round(clock.now() - grantedAt)
      const isOpen = this.#handshakeMs !== undefined
      if (isOpen) deadline = Math.min(endsAt, clock.now() + limits.idleTimeoutMs)
      record = await this.#nextRecord(deadline, silenceOf(isOpen, deadline === endsAt))
    }
    if (this.#handshakeMs === undefined)
      throw new PeerError('peer.gone', 'the client closed during the handshake')
    return { code: 'closed', cause: 'closed by the client' }
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

  #refusal(sw: number): Ending {
    const isOpen = this.#handshakeMs !== undefined
    if (isOpen && sw === SW_TLS_ERROR)
      return { code: REFUSED_IN_OPEN, cause: 'the element refused the record' }
    const what = sw === SW_TLS_ERROR ? 'wrong PSK or identity, most likely' : 'not what TLS-SE answers'
    const cause = `the element refused the ${isOpen ? 'record' : 'handshake'} with ${hexOfSw(sw)}: ${what}`
    return this.#endingOf(new PeerError('peer.refused', cause))
  }

  #endingOf(error: unknown): Ending {
    const alert = this.#hasElementSpoken ? undefined : alertFor(error)
    return { code: codeOf(error), cause: messageOf(error), alert }
  }

  #logEnd(ending: Ending, isPeerClosed: boolean): void {
    // A close_notify is a record that the element does not know: 6D16, and the client's FIN follows.
    const isCloseNotify = ending.code === REFUSED_IN_OPEN && isPeerClosed
    const code = isCloseNotify ? 'closed' : ending.code
    const cause = isCloseNotify ? 'closed by the client' : ending.cause
    const isOurs = !code.startsWith('peer.') && !code.startsWith('lease.') && code !== 'closed'
    this.#log[isOurs ? 'warn' : 'info']('session.closed', {
      code,
      cause,
      records: this.#records,
      commands: this.#commands,
      handshakeMs: this.#handshakeMs,
      durationMs: Math.round(this.#environment.clock.now() - this.#acceptedAt),
    })
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
  if (isEndOfSession) return 'the session has lasted as long as it may'
  return isOpen ? 'no record in time' : 'handshake not finished in time'
}

/** TLS error: the element has wiped its session. */
const SW_TLS_ERROR = 0x6d16

/** Stands for `peer.refused` until it is known whether the record was a close_notify. */
const REFUSED_IN_OPEN = 'peer.refused'
