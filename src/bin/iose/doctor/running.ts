// The gateway that runs, if one does: what it says of its slots.

import { existsSync } from 'node:fs'
import { systemClock } from '../../../base/clock.ts'
import { ClientError } from '../../../client/errors.ts'
import { printable } from '../../../client/printable.ts'
import type { SlotRow } from '../../../client/slot-row.ts'
import { StatusClient } from '../../../client/status.ts'
import type { Check } from './examine.ts'
import { type Finding, fine, warning } from './finding.ts'
import { contentOf } from './reading.ts'

/** Where its status plane is. */
export interface StatusPlace {
  readonly url: URL
  readonly tokenFile: string
  /** ` --config FILE --state-dir DIR`, for commands that are proposed. */
  readonly flags: string
}

export function runningCheck({ url, tokenFile, flags }: StatusPlace): Check {
  return {
    name: CHECK,
    async look() {
      if (url.port === '0') return [portlessFinding()]
      const token = contentOf(tokenFile)?.trim()
      try {
        // Without its token one still learns whether anybody is there.
        const { rows } = await new StatusClient({ url, token: token ?? 'none', clock: systemClock }).slots()
        return [rowsFinding(url.host, rows, flags)]
      } catch (error) {
        if (!(error instanceof ClientError)) throw error
        return [silenceFinding(url.host, error, token === undefined ? tokenFile : undefined)]
      }
    },
  }
}

/** What is to be said of its slots, in one line. */
export function rowsFinding(place: string, rows: readonly SlotRow[], flags: string): Finding {
  const counts = new Map<string, number>()
  for (const { state } of rows) counts.set(state, (counts.get(state) ?? 0) + 1)
  const states = [...counts].map(([state, count]) => `${count} ${printable(state, MAX_TEXT)}`).join(', ')
  const found = `runs at ${place}: ${rows.length} slots${states === '' ? '' : `, ${states}`}`
  const sick = rows.filter(({ state }) => state === 'mute' || state === 'quarantined')
  if (sick.length === 0) return fine(CHECK, found)
  const named = sick.slice(0, MAX_NAMED).map(({ seid, cause }) => printable(`${seid}: ${cause}`, MAX_TEXT))
  const more = sick.length > MAX_NAMED ? ` and ${sick.length - MAX_NAMED} more` : ''
  return warning(CHECK, {
    found,
    meaning: `${named.join('; ')}${more}`,
    remedy: `iose slots --watch${flags}`,
  })
}

/**
 * What is to be said when no slots came.
 * @param missingToken  the file of the token, if it could not be read
 */
export function silenceFinding(place: string, error: ClientError, missingToken?: string): Finding {
  if (error.code === 'client.refused') {
    const found = `a gateway runs at ${place}, and does not accept the token`
    const meaning =
      missingToken === undefined
        ? 'it has another state directory'
        : `${missingToken} is not there, or may not be read by this user`
    return warning(CHECK, {
      found,
      meaning,
      remedy: 'sudo iose doctor, or --state-dir with the directory of it',
    })
  }
  if (error.code === 'client.transport') {
    const meaning = printable(error.message, MAX_TEXT)
    return warning(CHECK, { found: `none runs at ${place}`, meaning, remedy: START })
  }
  const found = `what answers at ${place} is no gateway: ${printable(error.message, MAX_TEXT)}`
  return warning(CHECK, { found, remedy: `sudo ss -ltnp 'sport = :${place.split(':').at(-1) ?? ''}'` })
}

function portlessFinding(): Finding {
  const found = 'its status plane takes any port, so it cannot be asked'
  return warning(CHECK, { found, remedy: '--status URL, as the log says in the line gateway.ready' })
}

const UNITS = ['/etc/systemd/system/iosed.service', '/usr/lib/systemd/system/iosed.service']
const START = UNITS.some((unit) => existsSync(unit))
  ? 'sudo systemctl restart iosed-tls-se.socket iosed-racs.socket iosed'
  : 'scripts/start'
const CHECK = 'gateway'
const MAX_TEXT = 120
const MAX_NAMED = 4
