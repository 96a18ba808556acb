// What clients and elements do, counted as it happens: by the planes' observer, the slots' events and the guard.

import type { PlaneEvent, PlaneObserver, SessionClosed } from '../../base/plane-events.ts'
import type { SlotEvent } from '../../slots/events.ts'
import { Counter, type Durations, type Family, Histogram, single } from './family.ts'

/** What the guard has done about a try of a key or a PIN. */
export type TryOutcome = 'counted' | 'refused'

type Commanded = Extract<SlotEvent, { readonly kind: 'commanded' }>

export class Activity {
  readonly families: readonly Family[]
  readonly observer: PlaneObserver = {
    tell: (event) => {
      this.#onPlane(event)
      return Promise.resolve()
    },
    check: () => undefined,
  }
  readonly #sessions = new Counter('iose_sessions_total', HELP.sessions, ['plane', 'code'])
  readonly #sessionTimes = new Histogram('iose_session_seconds', HELP.sessionTimes, SESSION_S)
  readonly #waits = new Histogram('iose_session_wait_seconds', HELP.waits, WAIT_S)
  readonly #handshakes = new Histogram('iose_handshake_seconds', HELP.handshakes, COMMAND_S)
  readonly #apdus = new Histogram('iose_apdu_seconds', HELP.apdus, COMMAND_S)
  readonly #apduFailures = new Counter('iose_apdu_failures_total', HELP.apduFailures, ['plane', 'driver'])
  readonly #tries = new Counter('iose_tries_total', HELP.tries, ['kind', 'outcome'])
  readonly #commands = new Counter('iose_racs_commands_total', HELP.commands, ['command'])
  readonly #commandFailures = new Counter('iose_racs_command_failures_total', HELP.commandFailures, ['code'])
  readonly #serviceTimes = this.#sessionTimes.series({ plane: 'tls_se' })
  readonly #clientTimes = this.#sessionTimes.series({ plane: 'racs' })
  readonly #wait = this.#waits.series({})
  readonly #opened = this.#handshakes.series({ outcome: 'opened' })
  readonly #failed = this.#handshakes.series({ outcome: 'failed' })
  /** By driver, then by plane: two look-ups and no text made, since this is on the way of every APDU. */
  readonly #apduTimes = new Map<string, Record<Plane, Durations>>()
  /** Sessions with an element, by peer: how long each had waited for it, milliseconds. */
  readonly #waited = new Map<string, number>()
  #clients = 0
  #lines = 0

  constructor() {
    this.#sessions.begin('tls_se', 'closed').begin('racs', 'closed')
    for (const kind of ['authentication', 'verification']) {
      this.#tries.begin(kind, 'counted').begin(kind, 'refused')
    }
    this.families = [
      ...[this.#sessions, this.#sessionTimes, this.#waits, this.#handshakes],
      ...[this.#apdus, this.#apduFailures, this.#tries],
      single('gauge', 'iose_racs_clients', HELP.clients, () => this.#clients),
      ...[this.#commands, this.#commandFailures],
      single('counter', 'iose_racs_lines_total', HELP.lines, () => this.#lines),
    ]
  }

  /** What a slot tells. */
  onSlot(event: SlotEvent): void {
    if (event.kind === 'commanded') this.#onCommand(event)
  }

  /** What the guard tells. */
  onTry(kind: string, outcome: TryOutcome): void {
    this.#tries.add(kind, outcome)
  }

  #onCommand({ driver, holder, outcome, durationMs }: Commanded): void {
    const plane = planeOf(holder)
    let times = this.#apduTimes.get(driver)
    if (times === undefined) this.#apduTimes.set(driver, (times = this.#timesOf(driver)))
    times[plane].add(durationMs)
    if (outcome === 'failed') this.#apduFailures.add(plane, driver)
  }

  #timesOf(driver: string): Record<Plane, Durations> {
    const of = (plane: Plane): Durations => {
      this.#apduFailures.begin(plane, driver)
      return this.#apdus.series({ plane, driver })
    }
    return { tls_se: of('tls_se'), racs: of('racs'), gateway: of('gateway') }
  }

  #onPlane(event: PlaneEvent): void {
    switch (event.kind) {
      case 'session.opened':
        this.#waited.set(event.peer, event.waitedMs)
        this.#wait.add(event.waitedMs)
        break
      case 'session.closed':
        this.#onSessionClosed(event)
        break
      case 'client.opened':
        this.#clients++
        break
      case 'client.closed':
        this.#clients--
        this.#lines += event.lines
        this.#sessions.add('racs', event.code)
        this.#clientTimes.add(event.durationMs)
        break
      case 'command.started':
        this.#commands.add(event.command)
        break
      case 'command.failed':
        this.#commandFailures.add(event.code)
        break
      case 'update.started':
      case 'update.ended':
      case 'restart.ordered':
      case 'restart.failed':
        // Once in months: no series, but records of the audit log.
        break
      default:
        event satisfies never
    }
  }

  #onSessionClosed({ peer, code, handshakeMs, durationMs }: SessionClosed): void {
    const waitedMs = this.#waited.get(peer)
    this.#waited.delete(peer)
    this.#sessions.add('tls_se', code)
    this.#serviceTimes.add(durationMs)
    if (handshakeMs !== undefined) this.#opened.add(handshakeMs)
    // Who never had an element had no handshake either.
    else if (waitedMs !== undefined) this.#failed.add(durationMs - waitedMs)
  }
}

/** Who has an element. */
export type Plane = 'tls_se' | 'racs' | 'gateway'

/** Of a holder, as leases call it. */
export function planeOf(holder: string): Plane {
  if (holder.startsWith('tls-se ')) return 'tls_se'
  return holder.startsWith('racs ') ? 'racs' : 'gateway'
}

const HELP = {
  sessions:
    'Sessions that have ended, by plane and by how: closed when it was as it should be, else the code of the error.',
  sessionTimes: 'Time from the acceptance of a client to its end, by plane.',
  waits:
    'Time from the acceptance of a TLS-SE client until it had its element, the reading of its hello included.',
  handshakes:
    'Time from the grant of the element to the open channel, or to the end of a session that came no further.',
  apdus: 'Time from the start of a command in a lease to its answer, by plane and kind of driver.',
  apduFailures: 'Commands that were not answered by a status word, by plane and kind of driver.',
  tries:
    'Tries of keys (authentication) and PINs (verification) of elements that the guard has counted as wrong or refused.',
  clients: 'Clients of the administration plane that have proven who they are and are connected now.',
  commands: 'Lines of the administration plane that do something to an element, by command.',
  commandFailures: 'Such lines that were refused or failed, by the code of the error.',
  lines: 'Lines of all requests of clients of the administration plane that have gone.',
}

/** Seconds: what an answer of an element takes, from simulated ones to RSA key generation. */
const COMMAND_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const WAIT_S = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 20]
const SESSION_S = [0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 3600]
