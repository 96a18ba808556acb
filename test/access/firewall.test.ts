import assert from 'node:assert/strict'
import test from 'node:test'
import { after, Desk } from '../support/access-desk.ts'
import { allowing, denying, filterOf, rulesOf, userOf } from '../support/rules.ts'

const A = '010203040500'
const B = 'A0000000030000'
const SELECT_A = `00 A4 04 00 | 06 ${A}`
const SELECT_B = `00 A4 04 00 | 07 ${B}`
const PING = '80 E0 00 00 | 01 AA'
const FREE = userOf()
const NO_AID = 'access.no-aid'
const FILTERED = 'access.filtered'

test('firewall: nothing but a SELECT passes before one was accepted, not even for a free user (C56)', () => {
  const desk = new Desk(FREE)
  assert.deepEqual(desk.sendAll('80 87 00 00 00', '00 70 00 00 01', SELECT_A, PING), [
    NO_AID,
    NO_AID,
    'passed',
    'passed',
  ])
})

test('firewall: the first SELECT must be the plain one, other forms do not count as one (C58)', () => {
  for (const form of ['00A4040C', '00A40402', '00A40000', '10A40400', '0CA40400', '80A40400']) {
    assert.equal(new Desk(FREE).send(`${form} 06 ${A}`), NO_AID, form)
  }
  assert.equal(new Desk(FREE).send('00 A4'), NO_AID)
})

test('firewall: the first SELECT may be on any logical channel (C59)', () => {
  for (const cla of ['00', '01', '03', '40', '4F']) {
    assert.equal(new Desk(FREE).send(`${cla} A4 04 00 06 ${A}`), 'passed', cla)
  }
})

test('firewall: a SELECT counts when the element accepted it, with a warning or data to fetch as well', () => {
  for (const sw of [0x9000, 0x6110, 0x6283, 0x6310, 0x9f20]) {
    const desk = new Desk(FREE)
    desk.send(SELECT_A, { sw })
    assert.equal(desk.send(PING), 'passed', sw.toString(16))
  }
  for (const sw of [0x6a82, 0x6999, 0x6c00, 0x9001, 0x0000]) {
    const desk = new Desk(FREE)
    desk.send(SELECT_A, { sw })
    assert.equal(desk.send(PING), NO_AID, sw.toString(16))
  }
})

test('firewall: what is selected on one channel says nothing of another, since each has its own application', () => {
  const desk = after(FREE, SELECT_A)
  assert.deepEqual(desk.sendAll('81 E0 00 00', '84 E0 00 00', 'C0 E0 00 00', '01 A4 04 0C 00'), [
    NO_AID,
    'passed',
    NO_AID,
    NO_AID,
  ])
  assert.deepEqual(desk.sendAll(`41 A4 04 00 06 ${A}`, 'C1 E0 00 00', 'E1 E0 00 00', 'C0 E0 00 00'), [
    'passed',
    'passed',
    'passed',
    NO_AID,
  ])
})

test('firewall: class FF never passes, since readers take it for themselves', () => {
  assert.equal(new Desk(FREE).send('FF A4 04 00'), FILTERED)
  assert.equal(after(FREE, SELECT_A).send('FF CA 00 00 00'), FILTERED)
})

test('firewall: a selection belongs to the SEID under which it was made (E10)', () => {
  const desk = after(FREE, SELECT_A)
  assert.equal(desk.send(PING, { seid: 'key2' }), NO_AID)
  assert.equal(desk.send('00 A4 04 0C 00', { seid: 'key2' }), NO_AID)
  assert.equal(desk.send(PING), 'passed')
  assert.equal(desk.send(SELECT_A, { seid: 'key2' }), 'passed')
  assert.equal(desk.send(PING, { seid: 'key2' }), 'passed')
  assert.equal(desk.send(PING), NO_AID, 'replaced by the one under the alias')
})

test('firewall: an allowed AID is matched whole, since a prefix selects whatever begins with it (E07)', () => {
  const user = userOf(allowing(A))
  assert.equal(new Desk(user).send('00 A4 04 00 05 0102030405'), FILTERED)
  assert.equal(new Desk(user).send(`00 A4 04 00 07 ${A}00`), FILTERED)
  assert.equal(new Desk(user).send('00 A4 04 00'), FILTERED)
  assert.equal(new Desk(user).send(SELECT_B), FILTERED)
  assert.deepEqual(after(user, SELECT_A).send(PING), 'passed')
  assert.equal(new Desk(user).send(`00 A4 04 00 | 00 0006 ${A}`), 'passed', 'extended length')
})

test('firewall: an empty allow list allows no application at all, the empty AID the default one', () => {
  assert.equal(new Desk(userOf(allowing())).send('00 A4 04 00'), FILTERED)
  assert.deepEqual(new Desk(userOf(allowing(''))).sendAll('00 A4 04 00 00', PING, SELECT_A), [
    'passed',
    'passed',
    FILTERED,
  ])
})

test('firewall: a denied AID is refused by any prefix of it, since that selects it, and by none at all', () => {
  for (const data of ['07 A0000000030000', '05 A000000003', '01 A0', '00', '']) {
    assert.equal(new Desk(userOf(denying(B))).send(`00 A4 04 00 ${data}`), FILTERED, data)
  }
  for (const data of ['06 010203040500', '08 A000000003000000', '05 A000000004']) {
    assert.equal(new Desk(userOf(denying(B))).send(`00 A4 04 00 ${data}`), 'passed', data)
  }
})

test('firewall: once something is selected, no form of SELECT by name is a way around the AID rules', () => {
  const forms = [
    '00A4040C',
    '00A40402',
    '10A40400',
    '0CA40400',
    '04A40400',
    '20A40400',
    '00A404F0',
    '00A40401',
  ]
  for (const rules of [allowing(A), denying(B)]) {
    for (const form of forms) {
      assert.equal(after(userOf(rules), SELECT_A).send(`${form} 07 ${B}`), FILTERED, form)
      assert.equal(after(userOf(rules), SELECT_A).send(`${form} 09 ${B}`), FILTERED, 'malformed data')
    }
    assert.equal(after(userOf(rules), SELECT_A).send(`00 A4 04 0C 06 ${A}`), 'passed')
  }
})

test('firewall: a SELECT that cannot be judged is refused with AID rules and passes without', () => {
  for (const form of [
    `10A40400 06 ${A}`,
    `0CA40400 06 ${A}`,
    `20A40400 06 ${A}`,
    `00A40402 06 ${A}`,
    '00A40400 09 01',
  ]) {
    assert.equal(after(userOf(allowing(A)), SELECT_A).send(form), FILTERED, form)
    assert.equal(after(FREE, SELECT_A).send(form), 'passed', form)
  }
})

test('firewall: a refused or failed SELECT keeps the previous selection (E08)', () => {
  const desk = after(userOf(allowing(A)), SELECT_A)
  assert.deepEqual(desk.sendAll(SELECT_B, PING), [FILTERED, 'passed'])
  assert.equal(desk.send(SELECT_A, { sw: 0x6a82 }), 'passed')
  assert.equal(desk.send(PING), 'passed')
})

test('firewall: header bytes that are missing count as 00, so that a short command is no way around', () => {
  const desk = after(
    userOf({ filters: [filterOf('FFFFFFFF 80200000'), filterOf('FFFFFFFF 00000000')] }),
    SELECT_A,
  )
  assert.deepEqual(desk.sendAll('80 20', '80 20 00', '', '80 21'), [FILTERED, FILTERED, FILTERED, 'passed'])
})

test('firewall: the rules of all names of the element hold, whichever is addressed', () => {
  const elements = new Map([
    ['2', rulesOf(denying(B))],
    ['key2', rulesOf({ filters: [filterOf('00FF0000 00200000')] })],
  ])
  const user = userOf({ ...allowing(), elements })
  assert.equal(new Desk(user).send(SELECT_B, { seid: 'key2' }), FILTERED)
  assert.deepEqual(new Desk(user).sendAll(SELECT_A, '00 20 00 00', PING), ['passed', FILTERED, 'passed'])
  const elsewhere = new Desk(user, ['3'])
  assert.equal(elsewhere.send(SELECT_A, { seid: '3' }), FILTERED)
})

test('firewall: closing or resetting a channel forgets it, since it comes back with the default application', () => {
  const other = `01 A4 04 00 06 ${A}`
  for (const close of ['00 70 80 01', '01 70 80 00', '00 70 40 01', '01 70 40 00', '00 70 80 81']) {
    assert.equal(after(FREE, SELECT_A, other, close).send('81 E0 00 00'), NO_AID, close)
  }
  assert.equal(after(FREE, SELECT_A, other, '00 70 80 02').send('81 E0 00 00'), 'passed')
  const kept = after(FREE, SELECT_A, other, '80 70 80 01')
  assert.equal(kept.send('81 E0 00 00'), 'passed', 'a proprietary class is no MANAGE CHANNEL')
})

test('firewall: a channel that was just opened has no selection', () => {
  const other = `01 A4 04 00 06 ${A}`
  assert.equal(after(FREE, SELECT_A, '00 70 00 00 01').send('81 E0 00 00'), NO_AID)
  assert.equal(after(FREE, SELECT_A, other, '00 70 00 01').send('81 E0 00 00'), NO_AID)
  const desk = after(FREE, SELECT_A, other)
  desk.send('00 70 00 01', { sw: 0x6a86 })
  assert.equal(desk.send('81 E0 00 00'), 'passed', 'it was open and stays')
})

test('firewall: a reset forgets the selection of a user with rules, as the default application is selected then', () => {
  for (const rules of [allowing(A), denying(B), { filters: [filterOf('00FF0000 00200000')] }]) {
    const desk = after(userOf(rules), SELECT_A)
    desk.firewall.wasReset(desk.user)
    assert.deepEqual(desk.sendAll(PING, `00 A4 04 0C 06 ${A}`, SELECT_A, PING), [
      NO_AID,
      NO_AID,
      'passed',
      'passed',
    ])
  }
})

test('firewall: a reset keeps channel 0 of a user without rules, and no other (C47)', () => {
  const desk = after(FREE, SELECT_A, `01 A4 04 00 06 ${A}`)
  desk.firewall.wasReset(FREE)
  assert.deepEqual(desk.sendAll(PING, '81 E0 00 00'), ['passed', NO_AID])
  const fresh = new Desk(FREE)
  fresh.firewall.wasReset(FREE)
  assert.equal(fresh.send(PING), NO_AID, 'a reset is no SELECT')
})

test('firewall: a reload judges what is selected by the new rules at once', () => {
  const desk = after(FREE, SELECT_A)
  desk.user = userOf({ filters: [filterOf('00FF0000 00200000', A)] })
  assert.deepEqual(desk.sendAll('00 20 00 00', PING), [FILTERED, 'passed'])
  desk.user = userOf(allowing(A))
  assert.deepEqual(desk.sendAll('00 20 00 00', PING), ['passed', 'passed'])
  desk.user = userOf(allowing(B))
  assert.deepEqual(desk.sendAll(PING, SELECT_A, SELECT_B, PING), [NO_AID, FILTERED, 'passed', 'passed'])
})

test('firewall: after a reset and a reload with rules, a SELECT is needed, as the default application is unknown', () => {
  const desk = after(FREE, SELECT_A)
  desk.firewall.wasReset(FREE)
  desk.user = userOf(denying(B))
  assert.deepEqual(desk.sendAll(PING, SELECT_A, PING), [NO_AID, 'passed', 'passed'])
})
