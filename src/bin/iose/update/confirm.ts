// `iose update confirm`: the health gate.

import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { systemClock } from '../../../base/clock.ts'
import { messageOf } from '../../../base/errors.ts'
import { ConfigError } from '../../../config/errors.ts'
import { loadConfig } from '../../../config/load.ts'
import { awaitMission, judgeBoot, type Mission } from '../../../update/gate.ts'
import { openMedium } from '../../../update/medium.ts'
import { CliError, EXIT, type ExitCode, misuse } from '../command.ts'
import { printLine } from '../racs/output.ts'
import { askMission, type MissionPlace } from './mission.ts'
import { applianceOf, checkFlags, noWord, type UpdateCall } from './options.ts'
import { wordsOfLast } from './words.ts'

export async function confirm(call: UpdateCall): Promise<ExitCode> {
  checkFlags(call, 'confirm', ['timeout', 'config', 'state-dir'])
  noWord(call)
  const timeoutMs = 1000 * secondsOf(call.values.timeout ?? '180')
  const appliance = await applianceOf(call)
  await using disk = await openMedium(appliance.disk, 'writing')
  const { verdict, last } = await judgeBoot({
    ...{ appliance, disk, now: () => new Date() },
    mission: () => mission(call, timeoutMs),
  })
  const slot = `slot ${appliance.slot}, version ${appliance.version.text}`
  switch (verdict) {
    case 'confirmed':
      printLine(`${slot}: its mission is met, it is confirmed`)
      return EXIT.done
    case 'kept':
      printLine(
        `${slot}: it was confirmed before${last?.outcome === 'fell-back' ? `; ${wordsOfLast(last)}` : ''}`,
      )
      return EXIT.done
    case 'waiting':
      printLine('the other slot is started next; there is nothing to confirm')
      return EXIT.done
    case 'failed':
      throw new CliError(EXIT.refused, `${slot}: not confirmed: ${last?.reason ?? 'its mission is not met'}`)
  }
  verdict satisfies never
}

async function mission(call: UpdateCall, timeoutMs: number): Promise<Mission> {
  let place: MissionPlace
  try {
    place = placeOf(call)
  } catch (error) {
    // The gateway does not run with it either.
    if (!(error instanceof ConfigError)) throw error
    return { isMet: false, reason: messageOf(error) }
  }
  return awaitMission(() => askMission(place), { clock: systemClock, timeoutMs, pollMs: POLL_MS })
}

function placeOf({ values }: UpdateCall): MissionPlace {
  const { config } = loadConfig(values.config)
  const { host, port, tokenFile } = config.status
  const stateDir = resolve(values['state-dir'] ?? config.gateway.stateDir ?? SERVICE_STATE_DIR)
  const address = ANY[host] ?? host
  return {
    url: new URL(`http://${address.includes(':') ? `[${address}]` : address}:${port}`),
    token: () => tokenIn(resolve(stateDir, tokenFile)),
  }
}

function tokenIn(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    // On loopback none is asked for; elsewhere the answer says that it is wrong.
    return 'none'
  }
}

function secondsOf(text: string): number {
  if (/^\d{1,4}$/.test(text)) return Number(text)
  throw misuse(`--timeout ${text}: a number of seconds, 0 to 9999`)
}

/** Where one can connect to what listens everywhere. */
const ANY: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' }
const SERVICE_STATE_DIR = '/var/lib/iose'
const POLL_MS = 2_000
