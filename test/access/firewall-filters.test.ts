import assert from 'node:assert/strict'
import test from 'node:test'
import { after, Desk } from '../support/access-desk.ts'
import { hex } from '../support/hex-fields.ts'
import { allowing, filterOf, userOf } from '../support/rules.ts'

const A = '010203040500'
const B = 'A0000000030000'
const SELECT_A = `00 A4 04 00 | 06 ${A}`
const SELECT_B = `00 A4 04 00 | 07 ${B}`
const PING = '80 E0 00 00 | 01 AA'
const FILTERED = 'access.filtered'

test('firewall: after a SELECT that failed, the filters of both applications hold, as either may be selected', () => {
  const filters = [filterOf('00FF0000 00200000', A), filterOf('00FF0000 00D60000', B)]
  const desk = after(userOf({ filters }), SELECT_A, '00 D6 00 00')
  assert.equal(desk.send(SELECT_B, { sw: 0x6999 }), 'passed')
  assert.deepEqual(desk.sendAll('00 20 00 00', '00 D6 00 00', PING), [FILTERED, FILTERED, 'passed'])
  assert.deepEqual(desk.sendAll(SELECT_B, '00 20 00 00', '00 D6 00 00'), ['passed', 'passed', FILTERED])
})

test('firewall: a filter compares the bits of its mask and no others', () => {
  const desk = after(userOf({ filters: [filterOf('FFFF00FF 80200081')] }), SELECT_A)
  assert.deepEqual(desk.sendAll('80200081', '80205581 01 00', '80200080', '00200081', '80210081'), [
    FILTERED,
    FILTERED,
    'passed',
    'passed',
    'passed',
  ])
})

test('firewall: channel, chaining and secure messaging bits are no way around a filter', () => {
  const desk = after(userOf({ filters: [filterOf('FFFF0000 00200000')] }), SELECT_A, `03 A4 04 00 06 ${A}`)
  desk.send(`4F A4 04 00 06 ${A}`)
  for (const cla of ['00', '03', '04', '0C', '10', '1F', '20', '3C', '4F', '6F']) {
    assert.equal(desk.send(`${cla} 20 00 00`), FILTERED, cla)
  }
  const proprietary = after(
    userOf({ filters: [filterOf('FFFF0000 80200000')] }),
    SELECT_A,
    `41 A4 04 00 06 ${A}`,
  )
  for (const cla of ['80', '84', '8C', '90', '94', 'C1', 'D1', 'E1']) {
    assert.equal(proprietary.send(`${cla} 20 00 00`), FILTERED, cla)
  }
  assert.equal(proprietary.send('A0 20 00 00'), 'passed', 'another class')
})

test('firewall: a filter may forbid one channel alone, in the bits of the class', () => {
  const desk = after(userOf({ filters: [filterOf('03FF0000 01200000')] }), SELECT_A, `01 A4 04 00 06 ${A}`)
  assert.deepEqual(desk.sendAll('01 20 00 00', '00 20 00 00'), [FILTERED, 'passed'])
})

test('firewall: filters judge SELECT and MANAGE CHANNEL as well', () => {
  const filters = [filterOf('00FF0000 00A40000'), filterOf('00FF0000 00700000', A)]
  assert.equal(new Desk(userOf({ filters })).send(SELECT_A), FILTERED)
  assert.equal(after(userOf({ filters: filters.slice(1) }), SELECT_A).send('00 70 00 00 01'), FILTERED)
})

test('firewall: a filter of an application also holds when it was selected by a prefix or by default', () => {
  const user = userOf({ filters: [filterOf('00FF0000 00200000', A)] })
  for (const data of ['05 0102030405', '00', '']) {
    assert.equal(after(user, `00 A4 04 00 ${data}`).send('00 20 00 00'), FILTERED, data)
  }
  assert.equal(after(user, SELECT_B).send('00 20 00 00'), 'passed')
  assert.equal(
    after(user, SELECT_B, `00 A4 04 02 07 ${B}`).send('00 20 00 00'),
    FILTERED,
    'the next occurrence',
  )
})

test('firewall: no message shows the bytes of a command', () => {
  const user = userOf({ ...allowing(A), filters: [filterOf('00FF0000 00200000')] })
  const desk = after(user, SELECT_A)
  for (const command of ['00 20 00 81 04 31323334', '0C A4 04 00 08 31323334DEADBEEF', 'FF 31 32 33 34']) {
    assert.throws(
      () => desk.firewall.check(user, '2', hex(command)),
      (error: Error) => !/31323334|3132/.test(error.message.replaceAll(' ', '')),
    )
  }
})

test('firewall: a flood of failed SELECTs is bounded, and ends in every filter being applied', () => {
  const desk = after(userOf({ filters: [filterOf('00FF0000 00200000', B)] }), SELECT_A)
  for (let n = 0; n < 300; n++) {
    desk.send(`00 A4 04 00 05 ${(n + 0x1000000000).toString(16)}`, { sw: 0x6a82 })
  }
  assert.deepEqual(desk.sendAll(PING, '00 20 00 00'), ['passed', FILTERED])
})

test('firewall: of all 256 classes none gets a command through whose plain header a filter forbids', () => {
  const plainOf = (cla: number): number => (cla < 0x80 ? 0 : cla < 0xc0 ? cla & 0xf0 : 0x80)
  const channels = ['00', '01', '02', '03', ...Array.from({ length: 16 }, (_, n) => (0x40 + n).toString(16))]
  for (const plain of [0x00, 0x80, 0x90, 0xa0, 0xb0]) {
    const digits = plain.toString(16).padStart(2, '0')
    const desk = new Desk(userOf({ filters: [filterOf(`FFFF0000 ${digits}200000`)] }))
    for (const cla of channels) assert.equal(desk.send(`${cla} A4 04 00 06 ${A}`), 'passed')
    for (let cla = 0; cla < 0xff; cla++) {
      const passed = desk.send(`${cla.toString(16).padStart(2, '0')} 20 00 81`)
      if (plainOf(cla) === plain) assert.equal(passed, FILTERED, cla.toString(16))
    }
  }
})
