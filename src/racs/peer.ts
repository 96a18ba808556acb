// One client of the administration plane, whatever form its requests have: who it is, what it holds, what is
// written about it.

import type { Identity, User } from '../access/user.ts'
import type { Clock } from '../base/clock.ts'
import { codeOf, messageOf } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import { type PlaneEvent, type PlaneObserver, UNOBSERVED } from '../base/plane-events.ts'
import { PeerError } from '../net/errors.ts'
import type { Inventory } from '../slots/inventory.ts'
import { Commands } from './commands.ts'
import type { CommandName, Dialect } from './dialect.ts'
import type { Guard } from './guard.ts'
import { Holdings } from './holdings.ts'
import { Script } from './script.ts'
import type { Failure } from './status.ts'

export interface PlaneEnvironment {
  readonly clock: Clock
  readonly log: Log
  readonly inventory: Inventory
  readonly guard: Guard
  readonly dialect: Dialect
  readonly limits: RacsLimits
  readonly observer?: PlaneObserver
  /** What is wrong with the clock of the machine, in words; undefined when it can be right. */
  readonly clockFault?: () => string | undefined
  /** The user by the users file as it is now. */
  userOf(identity: Identity): User | undefined
}

/** Milliseconds. */
export interface RacsLimits {
  /** From one whole line to the next; and how long a client may take to read its answers. */
  readonly idleTimeoutMs: number
  /** For one APDU line, all its commands together. */
  readonly apduTimeoutMs: number
}

export class Peer implements AsyncDisposable {
  /** `address:port`. */
  readonly name: string
  readonly environment: PlaneEnvironment
  readonly draining: AbortSignal
  readonly #identity: Identity
  readonly #log: Log
  readonly #openedAt: number
  readonly #abandonment = new AbortController()
  readonly #holdings: Holdings
  readonly #commands: Commands
  #requests = 0
  #lines = 0
  #failures = 0

  /** @param draining  when it is aborted, the client ends at the end of its request, a new one after its first */
  constructor(name: string, identity: Identity, environment: PlaneEnvironment, draining: AbortSignal) {
    this.draining = draining
    const { clock, dialect, guard, inventory, limits, log } = environment
    this.name = name
    this.environment = environment
    this.#identity = identity
    this.#log = log.child({ peer: name })
    this.#openedAt = clock.now()
    const user = (): User | undefined => environment.userOf(identity)
    const holder = (): string => `racs ${user()?.name ?? '?'} ${name}`
    this.#holdings = new Holdings(holder, this.#abandonment.signal, guard)
    const { apduTimeoutMs } = limits
    const context = { dialect, inventory, guard, clock, log: this.#log, apduTimeoutMs, user }
    this.#commands = new Commands(context, this.#holdings)
    const { cn, fingerprint } = identity
    this.#log.info('racs.opened', { user: user()?.name, cn, fingerprint })
    this.#tell({ kind: 'client.opened', peer: name, user: user()?.name, cn, fingerprint })
  }

  /** The state of a new request, or of a stream of them. */
  script(): Script {
    return new Script({
      dialect: this.environment.dialect,
      execute: (name, parameters) => {
        this.#lines++
        return ACTS.has(name) ? this.#act(name, parameters) : this.#commands.run(name, parameters)
      },
      onFailure: (failure, code, error) => this.#logFailure(failure, code, error),
    })
  }

  /** Counts a response that was given. */
  answered(): void {
    this.#requests++
  }

  /** The client is gone for good: nobody waits for anything in its name any more. */
  abandon(error: Error): void {
    this.#abandonment.abort(error)
  }

  /** Writes the one line about the end of this client. */
  logEnd(error?: unknown): void {
    const code = error === undefined ? 'closed' : codeOf(error)
    const isBug = code === 'internal.unreachable'
    const cause = error === undefined ? 'closed by the client' : messageOf(error)
    const durationMs = Math.round(this.environment.clock.now() - this.#openedAt)
    const story = {
      user: this.#userName,
      code,
      cause,
      lines: this.#lines,
      failures: this.#failures,
      durationMs,
    }
    this.#log[isBug ? 'error' : 'info']('racs.closed', { ...story, requests: this.#requests })
    this.#tell({ kind: 'client.closed', peer: this.name, ...story })
  }

  /** Gives back every element, reset. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#holdings[Symbol.asyncDispose]()
  }

  get #userName(): string | undefined {
    return this.environment.userOf(this.#identity)?.name
  }

  /** A line that does something: it is kept before its answer leaves, and not done when it could not be kept. */
  async #act(name: ActName, parameters: readonly string[]): Promise<string> {
    const { observer = UNOBSERVED } = this.environment
    observer.check()
    const line = { peer: this.name, user: this.#userName, ...this.#actOf(name, parameters) }
    const kept = observer.tell({ kind: 'command.started', ...line })
    // The element does its work meanwhile; what becomes of this promise is seen below.
    kept.catch(() => undefined)
    try {
      const text = await this.#commands.run(name, parameters)
      await kept
      return text
    } catch (error) {
      this.#tell({ kind: 'command.failed', ...line, code: codeOf(error), cause: messageOf(error) })
      throw error
    }
  }

  /** Of such a line what may be kept: never data, and no SEID that is none; somebody may have put a PIN there. */
  #actOf(name: ActName, [given = '', second = '']: readonly string[]) {
    const seid = this.environment.inventory.bySeid(given) === undefined ? '?' : given
    const header = name === 'APDU' ? /^[0-9A-Fa-f]{8}/.exec(second)?.[0].toUpperCase() : undefined
    return { command: name, seid, header }
  }

  /** What nobody waits for: who cannot keep it lets nothing new begin. */
  #tell(event: PlaneEvent): void {
    const { observer = UNOBSERVED } = this.environment
    observer.tell(event).catch(() => undefined)
  }

  #logFailure({ cause, text }: Failure, status: string, error: unknown): void {
    this.#failures++
    const isHurt = cause === 'link' || cause === 'element'
    // A client that went away while an element was reset for it is no fault of ours.
    const isGone = error instanceof PeerError
    const level = cause === 'system' && !isGone ? 'error' : isHurt ? 'warn' : 'info'
    // What our own bugs say is not for the client, but for this line.
    const said = cause === 'system' ? messageOf(error) : text
    this.#log[level]('request.failed', { status, code: codeOf(error), cause: said })
  }
}

type ActName = Exclude<CommandName, 'BEGIN'>

/** Commands that do something to an element, or to what is known of it. */
const ACTS: ReadonlySet<CommandName> = new Set([
  'RESET',
  'APDU',
  'SHUTDOWN',
  'POWERON',
  'SEN',
  'QUARANTINE',
  'TRIES',
])
