// Structured logs: one JSON object a line, an event name of the form `noun.past-verb`, fields with units in
// their names. The rule for levels is in src/README.md.

import { type DestinationStream, type Logger, pino } from 'pino'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

/** Values a line may carry. Secrets have no place here, at any level. */
export type LogFields = Record<string, string | number | boolean | null | undefined | readonly string[]>

/** Where every layer writes. Bind what is constant once, with `child`. */
export interface Log {
  child(fields: LogFields): Log
  debug(event: string, fields?: LogFields): void
  info(event: string, fields?: LogFields): void
  warn(event: string, fields?: LogFields): void
  error(event: string, fields?: LogFields): void
}

export interface LogOptions {
  level: LogLevel
  /** Where lines go; standard output, written synchronously, when absent. */
  destination?: DestinationStream
}

/** A log that writes `{"level":"info","time":"2026-01-31T12:00:00.000Z","event":"slot.ready",...}` lines. */
export function createLog(options: LogOptions): Log {
  const settings = {
    level: options.level,
    base: null,
    messageKey: 'event',
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  }
  // Not pino's own default: that writes from another thread, and at an exit a line may be late, or lost.
  const destination = options.destination ?? pino.destination({ fd: STDOUT, sync: true })
  return wrap(pino(settings, destination))
}

/** A log that drops everything. */
export const silentLog: Log = {
  child: () => silentLog,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
}

function wrap(logger: Logger): Log {
  return {
    child: (fields) => wrap(logger.child(fields)),
    debug: (event, fields) => logger.debug(fields ?? {}, event),
    info: (event, fields) => logger.info(fields ?? {}, event),
    warn: (event, fields) => logger.warn(fields ?? {}, event),
    error: (event, fields) => logger.error(fields ?? {}, event),
  }
}

const STDOUT = 1
