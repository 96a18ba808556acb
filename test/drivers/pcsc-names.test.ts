import assert from 'node:assert/strict'
import test from 'node:test'
import { defaultLibrary } from '../../src/drivers/pcsc-library.ts'
import { isSelectedBy, seidOfReader, serialOf } from '../../src/drivers/pcsc-names.ts'
import { seidOf } from '../../src/slots/identity.ts'

const WITH_SERIAL = 'SCM Microsystems Inc. SCR 3310 [CCID Interface] (21120735203765) 00 00'
const SECOND_SLOT = 'sysmocom sysmoOCTSIM (C0FFEE) 02 07'
const WITHOUT = 'Virtual PCD 00 01'

test('pcsc names: the serial number stands in parentheses before the two indices, else there is none', () => {
  assert.equal(serialOf(WITH_SERIAL), '21120735203765')
  assert.equal(serialOf(SECOND_SLOT), 'C0FFEE')
  assert.equal(serialOf(WITHOUT), undefined)
  assert.equal(serialOf('Reader (model) with a name 00 00'), undefined)
  assert.equal(serialOf('Reader (SN)'), undefined)
})

test('pcsc names: a reader is selected by its name, its serial number, or a pattern of the whole name', () => {
  for (const selector of ['*', WITH_SERIAL, '21120735203765', 'SCM*', '*3310*', 'SCM*00 0?', '*(2112*']) {
    assert.ok(isSelectedBy(selector, WITH_SERIAL), selector)
  }
  for (const selector of ['', 'SCM', 'scm*', '2112073520376', '*3310', '.*', 'SCM?', '[A-Z]*', '(*']) {
    assert.ok(!isSelectedBy(selector, WITH_SERIAL), selector)
  }
  assert.ok(isSelectedBy('A+B (x) 00 00', 'A+B (x) 00 00'))
  assert.ok(!isSelectedBy('A.B*', 'AxB 00 00'))
})

test('pcsc names: a SEID is the serial number, with its slot from the second on, else the name without blanks', () => {
  assert.equal(seidOfReader(WITH_SERIAL), '21120735203765')
  assert.equal(seidOfReader(SECOND_SLOT), 'C0FFEE-07')
  assert.equal(seidOfReader(WITHOUT), 'Virtual-PCD-00-01')
  // The index of the reader changes with the order of plugging; with a serial number that makes no difference.
  assert.equal(seidOfReader(SECOND_SLOT.replace(' 02 ', ' 00 ')), 'C0FFEE-07')
})

test('pcsc names: every name makes a valid SEID', () => {
  const long = `${'x'.repeat(80)} 00 01`
  for (const name of [
    '',
    ' ',
    'Lecteur à puce 00 00',
    'a\tb\u0000c 00 00',
    '(à é) 00 00',
    'x'.repeat(63),
    long,
  ])
    assert.notEqual(seidOf(seidOfReader(name)), undefined, name)
  assert.equal(seidOfReader('x'.repeat(64)).length, 63)
  assert.match(seidOfReader(long), /x-00-01$/)
})

test('pcsc library: pcsclite up to Node 25, smartcard from 26 on', () => {
  const versions = ['20.19.0', '25.9.9', '26.0.0', '100.1.0']
  assert.deepEqual(versions.map(defaultLibrary), ['pcsclite', 'pcsclite', 'smartcard', 'smartcard'])
})
