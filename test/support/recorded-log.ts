import type { Log, LogFields } from '../../src/base/log.ts'

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly event: string
  readonly fields: LogFields
}

/** A log that keeps its lines; lines of children have the fields of their parents. */
export class RecordedLog implements Log {
  readonly lines: LogLine[]
  readonly #fields: LogFields

  constructor(fields: LogFields = {}, lines: LogLine[] = []) {
    this.#fields = fields
    this.lines = lines
  }

  child(fields: LogFields): Log {
    return new RecordedLog({ ...this.#fields, ...fields }, this.lines)
  }

  debug(event: string, fields?: LogFields): void {
    this.#add('debug', event, fields)
  }

  info(event: string, fields?: LogFields): void {
    this.#add('info', event, fields)
  }

  warn(event: string, fields?: LogFields): void {
    this.#add('warn', event, fields)
  }

  error(event: string, fields?: LogFields): void {
    this.#add('error', event, fields)
  }

  /** The lines of one event. */
  of(event: string): LogLine[] {
    return this.lines.filter((line) => line.event === event)
  }

  #add(level: LogLine['level'], event: string, fields: LogFields = {}): void {
    this.lines.push({ level, event, fields: { ...this.#fields, ...fields } })
  }
}
