// The audit log, open for writing. Records that come while a write is under way go out together in the next one.

import { randomBytes } from 'node:crypto'
import type { AuditFields, AuditTrail } from '../base/audit.ts'
import { messageOf } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import { Chain, type Link } from './chain.ts'
import { AuditError } from './errors.ts'
import type { LogDirectory } from './files.ts'
import { type Statement, statementOf } from './record.ts'
import { type Ending, endingOf, type Identity } from './recovery.ts'
import { Tape } from './tape.ts'
import { OWN_EVENTS } from './walk.ts'

export interface AuditLogOptions {
  readonly directory: LogDirectory
  /** 32 bytes. */
  readonly key: Uint8Array
  /** Of the gateway; a new log is called so. */
  readonly name: string
  /** No file becomes longer, unless one record alone is. */
  readonly maxFileBytes: number
  /** Files that stay, the one that is written among them; the oldest go first. 0 or undefined: all stay. */
  readonly maxFiles?: number
  /** What becomes of records that cannot be written: rejected, or counted. */
  readonly onFull: 'stop' | 'count'
  /** Records that may wait for the disk. */
  readonly maxWaiting?: number
  /** Milliseconds since 1970. */
  readonly wallNow: () => number
  readonly log: Log
}

/** What to publish, so that nobody can cut the log behind it unseen. */
export interface Head {
  readonly sequence: number
  /** 64 hex digits. */
  readonly hash: string
  /** When the record was made, ISO 8601. */
  readonly at: string
}

interface Entry {
  readonly statement: Statement
  readonly settle: (error?: AuditError) => void
}

/** What goes to the disk in one write. */
interface Piece {
  readonly lines: Buffer[]
  bytes: number
  link: Link
  at: string
  /** How many of the entries are in it. */
  taken: number
  /** How many losses it tells of. */
  told: number
}

export class AuditLog implements AuditTrail, AsyncDisposable {
  readonly #options: AuditLogOptions
  readonly #chain: Chain
  readonly #tape: Tape
  readonly #identity: Identity
  readonly #waiting: Entry[] = []
  #link: Link
  #at: string
  #lost = 0
  #lostSince: string | undefined
  #pump: Promise<void> | undefined
  #isClosed = false
  /** When the last record before this opening was made, ISO 8601; undefined for a new log. */
  readonly previousAt: string | undefined

  private constructor(options: AuditLogOptions, tape: Tape, { link, at, identity }: Ending) {
    this.#options = options
    this.#chain = new Chain(options.key)
    this.#tape = tape
    this.#link = link
    this.previousAt = at
    this.#at = at ?? new Date(options.wallNow()).toISOString()
    this.#identity = identity ?? { id: randomBytes(16).toString('hex'), name: options.name }
  }

  /**
   * Opens a log, makes it when there is none, and cuts off a record that a crash has left half-written. Nobody else may
   * have it open: see `lockDirectory`.
   * @throws AuditError audit.damaged, audit.key, audit.unwritable; the system's error
   */
  static async open(options: AuditLogOptions): Promise<AuditLog> {
    const { directory, key, onFull, log } = options
    const ending = await endingOf(directory, new Chain(key))
    const tape = await Tape.open(directory, ending, onFull === 'stop' ? 'stop' : 'rewind')
    const opened = new AuditLog(options, tape, ending)
    if (ending.tornBytes > 0) {
      const cut = { file: tape.name, bytes: ending.tornBytes }
      log.warn('audit.recovered', cut)
      await opened.record(OWN_EVENTS.recovered, cut)
    } else if (ending.identity === undefined) {
      await opened.#commit([])
    }
    await opened.#prune()
    return opened
  }

  /** The last record that is on the disk. */
  head(): Head {
    return { ...this.#link, at: this.#at }
  }

  record(event: string, fields: AuditFields = {}): Promise<void> {
    return new Promise((resolve, reject) => {
      // What this throws rejects the promise.
      const statement = statementOf(this.#options.wallNow(), event, fields)
      const settle = (error?: AuditError): void => (error === undefined ? resolve() : reject(error))
      if (this.#isClosed) throw new AuditError('audit.closed', 'the audit log is closed')
      if (this.#waiting.length >= (this.#options.maxWaiting ?? MAX_WAITING)) {
        const message = `${this.#waiting.length} audit records wait for the disk`
        this.#lose([{ statement, settle }], new AuditError('audit.overloaded', message))
        return
      }
      this.#waiting.push({ statement, settle })
      this.#pump ??= this.#writeAll()
    })
  }

  /** Writes what waits, and closes the file. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await this.#pump
    if (this.#lost > 0)
      await this.#commit([]).catch(() => this.#options.log.error('audit.lost', { records: this.#lost }))
    // What a rotation at the very end has removed is told as well.
    await this.#pump
    await this.#tape.close()
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const entries = this.#waiting.splice(0, MAX_TOGETHER)
      try {
        await this.#commit(entries)
      } catch (error) {
        const cause =
          error instanceof AuditError
            ? error
            : new AuditError('audit.unwritable', 'the audit log', { cause: error })
        this.#lose(entries, cause)
      }
    }
    this.#pump = undefined
  }

  /** Takes out of `entries` what is on the disk; when it throws, the others are not. */
  async #commit(entries: Entry[]): Promise<void> {
    await this.#tape.prepare()
    do {
      const piece = this.#pieceOf(entries)
      if (piece.lines.length === 0) {
        if (entries.length === 0 && this.#lost === 0) return
        await this.#tape.rotate()
        await this.#prune()
        continue
      }
      await this.#tape.put(Buffer.concat(piece.lines))
      this.#link = piece.link
      this.#at = piece.at
      if (piece.told > 0) this.#toldOf(piece.told)
      for (const { settle } of entries.splice(0, piece.taken)) settle()
    } while (entries.length > 0 || this.#lost > 0)
  }

  /** As much as the file has room for; nothing when it is full. */
  #pieceOf(entries: readonly Entry[]): Piece {
    const piece: Piece = { lines: [], bytes: 0, link: this.#link, at: this.#at, taken: 0, told: 0 }
    const now = this.#options.wallNow()
    // Else a limit that is too small would make files for ever.
    let next: 'always' | 'if-room' = 'if-room'
    if (this.#tape.bytes === 0) {
      this.#take(piece, this.#firstOfFile(now), 'always')
      next = 'always'
    }
    if (this.#lost > 0) {
      const fields = { lost: this.#lost, since: this.#lostSince }
      if (!this.#take(piece, statementOf(now, OWN_EVENTS.resumed, fields), next)) return piece
      piece.told = this.#lost
      next = 'if-room'
    }
    for (const { statement } of entries) {
      if (!this.#take(piece, statement, next)) return piece
      piece.taken++
      next = 'if-room'
    }
    return piece
  }

  /** @returns false when there is no room */
  #take(piece: Piece, statement: Statement, when: 'always' | 'if-room'): boolean {
    const { line, link } = this.#chain.next(piece.link, statement)
    const bytes = piece.bytes + line.length
    if (when === 'if-room' && this.#tape.bytes + bytes > this.#options.maxFileBytes) return false
    piece.lines.push(line)
    piece.bytes = bytes
    piece.link = link
    piece.at = atOf(statement)
    return true
  }

  /** A file can be understood without those before it. */
  #firstOfFile(now: number): Statement {
    const { sequence, hash } = this.#link
    if (sequence === 0) return statementOf(now, OWN_EVENTS.created, { ...this.#identity, version: VERSION })
    return statementOf(now, OWN_EVENTS.rotated, { ...this.#identity, records: sequence, hash })
  }

  /** Removes the oldest files that are too many, and says so in the log; one that stays is tried again at the next. */
  async #prune(): Promise<void> {
    const { directory, maxFiles = 0, log, wallNow } = this.#options
    if (maxFiles === 0) return
    const names = (await directory.list()).slice(0, -maxFiles)
    for (const file of names) {
      try {
        await directory.remove(file)
      } catch (error) {
        log.warn('audit.prune-failed', { file, cause: messageOf(error) })
        return
      }
      log.info('audit.pruned', { file })
      const statement = statementOf(wallNow(), OWN_EVENTS.pruned, { file })
      this.#waiting.push({ statement, settle: () => undefined })
    }
    if (names.length > 0) this.#pump ??= this.#writeAll()
  }

  #lose(entries: readonly Entry[], error: AuditError): void {
    const { onFull, log, wallNow } = this.#options
    if (entries.length === 0) return
    if (this.#lost === 0) {
      this.#lostSince = new Date(wallNow()).toISOString()
      log.error('audit.failed', { code: error.code, cause: messageOf(error), onFull })
    }
    this.#lost += entries.length
    for (const { settle } of entries) settle(onFull === 'stop' ? error : undefined)
  }

  #toldOf(records: number): void {
    this.#lost -= records
    this.#options.log.warn('audit.resumed', { lost: records })
  }
}

/** The time in a statement; its place is the same in all of them. */
function atOf(statement: Statement): string {
  return statement.slice(6, 30)
}

const VERSION = 1
const MAX_WAITING = 32_768
const MAX_TOGETHER = 4_096
