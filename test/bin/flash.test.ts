// What wears flash: what is counted of it, and what is not written at all.

import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import test, { after } from 'node:test'
import { NO_FAILURES, withFailure } from '../../src/access/failures.ts'
import { writeAtomically } from '../../src/base/atomic-file.ts'
import type { AuditFields } from '../../src/base/audit.ts'
import { written } from '../../src/base/written.ts'
import { flashFinding } from '../../src/bin/iose/doctor/flash.ts'
import { openBindings } from '../../src/bin/iosed/bindings-file.ts'
import {
  MediumWatch,
  type MediumWear,
  mediumWearAt,
  wearWords,
  yearsLeft,
} from '../../src/bin/iosed/medium-wear.ts'
import { Strangers } from '../../src/bin/iosed/strangers.ts'
import { openTries } from '../../src/bin/iosed/tries-file.ts'
import type { Seid, Sen } from '../../src/slots/identity.ts'
import { flashFamilies } from '../../src/status/metrics/flash-families.ts'
import { AuditBench } from '../support/audit-bench.ts'
import { ManualClock } from '../support/manual-clock.ts'

const directory = mkdtempSync(join(tmpdir(), 'flash-'))
after(() => rmSync(directory, { recursive: true }))

const [ONE, TWO] = ['sim1' as Seid, 'sim2' as Seid]

/** What `work` has the process write, as `kind bytes syncs`. */
async function writtenBy(work: () => Promise<unknown>): Promise<string[]> {
  const before = written.map((row) => ({ ...row }))
  await work()
  return written.flatMap(({ kind, bytes, syncs }, n) => {
    const [more, times] = [bytes - (before[n]?.bytes ?? 0), syncs - (before[n]?.syncs ?? 0)]
    return more === 0 && times === 0 ? [] : [`${kind} ${more} ${times}`]
  })
}

test('flash: bytes and syncs are counted by kind of file', async () => {
  const at = (name: string): string => join(directory, name)
  assert.deepEqual(await writtenBy(() => writeAtomically(at('users.toml'), 'é', 0o600)), ['other 2 2'])
  assert.deepEqual(await writtenBy(() => writeAtomically(at('server.pem'), 'abc', 0o600)), ['keys 3 2'])
  assert.deepEqual(await writtenBy(() => writeAtomically(at('index.json'), 'abc', 0o600)), ['keys 3 2'])
  assert.deepEqual(await writtenBy(() => writeAtomically(at('status.token'), 'abc', 0o600)), ['keys 3 2'])
  const bench = new AuditBench()
  // The file with its directory, its first record; then a record with a sync each, and the one that makes sure of it.
  const rows = await writtenBy(() => bench.fill(2))
  const bytes = statSync(join(bench.path, bench.files[0]!)).size
  assert.deepEqual(rows, [`audit ${bytes} 5`])
})

test('flash: the same name for an element again writes nothing', async () => {
  const store = await openBindings(join(directory, 'bindings.json'))
  const binding = { sen: 'foo.com' as Sen, aid: undefined }
  assert.match((await writtenBy(() => store.set(ONE, binding))).join(), /^bindings \d+ 2$/)
  assert.deepEqual(await writtenBy(() => store.set(ONE, { ...binding })), [])
  assert.deepEqual(await writtenBy(() => store.set(TWO, undefined)), [])
  assert.match((await writtenBy(() => store.set(ONE, { sen: null, aid: undefined }))).join(), /^bindings/)
})

test('flash: names that are given at the same time are all on the disk', async () => {
  const path = join(directory, 'together.json')
  const store = await openBindings(path)
  const seids = ['sim1', 'sim2', 'sim3', 'sim4'] as Seid[]
  await Promise.all(seids.map((seid) => store.set(seid, { sen: `${seid}.com` as Sen, aid: undefined })))
  assert.deepEqual(Object.keys(JSON.parse(readFileSync(path, 'utf8')) as object), seids)
})

test('flash: a burst of tries costs two writes, and none is lost', async () => {
  const path = join(directory, 'tries.json')
  const store = await openTries(path)
  const key = 'default key 00'
  const rows = await writtenBy(async () => {
    const saves: Promise<void>[] = []
    for (let n = 0; n < 50; n++) {
      saves.push(store.set(ONE, withFailure(store.get(ONE), 'authentication', key)))
      // The first one is under way when the others come.
      if (n === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    await Promise.all(saves)
  })
  assert.match(rows.join(), /^tries \d+ 4$/)
  assert.equal((await openTries(path)).get(ONE).authentication.get(key), 50)
})

test('flash: what is told to be saved is on the disk then, whatever comes in between', async () => {
  const path = join(directory, 'told/tries.json')
  const store = await openTries(path)
  const counts: number[] = []
  const saves: Promise<void>[] = []
  for (let n = 1; n <= 30; n++) {
    const saved = store.set(ONE, withFailure(store.get(ONE), 'verification', '? pin 00')).then(() => {
      const file = JSON.parse(readFileSync(path, 'utf8')) as Record<
        string,
        { verification: Record<string, number> }
      >
      counts.push((file['sim1']?.verification['? pin 00'] ?? 0) - n)
    })
    saves.push(saved)
    if (n % 7 === 0) await new Promise((resolve) => setTimeout(resolve, 1))
  }
  await Promise.all(saves)
  assert.equal(counts.length, 30)
  assert.ok(
    counts.every((ahead) => ahead >= 0),
    counts.join(),
  )
  // A write that fails is told to those who waited for it, and to nobody else.
  rmSync(dirname(path), { recursive: true })
  writeFileSync(dirname(path), '')
  await assert.rejects(store.set(ONE, NO_FAILURES))
  rmSync(dirname(path))
  await store.set(ONE, NO_FAILURES)
  assert.equal(readFileSync(path, 'utf8'), '{}\n')
})

test('flash: of connections without an element the first are records of their own, the others a sum', async () => {
  const clock = new ManualClock()
  const sums: AuditFields[] = []
  const strangers = new Strangers({ clock, wallNow: () => 0, onSum: (fields) => sums.push(fields) })
  const admitted = (count: number, code: string): number =>
    Array.from({ length: count }, () => strangers.admits({ code })).filter(Boolean).length
  assert.equal(admitted(1000, 'peer.gone'), 60)
  assert.equal(admitted(3, 'peer.timeout'), 0)
  assert.deepEqual(sums, [])
  await clock.advanceBy(60_000)
  const since = '1970-01-01T00:00:00.000Z'
  assert.deepEqual(sums, [{ connections: 943, codes: '940 peer.gone, 3 peer.timeout', since }])
  assert.equal(admitted(5, 'peer.gone'), 1)
  strangers.flush()
  assert.equal(sums.length, 2)
  assert.equal(sums[1]?.['connections'], 4)
  strangers.flush()
  await clock.advanceBy(30 * 60_000)
  assert.equal(sums.length, 2)
  assert.equal(clock.pending, 0)
  assert.equal(admitted(100, 'peer.gone'), 30)
})

test('flash: of the audit log the last files stay, its end says what is gone, and it verifies', async () => {
  const bench = new AuditBench()
  await bench.fill(40, { maxFileBytes: 2_000, maxFiles: 3 })
  const count = (): number => bench.files.length
  assert.equal(count(), 3)
  const gone = bench.records().filter(({ event }) => event === 'log.pruned')
  const first = Number(bench.files[0]?.slice(6, 12))
  assert.equal(gone.at(-1)?.fields['file'], `audit-${String(first - 1).padStart(6, '0')}.jsonl`)
  assert.deepEqual(await bench.findings(), [])
  const kept = bench.records().filter(({ event }) => event === 'lease.granted')
  assert.equal(kept.at(-1)?.fields['n'], 40)
  // A lower limit counts from the next start on, no limit removes nothing.
  await bench.fill(1, { maxFileBytes: 2_000, maxFiles: 1 })
  assert.equal(count(), 1)
  await bench.fill(40, { maxFileBytes: 2_000 })
  assert.ok(count() > 3)
  assert.deepEqual(await bench.findings(), [])
})

/** A /sys in which `path` lies on partition 4 of an eMMC. */
function sysOf(path: string, files: Readonly<Record<string, string>>): string {
  const sys = mkdtempSync(join(directory, 'sys-'))
  const disk = join(sys, 'devices/mmc0/block/mmcblk0')
  for (const [name, text] of Object.entries(files)) {
    const file = name.startsWith('ext4/') ? join(sys, 'fs/ext4/mmcblk0p4', name.slice(5)) : join(disk, name)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
  const { dev } = statSync(path)
  const [major, minor] = [(dev >> 8) & 0xfff, (dev & 0xff) | ((dev >> 12) & 0xfff00)]
  mkdirSync(join(sys, 'dev/block'), { recursive: true })
  symlinkSync(join(disk, 'mmcblk0p4'), join(sys, `dev/block/${major}:${minor}`))
  return sys
}

const STAT = '  10 0 80 5 20 0 4096 9 0 14 14 0 0 0 0 0 0\n'

test('flash: what the kernel tells of the medium, of an eMMC, an SD card, another file system, and of none', async () => {
  const partition = { 'mmcblk0p4/partition': '4\n', size: '62333952\n', stat: STAT }
  const emmc = sysOf(directory, {
    ...partition,
    ...{ 'ext4/lifetime_write_kbytes': '2048\n', 'ext4/session_write_kbytes': '1024\n' },
    ...{ 'device/life_time': '0x01 0x03\n', 'device/pre_eol_info': '0x01\n' },
  })
  const found = await mediumWearAt(directory, emmc)
  assert.ok(found !== undefined && found.recentS > 0)
  assert.deepEqual(
    { ...found, recentS: 0 },
    {
      ...{ device: 'mmcblk0p4', sizeBytes: 31_914_983_424, lifetimeBytes: 2_097_152, recentBytes: 1_048_576 },
      ...{ recentS: 0, lifeTenths: 3, reserve: 'normal' },
    },
  )
  const xfs = await mediumWearAt(directory, sysOf(directory, partition))
  const others = { lifetimeBytes: undefined, lifeTenths: undefined, reserve: undefined }
  const counted = { device: 'mmcblk0p4', sizeBytes: 31_914_983_424, recentBytes: 4096 * 512, recentS: 0 }
  assert.deepEqual({ ...xfs, recentS: 0 }, { ...counted, ...others })
  assert.equal(await mediumWearAt(directory, join(directory, 'no-sys')), undefined)
  assert.equal(await mediumWearAt(join(directory, 'nothing'), emmc), undefined)
})

const DAY_S = 86_400
const CARD: MediumWear = {
  ...{ device: 'mmcblk0p4', sizeBytes: 32e9, lifetimeBytes: 2.1e9, recentBytes: 310e6, recentS: DAY_S },
  ...{ lifeTenths: undefined, reserve: undefined },
}

test('flash: a line says what was written, the pace, and the years at a stated assumption', () => {
  const said = (changes: Partial<MediumWear>): string => wearWords({ ...CARD, ...changes })
  const many = 'more than 100 years at that pace to 300 times its size'
  assert.equal(said({ recentBytes: 31e6 }), `mmcblk0p4: 2.1 GB written since format, 31 MB a day, ${many}`)
  assert.equal(
    said({}),
    'mmcblk0p4: 2.1 GB written since format, 310 MB a day, 85 years at that pace to 300 times its size',
  )
  assert.equal(said({ recentS: 3_599 }), 'mmcblk0p4: 2.1 GB written since format, no pace yet')
  assert.equal(said({ lifetimeBytes: undefined }), 'mmcblk0p4: 310 MB a day')
  assert.equal(said({ device: 'sda1' }), 'sda1: 2.1 GB written since format, 310 MB a day')
  const emmc = { recentS: 0, lifeTenths: 11, reserve: 'urgent' as const }
  assert.equal(
    said(emmc),
    'mmcblk0p4: 2.1 GB written since format, no pace yet, 100 % of its life used, reserve blocks: urgent',
  )
  assert.equal(yearsLeft({ ...CARD, lifetimeBytes: 10e12 }), 0)
})

test('flash: the doctor warns of a medium that is near its end, or will be within three years', () => {
  const outcome = (changes: Partial<MediumWear>): string =>
    flashFinding({ ...CARD, ...changes }, '/state').outcome
  assert.equal(outcome({}), 'ok')
  assert.equal(outcome({ recentBytes: 8e9 }), 'ok')
  assert.equal(outcome({ recentBytes: 9e9 }), 'warning')
  assert.equal(outcome({ recentBytes: 9e9, recentS: 60 }), 'ok')
  assert.equal(outcome({ lifeTenths: 8, reserve: 'normal' }), 'ok')
  assert.equal(outcome({ lifeTenths: 9 }), 'warning')
  assert.equal(outcome({ reserve: 'warning' }), 'warning')
  assert.match(flashFinding(undefined, '/state').found, /nobody counts what is written at \/state/)
})

test('flash: the kernel is asked once a minute at most, and nobody waits for the words', async () => {
  const clock = new ManualClock()
  let reads = 0
  const watch = new MediumWatch(
    '/state',
    () => clock.now(),
    () => Promise.resolve({ ...CARD, lifetimeBytes: ++reads }),
  )
  assert.equal(watch.words(), undefined)
  await new Promise((resolve) => setImmediate(resolve))
  assert.match(watch.words() ?? '', /^mmcblk0p4: /)
  await clock.advanceBy(59_999)
  await watch.wear()
  assert.equal(reads, 1)
  await clock.advanceBy(1)
  assert.equal((await watch.wear())?.lifetimeBytes, 2)
})

test('flash: metrics have a series for each kind, and of the medium only what is known', async () => {
  const rows = [{ kind: 'audit' as const, bytes: 7, syncs: 2 }]
  const draw = async (
    medium: { lifetimeBytes: number | undefined; lifeTenths: number | undefined } | undefined,
  ) =>
    Promise.all(
      flashFamilies({ written: () => rows, medium: () => Promise.resolve(medium) }).map(async (family) => [
        family.name,
        (await family.draw()).map(({ value }) => value),
      ]),
    )
  assert.deepEqual(await draw({ lifetimeBytes: 5, lifeTenths: 2 }), [
    ['iose_written_bytes_total', [7]],
    ['iose_syncs_total', [2]],
    ['iose_medium_written_bytes_total', [5]],
    ['iose_medium_life_used_ratio', [0.2]],
  ])
  const unknown = (await draw({ lifetimeBytes: undefined, lifeTenths: undefined })).slice(2)
  assert.deepEqual(
    unknown.map(([, values]) => values),
    [[], []],
  )
  assert.deepEqual(
    (await draw(undefined)).slice(2).map(([, values]) => values),
    [[], []],
  )
})
