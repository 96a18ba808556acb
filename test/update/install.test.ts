import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { readBootState, writeBootState } from '../../src/update/boot-record.ts'
import { confirmedState, type SlotName, TRIES } from '../../src/update/boot-state.ts'
import { UpdateError } from '../../src/update/errors.ts'
import { checkFit, checkSlotIsFree, install } from '../../src/update/install.ts'
import { trustedKeys } from '../../src/update/keys.ts'
import { KERNEL_AREA_OFFSET, SLOT_BYTES } from '../../src/update/layout.ts'
import { Window } from '../../src/update/medium.ts'
import { UpdateReader } from '../../src/update/reader.ts'
import { FragileDisk, PowerCut } from '../support/fragile-disk.ts'
import { Random } from '../support/random.ts'
import { known, UpdateBench } from '../support/update-bench.ts'

const SLOT_B = { name: 'slot B', offset: 1_318_912 * 512, length: SLOT_BYTES }
const CONFIRMED_A = confirmedState('A')

test('install: a power cut at any write or sync leaves the old slot, or the new one whole (4 seeds)', async () => {
  using bench = new UpdateBench()
  const { path, payload, rootBytes } = await bench.update({ rootBytes: 1024 * 1024 + 4096 })
  for (const seed of [1, 2, 3, 4]) {
    const whole = await newDisk(seed)
    const before = whole.steps
    await installFrom(bench, path, whole)
    const steps = whole.steps - before
    assert.ok(steps >= 8, `${steps} steps`)
    for (let step = 1; step <= steps; step++) {
      const disk = await newDisk(1000 * seed + step)
      disk.stepsLeft = step
      await assert.rejects(installFrom(bench, path, disk), PowerCut)
      const after = disk.restarted()
      const state = (await readBootState(after))?.state
      const next = state?.slot
      assert.ok(state !== undefined, `seed ${seed}, step ${step}: no boot state is whole`)
      if (next === 'A') assert.equal(state.isConfirmed, true, `seed ${seed}, step ${step}`)
      else {
        assert.deepEqual([next, state.tries, state.isConfirmed], ['B', TRIES.onTrial, false])
        assert.ok(
          (await contentOf(after, rootBytes)).equals(payload),
          `seed ${seed}, step ${step}: B is not whole`,
        )
        assert.ok(step >= steps - 1, `seed ${seed}, step ${step}: B is started too early`)
      }
      // And the next try succeeds.
      if (next === 'A') {
        await installFrom(bench, path, after)
        assert.equal((await readBootState(after))?.state.slot, 'B')
      }
    }
  }
})

test('install: a slot that is half written has no kernel that U-Boot would start', async () => {
  using bench = new UpdateBench()
  const { path } = await bench.update()
  const disk = await newDisk(9)
  await installFrom(bench, path, disk)
  await writeBootState(disk, CONFIRMED_A)
  assert.equal(await kernelMagic(disk), 'IOSEKRNL')
  // Zeros over the header of the old kernel, their sync, and then a write of the new root.
  disk.stepsLeft = 3
  await assert.rejects(installFrom(bench, path, disk), PowerCut)
  assert.notEqual(await kernelMagic(disk.restarted()), 'IOSEKRNL')
})

test('install: an update that waits for its first start is no longer started once another is being written', async () => {
  using bench = new UpdateBench()
  const [first, second] = [await bench.update({ seed: 1 }), await bench.update({ seed: 2 })]
  const disk = await newDisk(3)
  await installFrom(bench, first.path, disk)
  disk.stepsLeft = 4
  await assert.rejects(installFrom(bench, second.path, disk), PowerCut)
  assert.equal((await readBootState(disk.restarted()))?.state.slot, 'A')
})

test('install: while the running slot is not confirmed, and without a boot state, nothing is written', async () => {
  using bench = new UpdateBench()
  const { path } = await bench.update()
  const disk = await newDisk(4)
  await writeBootState(disk, { ...CONFIRMED_A, tries: 2, isConfirmed: false })
  const steps = disk.steps
  await assert.rejects(installFrom(bench, path, disk), codeIs('update.not-now'))
  assert.equal(disk.steps, steps)
  await assert.rejects(checkSlotIsFree(new FragileDisk(new Random(1)), 'A'), codeIs('update.not-now'))
})

test('install: a disk that refuses, or keeps something else, leaves the boot state as it was', async () => {
  using bench = new UpdateBench()
  const { path } = await bench.update()
  const disk = await newDisk(5)
  disk.fault = (position) =>
    position > SLOT_B.offset + 100 && position < SLOT_B.offset + KERNEL_AREA_OFFSET
      ? new UpdateError('update.disk', 'cannot write a card: EIO')
      : undefined
  await assert.rejects(installFrom(bench, path, disk), codeIs('update.disk'))
  assert.equal((await readBootState(disk.restarted()))?.state.slot, 'A')

  const forgetful = await newDisk(6)
  forgetful.forgetCache = () => forgetful.write(Buffer.alloc(512, 0x55), SLOT_B.offset + 4096)
  await assert.rejects(
    installFrom(bench, path, forgetful),
    /slot B does not keep what was written \(chunk 1\)/,
  )
  assert.equal((await readBootState(forgetful.restarted()))?.state.slot, 'A')
})

test('boot state: a copy that does not reach the disk is noticed', async () => {
  const disk = await newDisk(7)
  disk.write = () => Promise.resolve()
  await assert.rejects(writeBootState(disk, { ...CONFIRMED_A, slot: 'B' }), /does not keep the boot state/)
})

test('fit: another product, another board and what is older are refused; a downgrade if it is allowed goes to the minimum', async () => {
  using bench = new UpdateBench()
  const { path } = await bench.update({ version: '1.4.0' })
  const { header } = await opened(bench, path)
  const machine = {
    ...{ product: 'iose-gateway', boards: ['raspberrypi,4-model-b', 'brcm,bcm2711'] },
    ...{ version: known('1.3.0'), minimum: undefined },
  }
  checkFit(header, machine, 'refused')
  checkFit(header, { ...machine, version: known('1.4.0') }, 'refused')
  for (const [change, pattern] of [
    [{ product: 'toaster' }, /for iose-gateway, and this is toaster/],
    [
      { boards: ['raspberrypi,3-model-b', 'brcm,bcm2837'] },
      /for boards raspberrypi,4-model-b, and this one is raspberrypi,3-model-b/,
    ],
    [{ boards: [] }, /no device tree/],
    [{ version: known('1.4.1') }, /1\.4\.1 is newer; --allow-downgrade/],
    [{ version: known('1.4.1-rc.1') }, /1\.4\.1-rc\.1 is newer/],
  ] as const) {
    assert.throws(() => checkFit(header, { ...machine, ...change }, 'refused'), pattern)
  }
  const newer = { ...machine, version: known('2.0.0') }
  checkFit(header, newer, 'allowed')
  checkFit(header, { ...newer, minimum: known('1.4.0') }, 'allowed')
  const forbidden = { ...newer, minimum: known('1.4.1') }
  assert.throws(
    () => checkFit(header, forbidden, 'allowed'),
    /an update before it forbids what is below 1\.4\.1/,
  )
})

async function newDisk(seed: number): Promise<FragileDisk> {
  const disk = new FragileDisk(new Random(seed))
  await writeBootState(disk, CONFIRMED_A)
  await writeBootState(disk, CONFIRMED_A)
  return disk
}

async function installFrom(bench: UpdateBench, path: string, disk: FragileDisk, running: SlotName = 'A') {
  const update = await opened(bench, path)
  await install(update, {
    ...{ disk, running, slot: new Window(disk, SLOT_B), onProgress: () => undefined },
    beforeSwitch: () => Promise.resolve(),
  })
}

async function opened(bench: UpdateBench, path: string): Promise<UpdateReader> {
  const bytes = readFileSync(path)
  const pieces = (async function* () {
    yield await Promise.resolve(bytes)
  })()
  return UpdateReader.open(pieces, await trustedKeys([`${bench.folder}/etc/iose/update-keys`]))
}

async function contentOf(disk: FragileDisk, rootBytes: number): Promise<Buffer> {
  const [root, kernel] = [Buffer.alloc(rootBytes), Buffer.alloc(4096)]
  await disk.read(root, SLOT_B.offset)
  await disk.read(kernel, SLOT_B.offset + KERNEL_AREA_OFFSET)
  return Buffer.concat([root, kernel])
}

async function kernelMagic(disk: FragileDisk): Promise<string> {
  const sector = Buffer.alloc(512)
  await disk.read(sector, SLOT_B.offset + KERNEL_AREA_OFFSET)
  return sector.toString('latin1', 0, 8)
}

function codeIs(code: string) {
  return (error: unknown) => error instanceof UpdateError && error.code === code
}
