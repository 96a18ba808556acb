// Runs the checks: each within its time, and none can spoil the others.

import { messageOf } from '../../../base/errors.ts'
import type { Finding } from './finding.ts'

export interface Check {
  /** What findings call it, when it cannot be done. */
  readonly name: string
  /** Looks, and changes nothing. */
  look(): Promise<readonly Finding[]> | readonly Finding[]
  /** For a check that has to wait for others; else `DEADLINE_MS`. */
  readonly deadlineMs?: number | undefined
}

/** All findings, in the order of the checks. Never rejects. */
export async function examine(checks: readonly Check[]): Promise<Finding[]> {
  return (await Promise.all(checks.map(findingsOf))).flat()
}

async function findingsOf(check: Check): Promise<readonly Finding[]> {
  const { name, deadlineMs = DEADLINE_MS } = check
  let timer: NodeJS.Timeout | undefined
  const expiry = new Promise<never>((_resolve, reject) => {
    const expire = (): void => reject(new Error(`no result within ${deadlineMs / 1000} s`))
    timer = setTimeout(expire, deadlineMs)
  })
  try {
    return await Promise.race([check.look(), expiry])
  } catch (error) {
    const found = `could not be checked: ${messageOf(error)}`
    return [{ check: name, outcome: 'warning', found }]
  } finally {
    clearTimeout(timer)
  }
}

const DEADLINE_MS = 2_000
