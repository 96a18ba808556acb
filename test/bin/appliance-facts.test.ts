// What the status plane and the doctor say of updates.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after } from 'node:test'
import { configurationFindings, updateFindings } from '../../src/bin/iose/doctor/update.ts'
import { refusedConfiguration, updateFacts } from '../../src/bin/iosed/appliance-facts.ts'
import { journalBelow } from '../../src/update/appliance.ts'
import { type Journal, type LastResult, writeJournal } from '../../src/update/journal.ts'
import { UpdateBench } from '../support/update-bench.ts'

const root = mkdtempSync(join(tmpdir(), 'facts-'))
after(() => rmSync(root, { recursive: true }))

const RUNNING = { slot: 'A', version: '1.0.0', isConfirmed: true } as const
const GIVEN_UP: LastResult = {
  outcome: 'fell-back',
  slot: 'B',
  version: '1.1.0',
  reason: 'its kernel is damaged',
  at: '2026-11-29T12:00:00.000Z',
}

test('update facts: a machine without a journal has none, and the doctor says nothing', () => {
  assert.equal(updateFacts(root), undefined)
  assert.deepEqual(updateFindings(root), [])
})

test('update facts: an update that was given up is told with its reason', async () => {
  await keep({ slots: {}, running: RUNNING, last: GIVEN_UP })
  assert.deepEqual(updateFacts(root), { running: RUNNING, last: GIVEN_UP })
  const [finding] = updateFindings(root)
  assert.equal(finding?.outcome, 'warning')
  assert.equal(
    finding.found,
    'version 1.1.0 in slot B was given up (2026-11-29T12:00:00.000Z): its kernel is damaged',
  )
})

test('update facts: a slot on trial is a warning, one that is confirmed is none', async () => {
  await keep({ slots: {}, running: { ...RUNNING, isConfirmed: false } })
  assert.match(updateFindings(root)[0]?.found ?? '', /^slot A runs version 1\.0\.0, on trial$/)
  await keep({ slots: {}, running: RUNNING })
  assert.deepEqual(updateFindings(root), [
    { check: 'update', outcome: 'ok', found: 'slot A runs version 1.0.0' },
  ])
})

test('update facts: a damaged journal is told, and keeps nobody from the rest', () => {
  using bench = new UpdateBench()
  bench.put('/data/update/journal.json', '{')
  assert.match(JSON.stringify(updateFacts(bench.folder)), /journal\.json is damaged/)
  assert.equal(updateFindings(bench.folder)[0]?.outcome, 'warning')
})

test('refused configuration: told in its words, by the page and by the doctor; nothing where it was taken', () => {
  using bench = new UpdateBench()
  assert.equal(refusedConfiguration(bench.folder), undefined)
  assert.deepEqual(configurationFindings(bench.folder), [])
  bench.put('/run/iose-appliance/refused', 'gateway.toml: racs.listen: found "x"\n')
  assert.equal(refusedConfiguration(bench.folder), 'gateway.toml: racs.listen: found "x"')
  const [finding] = configurationFindings(bench.folder)
  assert.deepEqual(
    [finding?.outcome, finding?.found],
    ['warning', 'refused: gateway.toml: racs.listen: found "x"'],
  )
  bench.put('/run/iose-appliance/refused', `${'x'.repeat(3_000)}\n`)
  assert.equal(refusedConfiguration(bench.folder)?.length, 2_000)
})

function keep(journal: Journal): Promise<void> {
  return writeJournal(journalBelow(root), journal)
}
