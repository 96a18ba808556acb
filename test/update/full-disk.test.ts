// A data partition without room, and disks that the kernel knows: what needs root to be made.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import test from 'node:test'
import { type Appliance, applianceBelow } from '../../src/update/appliance.ts'
import { applyUpdate, type UpdateOrder } from '../../src/update/apply.ts'
import { confirmedState, GIVEN_UP } from '../../src/update/boot-state.ts'
import type { UpdateError } from '../../src/update/errors.ts'
import { judgeBoot } from '../../src/update/gate.ts'
import { readJournal, writeJournal } from '../../src/update/journal.ts'
import { type Medium, openMedium } from '../../src/update/medium.ts'
import { iose } from '../support/iose.ts'
import { DISK_ID, UpdateBench } from '../support/update-bench.ts'

const skip = process.getuid?.() === 0 ? false : 'only root can mount'
const full = { code: 'update.full' }

/** The data partition of `bench`, which is small. */
class SmallData implements Disposable {
  readonly path: string

  constructor(bench: UpdateBench) {
    this.path = dirname(bench.journal)
    mkdirSync(this.path, { recursive: true })
    run('mount', '-t', 'tmpfs', '-o', 'size=32k', 'tmpfs', this.path)
  }

  fill(): void {
    const file = openSync(join(this.path, 'somebody'), 'a')
    try {
      for (;;) writeSync(file, Buffer.alloc(4096))
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC')
    } finally {
      closeSync(file)
    }
  }

  empty(): void {
    rmSync(join(this.path, 'somebody'), { force: true })
  }

  [Symbol.dispose](): void {
    run('umount', this.path)
  }
}

function judged(appliance: Appliance, disk: Medium, isMet: boolean) {
  const mission = () => Promise.resolve({ isMet, reason: isMet ? '' : 'no slot is ready' })
  return judgeBoot({ appliance, disk, mission, now: () => new Date() })
}

function run(program: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' })
  assert.equal(status, 0, `${program} ${args.join(' ')}: ${stderr}`)
  return stdout.trim()
}

async function orderOf(
  bench: UpdateBench,
  path: string,
  changes: Partial<UpdateOrder> = {},
): Promise<UpdateOrder> {
  async function* bytes(): AsyncGenerator<Uint8Array> {
    yield await Promise.resolve(readFileSync(path))
  }
  return {
    ...{ appliance: await applianceBelow(bench.folder, bench.disk), bytes: bytes(), mode: 'install' },
    ...{
      downgrade: 'refused',
      onHeader: () => undefined,
      onProgress: () => undefined,
      now: () => new Date(),
    },
    ...changes,
  }
}

test('update: a data partition without room is told before the slot is touched', { skip }, async () => {
  using bench = new UpdateBench()
  const { path } = await bench.update()
  using data = new SmallData(bench)
  await writeJournal(bench.journal, { slots: { B: { version: '0.9.0', minimum: '0.0.0' } } })
  data.fill()
  const said = await iose(['update', path, '--root', bench.folder, '--disk', bench.disk])
  assert.equal(said.exitCode, 2)
  assert.match(
    said.stderr,
    /there is no room for .*journal\.json.*ENOSPC[^]*\nNext: make room on the data partition: df -h/,
  )
  assert.ok(bench.slot('B', 4096, 4096).every((byte) => byte === 0))
  assert.deepEqual([bench.boot()?.slot, bench.boot()?.isConfirmed], ['A', true])
  // Nothing of the journal is lost, and nothing lies beside it.
  assert.equal((await readJournal(bench.journal)).slots.B?.version, '0.9.0')
  data.empty()
  assert.equal((await iose(['update', path, '--root', bench.folder, '--disk', bench.disk])).exitCode, 0)
  assert.equal(bench.boot()?.slot, 'B')
})

test('update: room that is gone before the switch leaves the old slot; gone behind it, the update is installed all the same', {
  skip,
}, async () => {
  using bench = new UpdateBench()
  const { path } = await bench.update()
  using data = new SmallData(bench)
  await assert.rejects(applyUpdate(await orderOf(bench, path, { onProgress: () => data.fill() })), full)
  assert.equal(bench.boot()?.slot, 'A')
  assert.deepEqual((await readJournal(bench.journal)).slots, {}, 'nobody takes the slot for what was in it')
  data.empty()
  const problems: string[] = []
  const late = {
    onUnnoted: ({ code }: UpdateError) => problems.push(code),
    now: () => {
      data.fill()
      return new Date()
    },
  }
  await applyUpdate(await orderOf(bench, path, late))
  assert.deepEqual(problems, ['update.full'])
  assert.deepEqual([bench.boot()?.slot, bench.boot()?.tries], ['B', 3])
  const { slots, last } = await readJournal(bench.journal)
  assert.deepEqual([slots.B?.version, last], ['1.1.0', undefined])
})

test('gate: a journal without room keeps no slot that failed, and confirms one that did not', {
  skip,
}, async () => {
  using bench = new UpdateBench({ slot: 'B', version: '1.1.0' })
  using data = new SmallData(bench)
  const appliance = await applianceBelow(bench.folder, bench.disk)
  bench.setBoot({ slot: 'B', tries: 1, isConfirmed: false })
  data.fill()
  await using disk = await openMedium(bench.disk, 'writing')
  const judge = (isMet: boolean) => judged(appliance, disk, isMet)
  const { verdict, last } = await judge(false)
  assert.equal(verdict, 'failed')
  assert.match(
    last?.reason ?? '',
    /^no slot is ready; and the journal could not be written: there is no room for/,
  )
  assert.equal(bench.boot()?.isConfirmed, false)
  await assert.rejects(judge(true), full)
  assert.equal(bench.boot()?.isConfirmed, true)
})

test('gate: without room a confirmed slot has its tries back, and tells of a fallback when there is room', {
  skip,
}, async () => {
  using bench = new UpdateBench()
  using data = new SmallData(bench)
  const appliance = await applianceBelow(bench.folder, bench.disk)
  bench.setBoot({ slot: 'A', tries: 7, reason: GIVEN_UP.triesUsedUp, givenUp: 'B', sequence: 4 })
  data.fill()
  await using disk = await openMedium(bench.disk, 'writing')
  await assert.rejects(judged(appliance, disk, true), full)
  const untold = { reason: GIVEN_UP.triesUsedUp, givenUp: 'B' } as const
  assert.deepEqual(bench.boot(), { ...confirmedState('A'), ...untold, sequence: 5 })
  data.empty()
  assert.equal((await judged(appliance, disk, true)).last?.outcome, 'fell-back')
  assert.deepEqual(bench.boot(), { ...confirmedState('A'), sequence: 6 })
})

test('update: the disk of a kernel that knows its partitions is found, written and read back', {
  skip: skip === false && !existsSync('/dev/loop-control') ? 'no loop devices here' : skip,
}, async () => {
  using bench = new UpdateBench()
  const { path, payload, rootBytes } = await bench.update()
  const loop = run('losetup', '--find', '--show', '--partscan', bench.disk)
  // Not every kernel looks at once.
  if (!existsSync(`${loop}p3`)) run('partx', '--add', loop)
  const links = '/dev/disk/by-partuuid'
  const made = mkdirSync(links, { recursive: true })
  const link = join(links, `${DISK_ID}-02`)
  const isOurs = !existsSync(link)
  try {
    // What udev does, where it runs.
    if (isOurs) symlinkSync(`${loop}p2`, link)
    const below = ['--root', bench.folder]
    assert.equal((await applianceBelow(bench.folder, undefined)).disk, loop)
    {
      // As a mount has it.
      await using held = await openMedium(`${loop}p3`, 'exclusive')
      const said = await iose(['update', path, ...below])
      assert.match(said.stderr, new RegExp(`${held.name} is mounted or in use; nothing was written`))
      assert.equal(bench.boot()?.slot, 'A')
    }
    const said = await iose(['update', path, ...below])
    assert.deepEqual([said.exitCode, said.stderr], [0, ''])
    run('blockdev', '--flushbufs', loop)
    assert.ok(bench.slot('B', rootBytes, 4096).equals(payload))
    assert.equal(bench.boot()?.slot, 'B')
    bench.put('/proc/cmdline', 'root=PARTUUID=0badcafe-02 iose.slot=A\n')
    assert.match(
      (await iose(['update', path, ...below])).stderr,
      /there is no \/dev\/disk\/by-partuuid\/0badcafe-02/,
    )
  } finally {
    if (isOurs) unlinkSync(link)
    if (made !== undefined) rmSync(made, { recursive: true })
    run('partx', '--delete', loop)
    run('losetup', '--detach', loop)
  }
})
