import assert from 'node:assert/strict'
import test from 'node:test'
import { Watchdog, watchdogPeriodMs } from '../../../src/bin/iosed/service/watchdog.ts'
import type { RunningCall } from '../../../src/drivers/driver.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { RecordedLog } from '../../support/recorded-log.ts'

const PERIOD_MS = 15_000
const TEN_MINUTES_MS = 600_000

function bench() {
  const clock = new ManualClock()
  const log = new RecordedLog()
  const { lines } = log
  const signs: number[] = []
  let calls: RunningCall[] = []
  const watchdog = new Watchdog({
    ...{ clock, log, periodMs: PERIOD_MS, calls: () => calls },
    feed: () => signs.push(clock.now()),
  })
  return { clock, lines, signs, watchdog, set: (running: RunningCall[]) => (calls = running) }
}

test('watchdog: fed at once and three times a period, until it is disposed of', async () => {
  const { clock, signs, watchdog } = bench()
  await clock.advanceTo(clock.now() + PERIOD_MS)
  assert.deepEqual(signs, [0, 5_000, 10_000, 15_000])
  watchdog[Symbol.dispose]()
  await clock.advanceTo(clock.now() + PERIOD_MS)
  assert.equal(signs.length, 4)
})

test('watchdog: a bus that has not moved for longer than a transfer can take is no sign of life', async () => {
  const { clock, lines, signs, set } = bench()
  await clock.advanceTo(clock.now() + TEN_MINUTES_MS)
  const before = signs.length
  set([{ what: 'i2c-1', since: TEN_MINUTES_MS, limitMs: 30_000 }])
  await clock.advanceTo(clock.now() + 30_000)
  assert.equal(signs.length, before + 6, 'at the limit it still may come back')
  await clock.advanceTo(clock.now() + 30_000)
  assert.equal(signs.length, before + 6)
  assert.equal(lines.length, 1, 'told once')
  assert.equal(lines[0]!.event, 'queue.stalled')
  assert.equal(lines[0]!.fields['what'], 'i2c-1')
  assert.equal(lines[0]!.fields['forMs'], 35_000)
  set([])
  await clock.advanceTo(clock.now() + 5_000)
  assert.equal(signs.length, before + 7, 'it has come back')
})

test('watchdog: what is stuck right after a start costs the others no restart within ten minutes', async () => {
  const { clock, lines, signs, set } = bench()
  set([{ what: 'reset in the reader of a', since: 0, limitMs: 1_000 }])
  await clock.advanceTo(clock.now() + TEN_MINUTES_MS - 5_000)
  assert.equal(signs.length, 120)
  assert.deepEqual(
    lines.map((line) => line.fields['advice']),
    ['the others go on without it'],
  )
  await clock.advanceTo(clock.now() + PERIOD_MS)
  assert.equal(signs.length, 120)
  assert.equal(lines.at(-1)?.fields['advice'], 'the service manager starts the gateway anew')
  assert.equal(lines.length, 2)
})

test('watchdog: the period is for this process only, and is taken out of the environment', () => {
  const period = (variables: NodeJS.ProcessEnv): number | undefined => {
    const environment: NodeJS.ProcessEnv = { ...variables }
    const periodMs = watchdogPeriodMs(environment, 7)
    assert.deepEqual(environment, {})
    return periodMs
  }
  assert.equal(period({ WATCHDOG_USEC: '15000000', WATCHDOG_PID: '7' }), 15_000)
  assert.equal(period({ WATCHDOG_USEC: '15000000' }), 15_000)
  assert.equal(period({ WATCHDOG_USEC: '15000000', WATCHDOG_PID: '8' }), undefined)
  for (const usec of ['', '0', '-1', 'x', '1.5'])
    assert.equal(period({ WATCHDOG_USEC: usec }), undefined, usec)
  assert.equal(period({}), undefined)
})
