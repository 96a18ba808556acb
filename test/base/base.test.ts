import assert from 'node:assert/strict'
import { fstatSync } from 'node:fs'
import test from 'node:test'
import fc from 'fast-check'
import { sleepUntil, systemClock } from '../../src/base/clock.ts'
import { CodedError, codeOf, InternalError, messageOf } from '../../src/base/errors.ts'
import { bytesOfHex, hexOf } from '../../src/base/hex.ts'
import { createLog, isJournalOutput, silentLog } from '../../src/base/log.ts'
import { hex } from '../support/hex-fields.ts'
import { ManualClock } from '../support/manual-clock.ts'

test('hex: bytes become upper-case digits, a view its own bytes only', () => {
  assert.equal(hexOf(new Uint8Array(0)), '')
  assert.equal(hexOf(hex('00 0F A5 FF').subarray(1, 3)), '0FA5')
})

test('hex: digits of either case become a fresh array, anything else becomes nothing', () => {
  assert.deepEqual(bytesOfHex('0aFf'), Uint8Array.of(0x0a, 0xff))
  assert.deepEqual(bytesOfHex(''), new Uint8Array(0))
  const bad = ['0', '0g', 'zz', '0 0 ', '0x00', '00\n', '\u0660\u0660', '+1', '000']
  assert.deepEqual(
    bad.filter((text) => bytesOfHex(text) !== undefined),
    [],
  )
})

test('hex: there and back again is the same', () => {
  fc.assert(fc.property(fc.uint8Array(), (bytes) => assert.deepEqual(bytesOfHex(hexOf(bytes)), bytes)))
})

test('clock: that of the machine fires not before the deadline, and never within the call', async () => {
  // Node's timers count whole milliseconds: of some of these, they alone would be early.
  for (let turn = 0; turn < 100; turn++) {
    const deadline = systemClock.now() + 2
    const firedAt = await new Promise<number>((resolve) =>
      systemClock.at(deadline, () => resolve(systemClock.now())),
    )
    assert.ok(firedAt >= deadline, `${firedAt} before ${deadline}`)
  }
  let hasFired = false
  const fired = new Promise<void>((resolve) => {
    systemClock.at(-1, () => {
      hasFired = true
      resolve()
    })
  })
  assert.ok(!hasFired)
  await fired
})

test('clock: a cancelled timer does not fire, one at Infinity neither, and both may be cancelled twice', async () => {
  const fired: string[] = []
  const cancelled = systemClock.at(systemClock.now() + 1, () => fired.push('cancelled'))
  const endless = systemClock.at(Infinity, () => fired.push('endless'))
  for (const timer of [cancelled, endless, cancelled, endless]) timer.cancel()
  systemClock.at(Infinity, () => fired.push('endless'))
  await sleepUntil(systemClock, systemClock.now() + 5)
  assert.deepEqual(fired, [])
})

test('clock: sleepUntil resolves at the deadline of its clock', async () => {
  const clock = new ManualClock()
  let isAwake = false
  const slept = sleepUntil(clock, 10).then(() => (isAwake = true))
  await clock.advanceTo(9)
  assert.ok(!isAwake)
  await clock.advanceTo(10)
  await slept
})

class SampleError extends CodedError<'sample.reason'> {}

test('errors: a coded error has its code, its own name, and its cause', () => {
  const cause = new Error('inner')
  const error = new SampleError('sample.reason', 'outer', { cause })
  assert.equal(error.name, 'SampleError')
  assert.equal(codeOf(error), 'sample.reason')
  assert.equal(error.cause, cause)
  assert.ok(error instanceof Error)
})

test('errors: whatever has no code of ours is a bug of ours', () => {
  assert.equal(codeOf(new InternalError('x')), 'internal.unreachable')
  assert.equal(codeOf(new TypeError('x')), 'internal.unreachable')
  assert.equal(codeOf(Object.assign(new Error('x'), { code: 'ECONNRESET' })), 'internal.unreachable')
  assert.equal(codeOf(undefined), 'internal.unreachable')
})

test('errors: the message of anything thrown tells its causes, outermost first', () => {
  const inner = new Error('inner', { cause: 'a text' })
  assert.equal(messageOf(new SampleError('sample.reason', 'outer', { cause: inner })), 'outer: inner: a text')
  assert.equal(messageOf('a text'), 'a text')
  assert.equal(messageOf(undefined), 'undefined')
})

function logged(level: 'debug' | 'info' | 'warn' | 'error' | 'silent') {
  const lines: string[] = []
  const log = createLog({ level, destination: { write: (line: string) => lines.push(line) } })
  return { log, read: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>), lines }
}

test('log: a line is one JSON object with level, time, event and the fields of it and its parents', () => {
  const { log, lines, read } = logged('info')
  log.child({ slot: 1 }).child({ seid: 'sim1' }).info('slot.ready', { sen: 'key1.com', atr: undefined })
  assert.equal(lines.length, 1)
  assert.ok(lines[0]?.endsWith('}\n'))
  const { time, ...line } = read()[0]!
  assert.deepEqual(line, { level: 'info', slot: 1, seid: 'sim1', sen: 'key1.com', event: 'slot.ready' })
  assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
})

test('log: for the journal each line has its priority before it, and nothing else changes', () => {
  const lines: string[] = []
  const destination = { write: (line: string) => lines.push(line) }
  const log = createLog({ level: 'debug', destination, isJournal: true })
  log.debug('a.b')
  log.child({ slot: 1 }).info('a.b')
  log.warn('a.b')
  log.error('a.b')
  const heads = lines.map((line) => /^<\d>(?=\{"level":"\w+",)/.exec(line)?.[0])
  assert.deepEqual(heads, ['<7>', '<6>', '<4>', '<3>'])
  assert.match(lines[1] ?? '', /^<6>\{.*"slot":1,.*\}\n$/)
})

test('log: standard output is the journal when its device and inode are those that systemd names', () => {
  const { dev, ino } = fstatSync(1)
  assert.equal(isJournalOutput({ JOURNAL_STREAM: `${dev}:${ino}` }), true)
  for (const stream of [`${dev}:${ino + 1}`, `${dev}`, '', undefined])
    assert.equal(isJournalOutput({ JOURNAL_STREAM: stream }), false)
})

test('log: what is below its level is left out, and everything where it is silent', () => {
  const speak = (log: typeof silentLog): void => {
    log.debug('a.b')
    log.info('a.b')
    log.warn('a.b')
    log.error('a.b', { cause: 'c' })
  }
  for (const [level, levels] of [
    ['debug', ['debug', 'info', 'warn', 'error']],
    ['warn', ['warn', 'error']],
    ['silent', []],
  ] as const) {
    const { log, read } = logged(level)
    speak(log)
    assert.deepEqual(
      read().map((line) => line['level']),
      levels,
    )
  }
  speak(silentLog.child({ slot: 1 }))
})
