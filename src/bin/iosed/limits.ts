// What the operating system lets this process have, against what the configuration promises.

import { readFileSync } from 'node:fs'
import type { Log } from '../../base/log.ts'

/**
 * Warns when fewer files may be open than clients may connect: further clients would wait unseen in the kernel.
 * Node has raised the soft limit to the hard one already.
 */
export function checkOpenFiles(maxConnections: number, log: Log): void {
  const needed = openFilesNeeded(maxConnections)
  const limit = openFilesLimit()
  if (limit >= needed) return
  const advice = `raise it (ulimit -n ${needed}, or LimitNOFILE= in the unit) or lower tls_se.max_connections`
  log.warn('limits.exceeded', { openFiles: limit, needed, advice })
}

/** How many files may have to be open at once. */
export function openFilesNeeded(maxConnections: number): number {
  return maxConnections + RESERVE
}

/** The row `Max open files  SOFT  HARD  files` of proc(5) limits; Infinity where it cannot be read. */
export function openFilesLimit(pid: number | 'self' = 'self'): number {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8'))?.[1]
    return soft === undefined ? Infinity : Number(soft)
  } catch {
    // Not Linux: nothing to compare with.
    return Infinity
  }
}

/** Listeners, elements, logs. */
const RESERVE = 128
