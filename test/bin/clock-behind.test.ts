// A clock that is behind: what the gateway takes for sound, and what its log says.

import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after } from 'node:test'
import { readKey } from '../../src/audit/key.ts'
import { verifyLog } from '../../src/audit/verify.ts'
import { openTrail } from '../../src/bin/iosed/audit-trail.ts'
import { ClockSteps } from '../../src/bin/iosed/clock-steps.ts'
import {
  buildLandmark,
  certificateLandmark,
  clockWords,
  landmarkAfter,
  secondsBehind,
  soundTime,
} from '../../src/bin/iosed/landmarks.ts'
import { namesOf } from '../../src/bin/iosed/racs-files.ts'
import { loadConfig } from '../../src/config/load.ts'
import { makeDevelopmentPki } from '../../src/pki/development.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { RecordedLog } from '../support/recorded-log.ts'

const directory = mkdtempSync(join(tmpdir(), 'clock-'))
after(() => rmSync(directory, { recursive: true }))

const BUILT = { what: 'this program was built', at: new Date('2026-11-01T00:00:00Z') }
const LATER = { what: 'the last record of the audit log was made', at: new Date('2026-11-20T00:00:00Z') }
const at = (text: string): number => Date.parse(text)

test('clock: a clock is behind when it is more than a minute before the latest of what is past', () => {
  assert.equal(landmarkAfter(0, []), undefined)
  assert.equal(landmarkAfter(0, [BUILT, LATER]), LATER)
  assert.equal(landmarkAfter(0, [LATER, BUILT]), LATER)
  assert.equal(landmarkAfter(at('2026-11-19T23:59:00Z'), [BUILT, LATER]), undefined)
  assert.equal(landmarkAfter(at('2026-11-19T23:58:59Z'), [BUILT, LATER]), LATER)
  assert.equal(secondsBehind(at('2026-11-19T23:00:00Z'), [BUILT, LATER]), 3600)
  assert.equal(secondsBehind(at('2027-01-01T00:00:00Z'), [BUILT, LATER]), 0)
  assert.equal(clockWords(at('2027-01-01T00:00:00Z'), [BUILT]), undefined)
  const words =
    'the clock is behind: it says 1970-01-01 00:00 UTC, and this program was built on 2026-11-01 00:00 UTC'
  assert.equal(clockWords(0, [BUILT]), words)
  assert.deepEqual(soundTime(0, [BUILT, LATER]), LATER.at)
  assert.deepEqual(soundTime(at('2027-01-01T00:00:00Z'), [BUILT]), new Date('2027-01-01T00:00:00Z'))
  assert.deepEqual(buildLandmark().at, statSync('src/bin/iosed/landmarks.ts').mtime)
  assert.equal(certificateLandmark(join(directory, 'none.pem'), 'nobody'), undefined)
})

test('clock: certificates of a first start in 1970 hold from the build of the program on', async () => {
  const now = soundTime(0, [BUILT])
  await makeDevelopmentPki(join(directory, 'pki'), { hosts: namesOf('box'), now })
  for (const file of ['ca.pem', 'server.pem', 'operator.pem']) {
    const { validFrom, validTo } = new X509Certificate(readFileSync(join(directory, 'pki', file)))
    // A day before, as always.
    assert.equal(Date.parse(validFrom), at('2026-10-31T00:00:00Z'), file)
    assert.ok(Date.parse(validTo) > at('2028-10-01T00:00:00Z'), `${file}: ${validTo}`)
  }
  const { subjectAltName } = new X509Certificate(readFileSync(join(directory, 'pki/server.pem')))
  assert.match(subjectAltName ?? '', /DNS:box, DNS:box\.local(,|$)/)
})

test('clock: a machine is called by mDNS as well, unless its name has a domain', () => {
  assert.deepEqual(namesOf('box'), ['box', 'box.local'])
  assert.deepEqual(namesOf('box.example.org'), ['box.example.org'])
  assert.deepEqual(namesOf('box.local'), ['box.local'])
  assert.deepEqual(namesOf('localhost'), ['localhost'])
})

test('clock: a step is what the two clocks differ by, once; small differences add up', async () => {
  const clock = new ManualClock()
  const wall = { ms: 5_000 }
  const steps = new ClockSteps(clock, () => wall.ms)
  await clock.advanceBy(60_000)
  wall.ms += 60_000
  assert.equal(steps.take(), undefined)
  wall.ms += 6_000
  assert.equal(steps.take(), undefined)
  wall.ms += 6_000
  assert.deepEqual(steps.take(), { from: 65_000, to: 77_000 })
  assert.equal(steps.take(), undefined)
  wall.ms = 0
  assert.deepEqual(steps.take(), { from: 77_000, to: 0 })
})

test('clock: the audit log tells of a clock that is behind and of its setting, over starts, and verifies', async () => {
  const stateDir = join(directory, 'state')
  const clock = new ManualClock()
  const wall = { ms: 0 }
  const { config } = loadConfig(undefined)
  const log = new RecordedLog()
  const environment = { clock, log, version: '1.2.3', wallNow: () => wall.ms, landmarks: [BUILT] }
  const leap = async (): Promise<void> => {
    await using trail = await openTrail(config, stateDir, environment)
    await trail.record('session.opened')
    wall.ms = at('2026-11-30T12:00:00Z')
    await trail.record('session.opened')
    await trail.record('session.opened')
  }
  await leap()
  wall.ms = 1_000
  {
    await using trail = await openTrail(config, stateDir, environment)
    assert.equal(secondsBehind(wall.ms, trail.landmarks), at('2026-11-30T12:00:00Z') / 1000 - 1)
  }
  wall.ms = at('2026-12-01T00:00:00Z')
  {
    // The last record before was of 1970: nothing is remembered that would be in the way of a clock that is right.
    await using trail = await openTrail(config, stateDir, environment)
    assert.equal(secondsBehind(wall.ms, trail.landmarks), 0)
  }
  const lines = readFileSync(join(stateDir, 'audit/audit-000001.jsonl'), 'utf8').trimEnd().split('\n')
  const records = lines.map(
    (line) => JSON.parse(line) as { at: string; event: string; fields: Record<string, string> },
  )
  assert.deepEqual(
    records.map((record) => `${record.at.slice(0, 10)} ${record.event}`),
    [
      '1970-01-01 log.created',
      '1970-01-01 clock.behind',
      '1970-01-01 gateway.started',
      '1970-01-01 session.opened',
      '2026-11-30 clock.set',
      '2026-11-30 session.opened',
      '2026-11-30 session.opened',
      '1970-01-01 clock.behind',
      '1970-01-01 gateway.started',
      '2026-12-01 gateway.started',
    ],
  )
  assert.deepEqual(records[1]?.fields, { latest: '2026-11-01T00:00:00.000Z', what: BUILT.what })
  assert.deepEqual(records[4]?.fields, { from: '1970-01-01T00:00:00.000Z', to: '2026-11-30T12:00:00.000Z' })
  assert.deepEqual(records[7]?.fields, { latest: '2026-11-30T12:00:00.000Z', what: LATER.what })
  const warnings = log.lines.filter(({ event }) => event.startsWith('clock.'))
  assert.deepEqual(
    warnings.map(({ level, event }) => `${level} ${event}`),
    ['warn clock.behind', 'warn clock.set', 'warn clock.behind'],
  )
  const key = await readKey(join(stateDir, 'pki/audit.key'))
  const { findings, records: count } = await verifyLog(
    join(stateDir, 'audit'),
    key === undefined ? {} : { key },
  )
  assert.deepEqual([findings, count], [[], records.length])
})
