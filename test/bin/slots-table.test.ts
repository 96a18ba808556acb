import assert from 'node:assert/strict'
import test from 'node:test'
import { ageText, slotsTable } from '../../src/bin/iose/slots-table.ts'
import { SlotsView } from '../../src/bin/iose/slots-view.ts'
import type { SlotRow } from '../../src/client/slot-row.ts'
import { rowOf } from '../../src/status/row.ts'
import { reportOf, WALL_MS } from '../support/status-bench.ts'

const row = (changes: Partial<SlotRow> = {}): SlotRow => ({ ...rowOf(reportOf(1), WALL_MS), ...changes })

test('slots table: says at a glance what is where, who holds it, who waits, and what is wrong', () => {
  const since = '2026-01-31T11:59:56.000Z'
  const rows = [
    row(),
    row({
      ...{
        slot: 2,
        seid: 'sim2',
        state: 'leased',
        holder: 'tls-se 192.0.2.7:40112',
        held_since: since,
        since,
      },
      waiters: [
        { holder: 'tls-se 192.0.2.8:1', since },
        { holder: 'tls-se 192.0.2.9:1', since },
      ],
    }),
    row({ slot: 3, seid: 'sim3', sen: null, state: 'mute', cause: 'no ATR', doing: 'next try in 0.4 s' }),
  ]
  assert.deepEqual(slotsTable(rows, WALL_MS, Infinity), [
    'SLOT  SEID  SEN       DRIVER     STATE   SINCE  HOLDER                  FOR  WAITING                     SESSIONS  NOTE',
    '1     sim1  key1.com  simulator  ready   1 min  -                                                        3',
    '2     sim2  key1.com  simulator  leased  4 s    tls-se 192.0.2.7:40112  4 s  2: tls-se 192.0.2.8:1, 4 s  3',
    '3     sim3  -         simulator  mute    1 min  -                                                        3         no ATR; next try in 0.4 s',
  ])
})

test('slots table: how the last session on a slot failed is a note, one that ended well is none', () => {
  const last = {
    at: '2026-01-31T11:59:56.000Z',
    holder: 'tls-se 192.0.2.7:1',
    cause: 'wrong PSK or identity',
  }
  const noteOf = (code: string): string =>
    slotsTable([row({ last: { ...last, code } })], WALL_MS, Infinity)[1]
      ?.split(/ {9,}/)
      .at(-1) ?? ''
  assert.equal(noteOf('peer.refused'), 'last session, 4 s ago: wrong PSK or identity')
  assert.doesNotMatch(noteOf('closed'), /last/)
})

test('slots table: no name of an element or a client can command the terminal', () => {
  const hostile = '\x1b[2J\x07\x9b31m\r\n\x7f'
  const text = slotsTable([row({ sen: hostile, holder: hostile, cause: hostile })], WALL_MS, Infinity).join(
    '\n',
  )
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  assert.doesNotMatch(text, /[\x00-\x09\x0b-\x1f\x7f-\x9f]/)
  assert.match(text, /\\x1b\[2J\\x07\\x9b31m\\x0d\\x0a\\x7f/)
})

test('slots table: no line is wider than the terminal, whatever the terminal', () => {
  const long = 'x'.repeat(200)
  const rows = [
    row({ holder: long, state: 'mute', cause: long, sen: long, waiters: [{ holder: long, since: '' }] }),
  ]
  for (const columns of [1, 2, 20, 79, 80, 120, 500]) {
    for (const line of slotsTable(rows, WALL_MS, columns)) assert.ok(line.length <= columns, `${line.length}`)
  }
})

test('slots table: an age is told in the largest unit that fits', () => {
  const ages: readonly [number, string][] = [
    [-1, '0 s'],
    [999, '0 s'],
    [59_999, '59 s'],
    [60_000, '1 min'],
    [3_599_999, '59 min'],
    [3_600_000, '1 h'],
    [86_399_999, '23 h'],
    [86_400_000, '1 d'],
  ]
  for (const [milliseconds, text] of ages) assert.equal(ageText(milliseconds), text)
})

test('slots view: elsewhere than on a terminal the table comes once, then a line for each change and press', () => {
  const written: string[] = []
  const view = new SlotsView({ write: (text) => written.push(text) })
  const at = new Date(WALL_MS).toISOString()
  view.take({ kind: 'slots', rows: [row()], raw: [] })
  assert.equal(written.splice(0).length, 2)
  view.take({ kind: 'slot', row: row({ state: 'leased' }), raw: {} })
  const change = { seid: 'sim1', from: 'ready', to: 'leased', cause: 'held by \x1b[2J', at }
  view.take({ kind: 'change', change, raw: {} })
  view.take({ kind: 'press', press: { seid: 'sim1', held_ms: 4_200, outcome: 'reset', at }, raw: {} })
  const time = new Date(WALL_MS).toTimeString().slice(0, 8)
  assert.deepEqual(written, [
    `${time} sim1 ready -> leased: held by \\x1b[2J\n`,
    `${time} sim1 button 4 s: reset\n`,
  ])
})

test('slots view: on a terminal the table is drawn over the one before, at most ten times a second', async () => {
  const written: string[] = []
  const view = new SlotsView({ isTTY: true, columns: 80, rows: 0, write: (text) => written.push(text) })
  view.take({ kind: 'slots', rows: [row()], raw: [] })
  for (let n = 0; n < 100; n++) {
    view.take({ kind: 'slot', row: row({ sessions: n }), raw: {} })
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  view.pause()
  assert.ok(written.length >= 1 && written.length <= 6, `${written.length} times`)
  assert.ok(written.every((text) => text.startsWith('\x1b[H') && text.endsWith('\x1b[J')))
  // A height that is not known hides nothing.
  assert.match(written.at(-1) ?? '', /key1\.com/)
})
