// Structured logs: one JSON object a line, an event name of the form `noun.past-verb`, fields with units in
// their names. The rule for levels is in src/README.md.

import { fstatSync } from 'node:fs'
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
  /** Lines carry their priority for the journal. */
  isJournal?: boolean
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
  const stdout = options.destination ?? pino.destination({ fd: STDOUT, sync: true })
  return wrap(pino(settings, options.isJournal === true ? withPriorities(stdout) : stdout))
}

/** Whether standard output goes to the journal of systemd, which says so in $JOURNAL_STREAM: `device:inode`. */
export function isJournalOutput(environment: NodeJS.ProcessEnv): boolean {
  const { dev, ino } = fstatSync(STDOUT)
  return environment['JOURNAL_STREAM'] === `${dev}:${ino}`
}

/** Each line with its priority before it, which the journal takes off again (sd-daemon(3)): `<4>{"level":"warn",...`. */
function withPriorities(destination: DestinationStream): DestinationStream {
  return {
    // pino sets `lastLevel` before each write, on whoever has this.
    [Symbol.for('pino.metadata')]: true,
    lastLevel: 0,
    write(line: string) {
      destination.write(`<${PRIORITIES.get(this.lastLevel) ?? DEBUG}>${line}`)
    },
  } as DestinationStream & { lastLevel: number }
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

/** syslog(3) */
const DEBUG = 7
/** By pino's numbers. */
const PRIORITIES: ReadonlyMap<number, number> = new Map([
  [pino.levels.values['error'] ?? 0, 3],
  [pino.levels.values['warn'] ?? 0, 4],
  [pino.levels.values['info'] ?? 0, 6],
])
