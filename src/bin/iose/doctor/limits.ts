// What the gateway that runs is given, or one that is started from here would be: threads for calls that wait, files.

import type { Config } from '../../../config/config.ts'
import { openFilesLimit, openFilesNeeded } from '../../iosed/limits.ts'
import { type Finding, fine, warning } from './finding.ts'
import type { Subject } from './subject.ts'

/** @param gateway  the process of one that runs */
export function limitFindings({ config, environment }: Subject, gateway: number | undefined): Finding[] {
  const connections = config.tlsSe.maxConnections + config.racs.maxConnections
  return [
    threadsFinding(environment['UV_THREADPOOL_SIZE'], waitersOf(config.slots)),
    filesFinding(openFilesLimit(gateway), openFilesNeeded(connections)),
  ]
}

/** How many calls into buses and readers may wait at the same time: one each. */
export function waitersOf(slots: Config['slots']): number {
  const buses = new Set<string>()
  let readers = 0
  for (const slot of slots) {
    if (slot.driver === 'i2c' || slot.driver === 'spi') buses.add(`${slot.driver} ${slot.bus}`)
    if (slot.driver === 'pcsc') readers += 1
  }
  return buses.size + readers
}

/**
 * @param size     of the environment; without it the entry of the gateway sets one that is enough
 * @param waiters  calls that may wait at the same time
 */
export function threadsFinding(size: string | undefined, waiters: number): Finding {
  if (size === undefined || size === '') return fine('threads', 'as many as the gateway chooses')
  // As libuv reads it: what is no number is one thread.
  const threads = Math.max(1, Number.parseInt(size, 10) || 0)
  const needed = waiters + OTHERS
  const found = `UV_THREADPOOL_SIZE is ${size}`
  if (threads >= needed) return fine('threads', found)
  const meaning = `${needed} are needed: one for each bus and reader, ${OTHERS} for files, names and keys`
  return warning('threads', { found, meaning, remedy: 'unset UV_THREADPOOL_SIZE, also in the unit' })
}

/** @param limit  Infinity where it is not known */
export function filesFinding(limit: number, needed: number): Finding {
  const found = limit === Infinity ? 'no limit is known' : `${limit} may be open, ${needed} are needed`
  if (limit >= needed) return fine('files', found)
  const meaning = 'further clients would wait, and nobody would tell them'
  const remedy = `ulimit -n ${needed}, or LimitNOFILE=${needed} in the unit, or a lower tls_se.max_connections`
  return warning('files', { found, meaning, remedy })
}

const OTHERS = 4
