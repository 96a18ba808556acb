import assert from 'node:assert/strict'
import test from 'node:test'
import type { Arrival, SecureElement } from '../../src/drivers/driver.ts'
import { LinkError } from '../../src/drivers/errors.ts'
import { PcscPlace } from '../../src/drivers/pcsc-place.ts'
import { PcscSupervisor } from '../../src/drivers/pcsc-supervisor.ts'
import { ManualClock, settle } from '../support/manual-clock.ts'
import { RecordedLog } from '../support/recorded-log.ts'
import { RESET_OF_T1, ScriptedLibrary } from '../support/scripted-cards.ts'

const SILENT = { onReader: () => undefined, onRemoved: () => undefined, onLost: () => undefined }

test('pcsc supervisor: tries again after 50 ms, then twice as long each time up to 2 s, and warns once', async () => {
  const [library, clock, log] = [new ScriptedLibrary(), new ManualClock(), new RecordedLog()]
  library.isUp = false
  const supervisor = new PcscSupervisor({ library, clock, log, listener: SILENT })
  assert.equal(library.watches, 1)
  let at = 0
  for (const pauseMs of [50, 100, 200, 400, 800, 1600, 2000, 2000]) {
    const before: number = library.watches
    await clock.advanceTo(at + pauseMs - 1)
    assert.equal(library.watches, before)
    await clock.advanceTo((at += pauseMs))
    assert.equal(library.watches, before + 1)
  }
  assert.equal(log.of('pcsc.lost').length, 1)
  library.isUp = true
  await clock.advanceBy(2000)
  assert.equal(log.of('pcsc.connected').length, 1)
  assert.equal(clock.pending, 0)
  supervisor.close()
  assert.equal(library.closed, 1)
})

test('pcsc supervisor: a watch that is lost is told once, warned of, and begun anew at the first pause', async () => {
  const [library, clock, log] = [new ScriptedLibrary(), new ManualClock(), new RecordedLog()]
  let losses = 0
  const listener = { ...SILENT, onLost: () => (losses += 1) }
  const supervisor = new PcscSupervisor({ library, clock, log, listener })
  for (const round of [1, 2]) {
    library.listener?.onLost(new Error('RPC transport error'))
    assert.equal(losses, round)
    assert.equal(log.of('pcsc.lost').length, round)
    await clock.advanceBy(50)
    assert.equal(library.watches, round + 1)
  }
  library.listener?.onLost(new Error('RPC transport error'))
  supervisor.close()
  assert.equal(clock.pending, 0, 'closed while it waits: it does not try again')
})

interface Bench {
  readonly place: PcscPlace
  readonly library: ScriptedLibrary
  readonly clock: ManualClock
  readonly reports: string[]
  readonly elements: SecureElement[]
}

function bench(): Bench {
  const [library, clock, log] = [new ScriptedLibrary(), new ManualClock(), new RecordedLog()]
  const [reports, elements]: [string[], SecureElement[]] = [[], []]
  const place = new PcscPlace({
    reader: 'Rig A 00 00',
    library,
    arrival: { seid: 'r1', aliases: [], maxRecordBytes: 512 },
    environment: {
      clock,
      log,
      onArrive: ({ seid, element }: Arrival) => {
        reports.push(`+ ${seid}`)
        elements.push(element)
      },
      onLeave: (element, cause) => reports.push(`- ${element.name}: ${cause}`),
    },
  })
  return { place, library, clock, reports, elements }
}

const status = (hasCard: boolean, eventCount: number) => ({ reader: 'Rig A 00 00', hasCard, eventCount })

test('pcsc place: a card comes and goes; the same status again says nothing', () => {
  const { place, reports } = bench()
  for (const [hasCard, count] of [
    [false, 0],
    [true, 1],
    [true, 1],
    [false, 2],
    [false, 2],
    [true, 3],
  ] as const)
    place.update(status(hasCard, count))
  assert.deepEqual(reports, ['+ r1', '- r1: the card was removed', '+ r1'])
})

test('pcsc place: a card swapped between two looks leaves and arrives', () => {
  const { place, reports, elements } = bench()
  place.update(status(true, 0xffff))
  place.update(status(true, 1))
  assert.deepEqual(reports, ['+ r1', '- r1: the card was removed', '+ r1'])
  assert.notEqual(elements[0], elements[1])
})

test('pcsc place: after a restart of pcscd, which counts from 0 again, the card arrives', () => {
  const { place, reports } = bench()
  place.update(status(true, 1))
  place.remove(new LinkError('link.closed', 'pcscd is gone'))
  place.update(status(true, 1))
  assert.deepEqual(reports, ['+ r1', '- r1: pcscd is gone', '+ r1'])
})

test('pcsc place: a card that another program has leaves, is asked for each second, and arrives', async () => {
  const { place, library, clock, reports, elements } = bench()
  const taken = new LinkError('link.nack', 'taken')
  place.update(status(true, 1))
  const reset = elements[0]!.reset('cold', 1000)
  reset.catch(() => undefined)
  await settle()
  library.sessions[0]!.settle(taken)
  await assert.rejects(reset, { code: 'link.nack' })
  assert.deepEqual(reports, ['+ r1', '- r1: another program uses the card'])
  await clock.advanceTo(1000)
  library.sessions[1]!.settle(taken)
  await settle()
  await clock.advanceTo(1999)
  assert.equal(library.sessions.length, 2)
  await clock.advanceTo(2000)
  library.sessions[2]!.settle(RESET_OF_T1)
  await settle()
  assert.equal(reports.at(-1), '+ r1')
  assert.equal(library.sessions[2]!.calls.at(-1), 'close')
  assert.equal(clock.pending, 0)
})

test('pcsc place: a card that is pulled while another program has it is asked for no more', async () => {
  const { place, library, clock, reports, elements } = bench()
  place.update(status(true, 1))
  elements[0]!.reset('cold', 1000).catch(() => undefined)
  await settle()
  library.sessions[0]!.settle(new LinkError('link.nack', 'taken'))
  await settle()
  place.update(status(false, 2))
  await clock.advanceTo(5000)
  assert.equal(library.sessions.length, 1)
  place.update(status(true, 3))
  assert.deepEqual(reports, ['+ r1', '- r1: another program uses the card', '+ r1'])
})

test('pcsc place: closing powers the card off, but waits only a second for one that is stuck', async () => {
  const { place, library, clock, elements } = bench()
  place.update(status(true, 1))
  elements[0]!.reset('cold', 100).catch(() => undefined)
  let isClosed = false
  const closed = place.close().then(() => (isClosed = true))
  await clock.advanceTo(999)
  assert.equal(isClosed, false)
  await clock.advanceTo(1000)
  await closed
  assert.deepEqual(library.sessions[0]!.calls, ['cold'])

  const idle = bench()
  idle.place.update(status(true, 1))
  await idle.place.close()
  assert.deepEqual(idle.library.sessions[0]!.calls, ['close'])
  assert.equal(idle.clock.pending, 0)
})
