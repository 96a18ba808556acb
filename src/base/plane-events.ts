// What clients do on the planes, told to whoever counts it or keeps it: who, on which element, how it ended. Never what
// was said: neither data of commands nor records.

/** A client of the service plane has got its element. */
export interface SessionOpened extends OfSession {
  readonly kind: 'session.opened'
  /** From accept. */
  readonly waitedMs: number
}

/** A client of the service plane is gone, whether it had an element or not. */
export interface SessionClosed extends OfSession {
  readonly kind: 'session.closed'
  /** `closed` when it ended as sessions should, else the code of an error. */
  readonly code: string
  readonly cause: string
  readonly records: number
  readonly commands: number
  /** Undefined when the handshake was not finished. */
  readonly handshakeMs: number | undefined
  readonly durationMs: number
}

/** A client of the administration plane has proven who it is. */
export interface ClientOpened extends OfClient {
  readonly kind: 'client.opened'
  readonly cn: string | undefined
  /** SHA-256 of the certificate. */
  readonly fingerprint: string
}

export interface ClientClosed extends OfClient {
  readonly kind: 'client.closed'
  readonly code: string
  readonly cause: string
  readonly lines: number
  readonly failures: number
  readonly durationMs: number
}

/** A line of the administration plane that does something to an element, before it is carried out. */
export interface CommandStarted extends OfCommand {
  readonly kind: 'command.started'
}

/** That line was refused, or failed. */
export interface CommandFailed extends OfCommand {
  readonly kind: 'command.failed'
  readonly code: string
  readonly cause: string
}

/** An operator uploads an update of the machine, before any of it is taken. */
export interface UpdateStarted extends OfClient {
  readonly kind: 'update.started'
  readonly bytes: number
}

/** That update is installed, or was refused, or failed. */
export interface UpdateEnded extends OfClient {
  readonly kind: 'update.ended'
  /** Undefined as long as nobody has verified it. */
  readonly version: string | undefined
  /** `installed`, else the code of an error. */
  readonly code: string
  readonly cause: string
}

/** An operator orders a restart into an update, before it is done. */
export interface RestartOrdered extends OfClient {
  readonly kind: 'restart.ordered'
}

/** That restart was refused. */
export interface RestartFailed extends OfClient {
  readonly kind: 'restart.failed'
  readonly code: string
  readonly cause: string
}

export type PlaneEvent =
  | SessionOpened
  | SessionClosed
  | ClientOpened
  | ClientClosed
  | CommandStarted
  | CommandFailed
  | UpdateStarted
  | UpdateEnded
  | RestartOrdered
  | RestartFailed

export interface PlaneObserver {
  /**
   * Resolves when the event is kept where it must be; whoever answers a client waits for that first.
   * @throws whatever keeps it from being kept, as a rejection
   */
  tell(event: PlaneEvent): Promise<void>
  /** Returns when what happens next can be kept. @throws otherwise: then nothing may be done */
  check(): void
}

/** Nobody is interested. */
export const UNOBSERVED: PlaneObserver = { tell: () => Promise.resolve(), check: () => undefined }

interface OfSession {
  /** `address:port`. */
  readonly peer: string
  readonly sen: string | undefined
  readonly pool: string | undefined
  readonly seid: string | undefined
  readonly slot: number | undefined
}

interface OfClient {
  readonly peer: string
  /** By the users file; undefined for whoever is not in it. */
  readonly user: string | undefined
}

interface OfCommand extends OfClient {
  readonly command: string
  /** As the client spelt it, if there is such an element; else `?`. */
  readonly seid: string
  /** CLA INS P1 P2 of an APDU, 8 hex digits. */
  readonly header: string | undefined
}
