// What became of an update or a restart that failed, for HTTP, for the log and for observers.

import { codeOf, messageOf } from '../../base/errors.ts'
import type { UpdateErrorCode } from '../../update/errors.ts'
import type { ActionAnswer } from '../actions.ts'

export interface Failure {
  readonly answer: ActionAnswer
  readonly code: string
  readonly cause: string
}

export function failureOf(error: unknown): Failure {
  const [code, cause] = [codeOf(error), messageOf(error)]
  const status = STATUSES[code] ?? (code.startsWith('audit.') ? 503 : 500)
  // What our own bugs say is not for the client, but for the log.
  const said = code === 'internal.unreachable' ? 'system error, the log of the gateway has more' : cause
  return { answer: { status, body: { error: said, code } }, code, cause }
}

/** The client's file, the state of this machine, or this machine. */
const STATUSES: Readonly<Partial<Record<string, number>>> = {
  'update.malformed': 400,
  'update.untrusted': 422,
  'update.unfit': 422,
  'update.no-appliance': 501,
  'update.not-now': 409,
  'update.busy': 409,
  'update.disk': 500,
  'update.full': 507,
  'update.image': 422,
  'update.key': 500,
  'update.unanswered': 502,
  'peer.timeout': 408,
  // Nobody reads it.
  'peer.gone': 400,
} satisfies Record<UpdateErrorCode | 'peer.timeout' | 'peer.gone', number>
