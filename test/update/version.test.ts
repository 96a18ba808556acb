import assert from 'node:assert/strict'
import test from 'node:test'
import { compareVersions, versionOf } from '../../src/update/version.ts'
import { known } from '../support/update-bench.ts'

test('version: the order is that of Semantic Versioning 2.0.0 section 11, and each is equal to itself', () => {
  const ordered = [
    ...['0.0.0', '0.0.1', '0.9.12', '1.0.0-1', '1.0.0-2', '1.0.0-10', '1.0.0-alpha', '1.0.0-alpha.1'],
    ...['1.0.0-alpha.beta', '1.0.0-beta', '1.0.0-beta.2', '1.0.0-beta.11', '1.0.0-rc.1', '1.0.0', '1.0.1'],
    ...['1.2.0', '1.10.0', '2.0.0-0', '2.0.0', '10.0.0', '999999999.0.0'],
  ].map(known)
  for (const [index, one] of ordered.entries()) {
    for (const [other, two] of ordered.entries()) {
      assert.equal(
        Math.sign(compareVersions(one, two)),
        Math.sign(index - other),
        `${one.text} and ${two.text}`,
      )
    }
  }
})

test('version: what is no version, or has two spellings, is none', () => {
  const bad = [
    '',
    '1',
    '1.0',
    '1.0.0.0',
    'v1.0.0',
    '01.0.0',
    '1.00.0',
    '1.0.0-',
    '1.0.0-01',
    '1.0.0-a..b',
    '1.0.0+b',
    ' 1.0.0',
  ]
  for (const text of [...bad, '1.0.0\n', '-1.0.0', '1.0.0-ä', '1000000000.0.0', `1.0.0-${'a'.repeat(27)}`]) {
    assert.equal(versionOf(text), undefined, text)
  }
  assert.equal(versionOf(`1.0.0-${'a'.repeat(26)}`)?.text.length, 32)
  // As a Debian package has it.
  assert.equal(versionOf('0.2.0~rc.1')?.text, '0.2.0-rc.1')
})
