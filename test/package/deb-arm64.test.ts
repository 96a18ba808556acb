// A file of its own, since a first build takes a while.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Deb, isBuildMissing, run } from '../support/deb.ts'

const skip = isBuildMissing('arm64')

test('deb: for arm64 all binaries are for arm64, and another build is the same', { skip }, () => {
  using deb = new Deb('arm64')
  assert.equal(deb.field('Architecture'), 'arm64')
  const binaries = deb
    .members()
    .filter(({ mode, path }) => !mode.startsWith('d') && isElf(join(deb.root, path)))
    .map(({ path }) => path)
  assert.deepEqual(binaries.map((path) => path.replace(/^.*\//, '')).sort(), [
    'epoll.node',
    'i2c.node',
    'koffi.node',
    'node',
    'pcsclite.node',
    'smartcard_napi.node',
    'spi.node',
  ])
  for (const path of binaries) {
    assert.match(run('readelf', ['-hW', join(deb.root, path)]), /Machine: +AArch64\n/, path)
  }
  using again = new Deb('arm64')
  assert.ok(readFileSync(again.file).equals(readFileSync(deb.file)), 'the same bytes')
})

function isElf(file: string): boolean {
  return readFileSync(file)
    .subarray(0, 4)
    .equals(Buffer.from('7f 45 4c 46'.replaceAll(' ', ''), 'hex'))
}
