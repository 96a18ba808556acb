// Whether a crash would leave an image of the gateway's memory somewhere: keys and clear text are in it.

import { type Finding, fine, warning } from './finding.ts'
import { contentOf } from './reading.ts'

/** @param gateway  the process of one that runs; without it, what one that is started from here would be given */
export function coreDumpFindings(gateway: number | undefined): Finding[] {
  const pattern = contentOf('/proc/sys/kernel/core_pattern')
  const limits = contentOf(`/proc/${gateway ?? 'self'}/limits`)
  if (pattern === undefined || limits === undefined) return []
  return [coreDumpFinding(pattern.trim(), coreLimitIn(limits))]
}

/** Bytes, Infinity when unlimited: the row `Max core file size  SOFT  HARD  bytes` of proc(5) limits. */
export function coreLimitIn(limits: string): number {
  const soft = /^Max core file size\s+(\S+)/m.exec(limits)?.[1]
  return soft === 'unlimited' || soft === undefined ? Infinity : Number(soft)
}

/**
 * @param pattern  of core(5): a file name, or `|` and a program
 * @param limit    bytes; does not hold for a program, which may honour it all the same
 */
export function coreDumpFinding(pattern: string, limit: number): Finding {
  const isPiped = pattern.startsWith('|')
  if (!isPiped) {
    if (limit === 0 || pattern === '') return fine(CHECK, 'no memory is written out at a crash')
    const found = `a crash writes the memory of the gateway to a file (${pattern})`
    return warning(CHECK, { found, meaning: MEANING, remedy: `ulimit -c 0, or LimitCORE=0 in the unit` })
  }
  const program = pattern.slice(1).trim().split(/\s+/)[0] ?? ''
  if (/\/(false|true)$/.test(program)) return fine(CHECK, 'no memory is kept at a crash')
  if (program.endsWith('/systemd-coredump')) {
    // It keeps nothing of processes whose limit is 0.
    if (limit === 0) return fine(CHECK, 'systemd-coredump keeps nothing of it, by ulimit -c 0')
    const found = 'a crash hands the memory of the gateway to systemd-coredump'
    return warning(CHECK, { found, meaning: MEANING, remedy: `ulimit -c 0, or LimitCORE=0 in the unit` })
  }
  const found = `a crash hands the memory of the gateway to ${program}`
  return warning(CHECK, {
    found,
    meaning: MEANING,
    remedy: "sudo sysctl -w kernel.core_pattern='|/bin/false'",
  })
}

const CHECK = 'core'
const MEANING = 'keys and clear text are in it'
