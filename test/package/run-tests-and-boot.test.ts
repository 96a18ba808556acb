// What CI believes of a run is its exit status. Tests, boots and the making of the image end here as the case says.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import test from 'node:test'

const SCRIPT = 'scripts/run-tests-and-boot'
const TESTS = 'echo "5 passed, 0 failed, 2 skipped"'
const TESTS_THAT_FAIL = 'echo "4 passed, 1 failed, 2 skipped"; exit 1'
const BOOTS = 'echo "booted $IOSE_IMAGE"; echo "3 passed, 0 failed, 0 skipped"'
const BOOTS_THAT_FAIL = 'echo "2 passed, 1 failed, 0 skipped"; exit 1'
const IMAGE = 'echo an.img'

/** The script's end where `scripts/run-tests`, the same for the boots, and `scripts/build-image` run as given. */
const run = (tests: string, boots: string, image: string) => {
  const folder = mkdtempSync(join(tmpdir(), 'run-'))
  try {
    mkdirSync(join(folder, 'scripts'))
    mkdirSync(join(folder, 'tmp'))
    cpSync(resolve(import.meta.dirname, '../..', SCRIPT), join(folder, SCRIPT))
    const script = (name: string, body: string) => {
      writeFileSync(join(folder, 'scripts', name), `#!/bin/sh\n${body}\n`, { mode: 0o755 })
    }
    script('run-tests', `if [ $# = 0 ]; then ${tests}; else ${boots}; fi`)
    script('build-image', image)
    const env = { ...process.env, TMPDIR: join(folder, 'tmp') }
    const { status, stdout, stderr } = spawnSync(join(folder, SCRIPT), { encoding: 'utf8', env })
    assert.deepEqual(readdirSync(join(folder, 'tmp')), [], 'leaves nothing behind')
    return { status, last: stdout.trim().split('\n').at(-1), stdout, stderr }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('tests and boot: all that passes ends with 0, on the image that was made', () => {
  const { status, last, stdout, stderr } = run(TESTS, BOOTS, IMAGE)
  assert.equal(stderr, '')
  assert.match(stdout, /^booted an\.img$/m)
  assert.equal(last, '8 passed, 0 failed, 2 skipped')
  assert.equal(status, 0)
})

test('tests and boot: a test that fails, or a boot, ends with 1', () => {
  const tests = run(TESTS_THAT_FAIL, BOOTS, IMAGE)
  assert.deepEqual([tests.status, tests.last], [1, '7 passed, 1 failed, 2 skipped'])
  const boots = run(TESTS, BOOTS_THAT_FAIL, IMAGE)
  assert.deepEqual([boots.status, boots.last], [1, '7 passed, 1 failed, 2 skipped'])
})

test('tests and boot: an image that cannot be made here is skipped, one that breaks has failed', () => {
  const missing = run(TESTS, BOOTS, 'echo "scripts/build-image: mtools is missing" >&2; exit 69')
  assert.deepEqual([missing.status, missing.last], [0, '5 passed, 0 failed, 3 skipped'])
  assert.match(missing.stderr, /^MISSING: .*mtools is missing/m)
  const broken = run(TESTS, BOOTS, 'echo "no space left" >&2; exit 1')
  assert.deepEqual([broken.status, broken.last], [1, '5 passed, 1 failed, 2 skipped'])
  assert.match(broken.stderr, /no space left/)
})
