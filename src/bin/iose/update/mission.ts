// Whether the gateway of this machine does what it is there for, as its status plane tells it.

import { systemClock } from '../../../base/clock.ts'
import { messageOf } from '../../../base/errors.ts'
import { ClientError } from '../../../client/errors.ts'
import { StatusClient } from '../../../client/status.ts'
import { NO_SLOTS } from '../../../status/health.ts'
import type { Mission } from '../../../update/gate.ts'

export interface MissionPlace {
  readonly url: URL
  /** Read anew each time: a first start makes it. */
  readonly token: () => string
}

/** Asks once. */
export async function askMission({ url, token }: MissionPlace): Promise<Mission> {
  try {
    const readiness = await readinessAt(url)
    const { rows } = await new StatusClient({ url, token: token(), clock: systemClock }).slots()
    return missionOf(readiness, rows)
  } catch (error) {
    // A gateway that is down, or starting.
    if (!(error instanceof ClientError)) throw error
    return { isMet: false, reason: `the status plane at ${url.host}: ${messageOf(error)}` }
  }
}

/** Both planes accept and an element answered, or none is configured; nothing else keeps the gateway from serving. */
export function missionOf(readiness: Readiness, rows: readonly { readonly state: string }[]): Mission {
  const obstacles = readiness.reasons.filter((reason) => rows.length > 0 || reason !== NO_SLOTS)
  if (readiness.ready || (obstacles.length === 0 && readiness.reasons.length > 0))
    return { isMet: true, reason: '' }
  return { isMet: false, reason: obstacles.length === 0 ? 'the gateway is not ready' : obstacles.join('; ') }
}

export interface Readiness {
  readonly ready: boolean
  readonly reasons: readonly string[]
}

async function readinessAt(url: URL): Promise<Readiness> {
  let body: unknown
  try {
    const answer = await fetch(new URL('/health/ready', url), {
      signal: AbortSignal.timeout(ANSWER_MS),
      redirect: 'error',
    })
    body = await answer.json()
  } catch (error) {
    throw new ClientError('client.transport', messageOf(error), { cause: error })
  }
  const { ready, reasons } = (body ?? {}) as Partial<Readiness>
  if (typeof ready === 'boolean' && Array.isArray(reasons)) return { ready, reasons: reasons.map(String) }
  throw new ClientError('client.protocol', 'what answers is no gateway')
}

const ANSWER_MS = 5_000
