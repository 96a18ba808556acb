// What `iose audit show` prints.

import { join } from 'node:path'
import { Chain, textOn } from '../../audit/chain.ts'
import { logFilesIn } from '../../audit/files.ts'
import { readLines } from '../../audit/lines.ts'
import { type AuditRecord, recordOf } from '../../audit/record.ts'
import { printLine } from './racs/output.ts'

export interface Wanted {
  /** ISO 8601. */
  readonly from: string | undefined
  /** A whole name, or what stands before its dot. */
  readonly event: string | undefined
  readonly seid: string | undefined
  /** `raw`: the lines as they are. */
  readonly form: 'text' | 'raw'
}

/** Prints the records that are wanted. @throws the system's error */
export async function showLog(directory: string, wanted: Wanted): Promise<void> {
  const chain = new Chain()
  for (const name of await logFilesIn(directory)) {
    let line = 0
    await readLines(join(directory, name), (bytes) => {
      line++
      const record = chain.check(bytes) === undefined ? undefined : recordOf(textOn(bytes))
      if (record === undefined) process.stderr.write(`iose: ${join(directory, name)}:${line}: not a record\n`)
      else if (isWanted(record, wanted)) printLine(wanted.form === 'raw' ? bytes.toString() : lineOf(record))
      return true
    })
  }
}

function isWanted({ at, event, fields }: AuditRecord, wanted: Wanted): boolean {
  if (wanted.from !== undefined && at < wanted.from) return false
  if (wanted.seid !== undefined && fields['seid'] !== wanted.seid) return false
  return wanted.event === undefined || event === wanted.event || event.startsWith(`${wanted.event}.`)
}

/** Values as JSON: nothing in them reaches the terminal as it is. */
function lineOf({ sequence, at, event, fields }: AuditRecord): string {
  const texts = Object.entries(fields).map(([name, value]) => ` ${name}=${valueOf(value)}`)
  return `${sequence} ${at} ${event}${texts.join('')}`
}

function valueOf(value: AuditRecord['fields'][string]): string {
  return typeof value === 'string' && /^[\x21\x23-\x7E]+$/.test(value) ? value : JSON.stringify(value)
}
