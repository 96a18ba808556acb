import assert from 'node:assert/strict'
import { readFileSync, statSync } from 'node:fs'
import test from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { missionOf } from '../../src/bin/iose/update/mission.ts'
import { applianceBelow } from '../../src/update/appliance.ts'
import { confirmedState, TRIES } from '../../src/update/boot-state.ts'
import { awaitMission, judgeBoot, type Mission } from '../../src/update/gate.ts'
import { journalOf, raisedMinimum, writeJournal } from '../../src/update/journal.ts'
import { KERNEL_AREA_OFFSET } from '../../src/update/layout.ts'
import { lockUpdates } from '../../src/update/lock.ts'
import { openMedium } from '../../src/update/medium.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { UpdateBench } from '../support/update-bench.ts'

const MET: Mission = { isMet: true, reason: '' }
const KERNEL_OF_A = 270_336 * 512 + KERNEL_AREA_OFFSET
const UNMET: Mission = { isMet: false, reason: 'the plane racs does not accept' }

test('gate: a slot on trial whose mission is met is confirmed, and its minimum holds from then on', async () => {
  using bench = new UpdateBench({ slot: 'B', version: '1.1.0' })
  bench.setBoot({ slot: 'B', tries: 2, isConfirmed: false })
  await writeJournal(bench.journal, { slots: { B: { version: '1.1.0', minimum: '1.0.5' } } })
  assert.equal(await judged(bench, MET), 'confirmed')
  assert.deepEqual([bench.boot()?.slot, bench.boot()?.isConfirmed], ['B', true])
  const { minimum, last, running } = journalIn(bench)
  assert.deepEqual([minimum, last?.outcome, running?.isConfirmed], ['1.0.5', 'confirmed', true])
  const { mtimeMs } = statSync(bench.journal)
  assert.equal(await judged(bench, UNMET), 'kept', 'a slot that is confirmed is not judged again')
  assert.equal(statSync(bench.journal).mtimeMs, mtimeMs, 'a start that changes nothing writes nothing')
})

test('gate: a slot that fails is written down and stays on trial; after the fall-back the reason is kept, and told once', async () => {
  using bench = new UpdateBench({ slot: 'B', version: '1.1.0' })
  bench.setBoot({ slot: 'B', tries: 0, isConfirmed: false, sequence: 7 })
  await writeJournal(bench.journal, { slots: { B: { version: '1.1.0', minimum: '1.1.0' } } })
  assert.equal(await judged(bench, UNMET), 'failed')
  assert.deepEqual([bench.boot()?.isConfirmed, bench.boot()?.tries], [false, 0])
  assert.deepEqual([journalIn(bench).last?.outcome, journalIn(bench).minimum], ['failed', undefined])

  // As the boot script gives it up.
  bench.setBoot({ slot: 'A', reason: 1, givenUp: 'B', sequence: 8 })
  bench.start('A', '1.0.0')
  assert.equal(await judged(bench, MET), 'kept')
  const { last, minimum } = journalIn(bench)
  assert.deepEqual(
    [last?.outcome, last?.slot, last?.version, minimum],
    ['fell-back', 'B', '1.1.0', undefined],
  )
  assert.match(
    last?.reason ?? '',
    /without meeting its mission; the last time: the plane racs does not accept/,
  )
  const text = readFileSync(bench.journal, 'utf8')
  assert.deepEqual(bench.boot(), { sequence: 9, ...confirmedState('A') })
  // As if the power had been cut before the boot state said that it was told.
  bench.setBoot({ slot: 'A', reason: 1, givenUp: 'B', sequence: 10 })
  assert.equal(await judged(bench, MET), 'kept')
  assert.equal(readFileSync(bench.journal, 'utf8'), text)
  assert.deepEqual(bench.boot(), { sequence: 11, ...confirmedState('A') })
})

test('gate: a confirmed slot has its tries back once its mission is met or was waited for', async () => {
  for (const mission of [MET, UNMET]) {
    using bench = new UpdateBench()
    bench.setBoot({ slot: 'A', tries: 1, sequence: 4 })
    let tries: number | undefined
    const verdict = await judged(bench, mission, () => (tries = bench.boot()?.tries))
    assert.deepEqual([verdict, tries], ['kept', 1], 'a system that breaks before has used up its try')
    assert.deepEqual(bench.boot(), { sequence: 5, ...confirmedState('A') })
  }
})

test('gate: a journal that is damaged costs a confirmed slot no try', async () => {
  using bench = new UpdateBench()
  bench.setBoot({ slot: 'A', tries: 7, sequence: 4 })
  bench.put('data/update/journal.json', '{')
  await assert.rejects(judged(bench, MET), { code: 'update.disk', message: /journal\.json is damaged/ })
  assert.equal(bench.boot()?.tries, TRIES.confirmed)
})

test('gate: an update that is installed while a confirmed slot waits for its mission is started next', async () => {
  using bench = new UpdateBench()
  bench.setBoot({ slot: 'A', tries: 7, sequence: 4 })
  const update = { slot: 'B', tries: 3, isConfirmed: false, sequence: 5 } as const
  assert.equal(await judged(bench, MET, () => bench.setBoot(update)), 'kept')
  assert.deepEqual(bench.boot(), { ...confirmedState('B'), ...update })
})

test('gate: while an update is being installed the boot state is its business', async () => {
  using bench = new UpdateBench()
  bench.setBoot({ slot: 'A', tries: 7, sequence: 4 })
  const { lock } = await applianceBelow(bench.folder, bench.disk)
  let release: Promise<void> | undefined
  const verdict = await judged(bench, MET, async () => {
    const held = await lockUpdates(lock, 1)
    release = delay(300).then(() => {
      bench.setBoot({ slot: 'B', tries: 3, isConfirmed: false, sequence: 5 })
      return held[Symbol.asyncDispose]()
    })
  })
  await release
  assert.deepEqual([verdict, bench.boot()?.slot, bench.boot()?.sequence], ['kept', 'B', 5])
})

test('gate: a slot that was confirmed and used up its tries is told with the version that ran', async () => {
  using bench = new UpdateBench()
  await writeJournal(bench.journal, {
    slots: {},
    running: { slot: 'B', version: '1.1.0', isConfirmed: true },
  })
  bench.setBoot({ slot: 'A', reason: 1, givenUp: 'B' })
  assert.equal(await judged(bench, MET), 'kept')
  const { last } = journalIn(bench)
  assert.deepEqual([last?.outcome, last?.slot, last?.version], ['fell-back', 'B', '1.1.0'])
  assert.match(last?.reason ?? '', /^it was started as often as it may be without meeting its mission$/)
})

test('gate: once a slot is confirmed, the other one is not started any more if it is below the minimum', async () => {
  for (const [minimum, isStarted] of [
    ['1.0.0', true],
    ['1.0.1', false],
  ] as const) {
    using bench = new UpdateBench({ slot: 'B', version: '1.1.0' })
    bench.write(Buffer.from('IOSEKRNL'), KERNEL_OF_A)
    bench.setBoot({ slot: 'B', tries: 2, isConfirmed: false })
    // What came with the card is known because it ran.
    const running = { slot: 'A', version: '1.0.0', isConfirmed: true } as const
    await writeJournal(bench.journal, { slots: { B: { version: '1.1.0', minimum } }, running })
    assert.equal(await judged(bench, UNMET), 'failed')
    assert.equal(bench.sectors(KERNEL_OF_A, 8).toString(), 'IOSEKRNL', 'it may still be needed')
    await writeJournal(bench.journal, { slots: { B: { version: '1.1.0', minimum } }, running })
    assert.equal(await judged(bench, MET), 'confirmed')
    assert.equal(bench.sectors(KERNEL_OF_A, 8).toString() === 'IOSEKRNL', isStarted, minimum)
  }
})

test('gate: a slot that was given up without a word, for its kernel for instance, is told by the boot state', async () => {
  using bench = new UpdateBench()
  bench.setBoot({ slot: 'A', reason: 2, givenUp: 'B', sequence: 4 })
  assert.equal(await judged(bench, MET), 'kept')
  const { last } = journalIn(bench)
  assert.deepEqual(
    [last?.outcome, last?.reason, last?.version],
    ['fell-back', 'its kernel is damaged', undefined],
  )
})

test('gate: an image that says another version of itself than was signed is not kept, whatever it does', async () => {
  using bench = new UpdateBench({ slot: 'B', version: '1.1.0' })
  bench.setBoot({ slot: 'B', tries: 2, isConfirmed: false })
  await writeJournal(bench.journal, { slots: { B: { version: '1.2.0', minimum: '1.2.0' } } })
  assert.equal(await judged(bench, MET), 'failed')
  assert.equal(bench.boot()?.isConfirmed, false)
  const { last, minimum } = journalIn(bench)
  assert.equal(last?.reason, 'the image says that it is version 1.1.0, and was signed as 1.2.0')
  assert.equal(minimum, undefined)
  await writeJournal(bench.journal, { slots: { B: { version: '1.1.0', minimum: '0.0.0' } } })
  assert.equal(await judged(bench, MET), 'confirmed')
})

test('gate: while the other slot is started next there is nothing to confirm', async () => {
  using bench = new UpdateBench()
  bench.setBoot({ slot: 'B', tries: 3, isConfirmed: false })
  assert.equal(await judged(bench, MET), 'waiting')
  assert.deepEqual([bench.boot()?.slot, bench.boot()?.isConfirmed], ['B', false])
})

test('gate: the minimum never gets lower', () => {
  const slots = { A: { version: '1.0.0', minimum: '0.5.0' }, B: { version: '1.0.0', minimum: '0.9.0' } }
  assert.equal(raisedMinimum({ slots, minimum: '0.7.0' }, 'A'), '0.7.0')
  assert.equal(raisedMinimum({ slots, minimum: '0.7.0' }, 'B'), '0.9.0')
  assert.equal(raisedMinimum({ slots }, 'A'), '0.5.0')
  assert.equal(raisedMinimum({ slots: {} }, 'A'), undefined)
})

test('gate: it waits until the mission is met, and no longer than it may; the last reason counts', async () => {
  const clock = new ManualClock()
  let asked = 0
  const ask = (): Promise<Mission> => Promise.resolve({ isMet: false, reason: `try ${++asked}` })
  const late = awaitMission(ask, { clock, timeoutMs: 10_000, pollMs: 2_000 })
  await clock.advanceBy(16_000)
  assert.deepEqual(await late, { isMet: false, reason: 'try 6' })
  const times = [UNMET, MET]
  const soon = awaitMission(() => Promise.resolve(times.shift() ?? UNMET), {
    clock,
    timeoutMs: 10_000,
    pollMs: 2_000,
  })
  await clock.advanceBy(2_000)
  assert.deepEqual(await soon, MET)
})

test('mission: both planes accept, and an element answered or none is configured', () => {
  const none = 'no slot is ready: there is none'
  const rows = [{ state: 'mute' }]
  assert.equal(missionOf({ ready: true, reasons: [] }, [{ state: 'ready' }]).isMet, true)
  assert.equal(missionOf({ ready: false, reasons: [none] }, []).isMet, true)
  for (const [reasons, slots, reason] of [
    [['no slot is ready: 1 mute'], rows, 'no slot is ready: 1 mute'],
    [['the plane racs does not accept', none], [], 'the plane racs does not accept'],
    [['draining'], [{ state: 'ready' }], 'draining'],
    [[], rows, 'the gateway is not ready'],
    [
      ['no slot is ready: 1 mute', 'the audit log cannot be written'],
      rows,
      'no slot is ready: 1 mute; the audit log cannot be written',
    ],
  ] as const) {
    assert.deepEqual(missionOf({ ready: false, reasons }, slots), { isMet: false, reason })
  }
})

test('journal: what is damaged is an error that says so, whatever it is', () => {
  const bad = [
    '',
    '{',
    '[]',
    'null',
    '{}',
    '{"slots":[]}',
    '{"slots":{"A":{"version":"x","minimum":"1.0.0"}}}',
  ]
  for (const text of [
    ...bad,
    '{"slots":{},"minimum":1}',
    '{"slots":{},"last":{"outcome":"won"}}',
    '{"slots":{},"running":{"slot":"C"}}',
  ]) {
    assert.throws(() => journalOf(text, '/data/update/journal.json'), /journal\.json is damaged/, text)
  }
})

/** @param meanwhile  before it is told whether the mission is met */
async function judged(
  bench: UpdateBench,
  mission: Mission,
  meanwhile: () => unknown = () => undefined,
): Promise<string> {
  const appliance = await applianceBelow(bench.folder, bench.disk)
  await using disk = await openMedium(bench.disk, 'writing')
  const order = {
    appliance,
    disk,
    mission: async () => {
      await meanwhile()
      return mission
    },
    now: () => new Date('2026-11-29T12:00:00Z'),
  }
  return (await judgeBoot(order)).verdict
}

function journalIn(bench: UpdateBench) {
  return journalOf(readFileSync(bench.journal, 'utf8'), bench.journal)
}
