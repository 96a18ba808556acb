// node audit-writer.js DIRECTORY SEED: records as fast as it can, over small files, and says the number of each record
// on standard output as soon as it is acknowledged. Is killed sooner or later. Plain JavaScript over dist/: it starts
// in a moment.

import { writeSync } from 'node:fs'
import { openDirectory } from '../../dist/audit/files.js'
import { AuditLog } from '../../dist/audit/log.js'
import { silentLog } from '../../dist/base/log.js'

const [path, first] = [process.argv[2], Number(process.argv[3])]
const log = await AuditLog.open({
  directory: await openDirectory(path),
  key: Uint8Array.from({ length: 32 }, (_, index) => index),
  name: 'killed',
  maxFileBytes: 200_000,
  onFull: 'stop',
  wallNow: Date.now,
  log: silentLog,
})
writeSync(1, 'ready\n')
let n = first
async function recordAll() {
  for (;;) {
    const own = n++
    await log.record('apdu.sent', { n: own, seid: 'sim1', padding: 'x'.repeat(own % 400) })
    writeSync(1, `${own}\n`)
  }
}
await Promise.all(Array.from({ length: 8 }, recordAll))
