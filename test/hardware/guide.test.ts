// The bring-up guide against the design: a guide that names another part than the board has sends people astray.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { HARDWARE, hatBoard } from './bench.ts'
import { guideProblems } from './guide.ts'

const guide = readFileSync(join(HARDWARE, 'bring-up.md'), 'utf8')

test('guide: designators, resistances, currents and rise times are those of the board file', () => {
  assert.deepEqual(guideProblems(hatBoard(), guide), [])
})

test('guide: a designator that is another part is named', () => {
  const wrong = guide.replace(/\| R9, R8 +\|/, '| R8, R9 |')
  assert.match(guideProblems(hatBoard(), wrong).join(), /^guide: table of slots, U1: /)
})
