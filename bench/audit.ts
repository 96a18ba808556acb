// The audit log: one record to the disk and back, and a long log verified.

import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type * as files from '../src/audit/files.ts'
import type * as logs from '../src/audit/log.ts'
import type * as verifying from '../src/audit/verify.ts'
import type * as baseLogs from '../src/base/log.ts'
import { built } from './built.ts'
import { type Benchmark, median, type Pace, type Row, rowOf, withRatio } from './row.ts'

const APPEND = 'audit: append, p50'
const VERIFY = 'audit verify: 1,000,000 records'

export const audit: Benchmark = {
  name: 'audit',
  rows: [APPEND, VERIFY],
  async run(pace) {
    const directory = mkdtempSync(join(tmpdir(), 'iose-bench-audit-'))
    try {
      return [await append(join(directory, 'append'), pace), await verify(join(directory, 'verify'), pace)]
    } finally {
      rmSync(directory, { recursive: true })
    }
  },
}

async function append(path: string, pace: Pace): Promise<Row> {
  await using log = await openLog(path)
  const bytes = lineBytesOf(path)
  const bare = await open(join(path, 'bare'), 'a', 0o600)
  const content = Buffer.alloc(bytes, 'x')
  const [samples, floors]: [number[], number[]] = [[], []]
  for (let n = 0; n < APPENDS[pace]; n++) {
    samples.push(await microsecondsOf(() => log.record('apdu.sent', FIELDS)))
    floors.push(
      await microsecondsOf(async () => {
        await bare.appendFile(content)
        await bare.datasync()
      }),
    )
  }
  await bare.close()
  const remark = `reference: write and fdatasync of ${bytes} bytes, the same file system`
  return rowOf({ name: APPEND, unit: 'us', samples, reference: median(floors), remark })
}

async function verify(path: string, pace: Pace): Promise<Row> {
  const { verifyLog } = await built<typeof verifying>('audit/verify.js')
  const records = RECORDS[pace]
  {
    await using log = await openLog(path)
    for (let done = 0; done < records; done += TOGETHER) {
      await Promise.all(Array.from({ length: TOGETHER }, () => log.record('apdu.sent', FIELDS)))
    }
  }
  // To a million records, when it was fewer.
  const scale = 1_000_000 / records
  const seconds = async (work: () => Promise<unknown>): Promise<number> =>
    ((await microsecondsOf(work)) / 1e6) * scale
  const value = await seconds(async () => {
    const { findings } = await verifyLog(path, { key: KEY })
    if (findings.length > 0) throw new Error('the log does not verify')
  })
  const reference = await seconds(async () => {
    const hash = createHash('sha256')
    for (const name of readdirSync(path)) hash.update(readFileSync(join(path, name)))
    hash.digest()
    return Promise.resolve()
  })
  const scaled = scale === 1 ? '' : `; measured with ${records} records`
  const remark = `reference: SHA-256 over the same bytes by node:crypto; aim: 5 s${scaled}`
  return withRatio({ name: VERIFY, unit: 's', value, reference, remark })
}

async function openLog(path: string): Promise<logs.AuditLog> {
  const { openDirectory } = await built<typeof files>('audit/files.js')
  const { AuditLog } = await built<typeof logs>('audit/log.js')
  const { silentLog } = await built<typeof baseLogs>('base/log.js')
  const directory = await openDirectory(path)
  const options = { name: 'bench', maxFileBytes: 16 << 20, onFull: 'stop', wallNow: Date.now } as const
  return AuditLog.open({ ...options, directory, key: KEY, log: silentLog })
}

/** About as much as a record of the bench takes: the first one of the log. */
function lineBytesOf(path: string): number {
  return readFileSync(join(path, 'audit-000001.jsonl')).length
}

async function microsecondsOf(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return (performance.now() - start) * 1000
}

const KEY = new Uint8Array(randomBytes(32))
const FIELDS = { seid: 'sim1', user: 'operator', ins: 'A4', outcome: '9000' }
const APPENDS = { full: 2_000, quick: 100 }
const RECORDS = { full: 1_000_000, quick: 50_000 }
const TOGETHER = 10_000
