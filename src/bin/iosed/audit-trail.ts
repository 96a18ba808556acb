// Opens the audit log, and makes its key at a first start.

import { stat } from 'node:fs/promises'
import { AuditError } from '../../audit/errors.ts'
import { openDirectory } from '../../audit/files.ts'
import { makeKey, readKey } from '../../audit/key.ts'
import { lockDirectory } from '../../audit/lock.ts'
import { AuditLog, type Head } from '../../audit/log.ts'
import type { AuditFields, AuditTrail } from '../../base/audit.ts'
import type { Clock, Timer } from '../../base/clock.ts'
import { codeOf, messageOf } from '../../base/errors.ts'
import type { Log } from '../../base/log.ts'
import { type AuditPlace, auditPlaceOf } from '../../config/audit-place.ts'
import type { Config } from '../../config/config.ts'
import { ConfigError } from '../../config/errors.ts'
import { ClockSteps } from './clock-steps.ts'
import { clockWords, type Landmark, landmarkAfter } from './landmarks.ts'

/** The audit log of a gateway that runs. */
export interface OpenTrail extends AuditTrail, AsyncDisposable {
  /** Records what has happened already, and cannot be refused any more; a failure is logged. */
  note(event: string, fields?: AuditFields): Promise<void>
  /** What to publish, so that nobody can cut the log behind it unseen. */
  head(): Head
  /** What was past for certain when it was opened, the last record of the log among it. */
  readonly landmarks: readonly Landmark[]
}

export interface TrailEnvironment {
  readonly clock: Clock
  readonly log: Log
  /** Of this program. */
  readonly version: string
  /** Milliseconds since 1970. */
  readonly wallNow: () => number
  /** What is past for certain. */
  readonly landmarks?: readonly Landmark[]
}

/**
 * Opens the log in the state directory, and records that the gateway has started. From then on its head is logged at times, so that the journal knows it, too.
 * @throws ConfigError with what to do when it cannot be opened
 */
export async function openTrail(
  { gateway, audit }: Pick<Config, 'gateway' | 'audit'>,
  stateDir: string,
  { clock, log, version, wallNow, landmarks = [] }: TrailEnvironment,
): Promise<OpenTrail> {
  const place = auditPlaceOf(audit.keyFile, stateDir, process.env)
  try {
    const directory = await openDirectory(place.directory)
    const lock = await lockDirectory(place.directory)
    const key = await keyIn(place, (await directory.list()).length > 0, log)
    const { onFull, maxFileBytes, maxFiles } = audit
    const trail = await AuditLog.open({
      ...{ directory, key, name: gateway.name, onFull, maxFileBytes, maxFiles, wallNow, log },
    })
    const known = [...landmarks, ...lastOf(trail)]
    await tellBehind(trail, known, { log, wallNow })
    await trail.record('gateway.started', { version, name: gateway.name })
    log.info('audit.opened', { directory: place.directory, ...trail.head() })
    return running(trail, lock, { clock, log, wallNow, landmarks: known })
  } catch (error) {
    throw refusalOf(error, place)
  }
}

function running(
  trail: AuditLog,
  lock: AsyncDisposable,
  { clock, log, wallNow, landmarks }: Required<Omit<TrailEnvironment, 'version'>>,
): OpenTrail {
  const steps = new ClockSteps(clock, wallNow)
  const record = (event: string, fields?: AuditFields): Promise<void> => {
    const step = steps.take()
    if (step !== undefined) {
      const times = { from: new Date(step.from).toISOString(), to: new Date(step.to).toISOString() }
      log.warn('clock.set', times)
      // Before the record that was made by the new time. That it was not kept is said of that record, too.
      trail.record('clock.set', times).catch(() => undefined)
    }
    return trail.record(event, fields)
  }
  const tellHead = (): void => log.info('audit.head', { ...trail.head() })
  let timer: Timer
  const tellLater = (): void => {
    timer = clock.at(clock.now() + HEAD_INTERVAL_MS, () => {
      tellHead()
      tellLater()
    })
  }
  tellLater()
  return {
    landmarks,
    record,
    head: () => trail.head(),
    async note(event, fields) {
      try {
        await record(event, fields)
      } catch (error) {
        log.error('audit.unrecorded', { what: event, code: codeOf(error), cause: messageOf(error) })
      }
    },
    async [Symbol.asyncDispose]() {
      timer.cancel()
      await trail[Symbol.asyncDispose]()
      tellHead()
      await lock[Symbol.asyncDispose]()
    },
  }
}

/** A clock that is behind is told once, and in the log itself: its times mean little then, its order holds. */
async function tellBehind(
  trail: AuditLog,
  landmarks: readonly Landmark[],
  { log, wallNow }: Pick<TrailEnvironment, 'log' | 'wallNow'>,
): Promise<void> {
  const later = landmarkAfter(wallNow(), landmarks)
  if (later === undefined) return
  log.warn('clock.behind', {
    cause: clockWords(wallNow(), landmarks),
    advice: `certificates that begin later are refused; \`sudo timedatectl set-ntp true\`, or set the clock`,
  })
  await trail.record('clock.behind', { what: later.what, latest: later.at.toISOString() })
}

function lastOf({ previousAt }: AuditLog): Landmark[] {
  if (previousAt === undefined) return []
  return [{ what: 'the last record of the audit log was made', at: new Date(previousAt) }]
}

async function keyIn({ keyFile, keyOrigin }: AuditPlace, hasLog: boolean, log: Log): Promise<Uint8Array> {
  const key = await readKey(keyFile)
  if (key === undefined) {
    const isNew = keyOrigin === 'state' && !hasLog
    if (!isNew)
      throw new AuditError('audit.key', `there is no ${keyFile}${hasLog ? ', and there is a log' : ''}`)
    const made = await makeKey(keyFile)
    const advice = 'for development: keep the key elsewhere, and name it in audit.key_file'
    log.warn('audit.key-created', { path: keyFile, advice })
    return made
  }
  // The mode of a credential says nothing: its access control list is that of the service's user.
  if (keyOrigin !== 'credential' && ((await stat(keyFile)).mode & 0o077) !== 0) {
    log.warn('audit.key-exposed', { path: keyFile, advice: 'chmod 600: others can read the key' })
  }
  return key
}

function refusalOf(error: unknown, { directory, keyFile, keyOrigin }: AuditPlace): unknown {
  if (!(error instanceof AuditError)) {
    if (!isSystemError(error)) return error
    return new ConfigError('config.missing', `audit: cannot open the log in ${directory}`, { cause: error })
  }
  const verify = '`iose audit verify` says all that is wrong; moved away, a new log begins'
  switch (error.code) {
    case 'audit.damaged':
      return invalid(`audit: the log is not as it was written; ${verify}`, error)
    case 'audit.key': {
      const given =
        keyOrigin === 'state' ? '; if it is a credential: `systemctl start iosed` hands it over' : ''
      const next = `bring back the key of the log (${keyFile}), or move ${directory} away: then a new log begins${given}`
      return invalid(`audit.key_file: ${next}`, error)
    }
    case 'audit.busy':
      return invalid('audit', error)
    case 'audit.unwritable':
    case 'audit.broken':
    case 'audit.overloaded':
    case 'audit.closed':
      return invalid(`audit: cannot write the log in ${directory}; make room on the disk`, error)
    default:
      return error.code satisfies never
  }
}

function invalid(message: string, cause: AuditError): ConfigError {
  return new ConfigError('config.invalid', message, { cause })
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error
}

const HEAD_INTERVAL_MS = 600_000
