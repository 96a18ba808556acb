import assert from 'node:assert/strict'
import test from 'node:test'
import { CardSession, VERIFY_ADMIN, VERIFY_USER } from '../support/card-session.ts'

const WRONG_ADMIN = '00 20 00 01 08 | 31 31 31 31 31 31 31 31'

test('pins: the user PIN has three tries, padding does not matter, a right one restores them', () => {
  new CardSession().check([
    ['00 20 00 00 04 | 31 31 31 31', '6302'],
    ['00 20 00 00 08 | 30 30 30 30 ff ff ff ff', '9000'],
    ['00 20 00 00 01 | 31', '6302'],
    ['00 20 00 00 00', '6301'],
    ['00 20 00 00 04 | 31 31 31 31', '6300'],
    [VERIFY_USER, '6300'],
    [VERIFY_USER, '6300'],
  ])
})

test('pins: the administrator PIN has ten tries and is lost after them', () => {
  const session = new CardSession()
  for (let left = 9; left >= 0; left -= 1) assert.equal(session.apdu(WRONG_ADMIN), `630${left}`)
  assert.equal(session.apdu(VERIFY_ADMIN), '6300')
})

test('pins: the administrator unblocks the user PIN, and P2 = FF resets it to 0000', () => {
  const session = new CardSession()
  const wrongUser = '00 20 00 00 04 | 31 31 31 31'
  session.check([
    ['00 20 00 00 04 | 30 30 30 30', '9000'],
    ['00 24 00 00 10 | 30303030 ffffffff | 34343434 ffffffff', '9000'],
    [wrongUser, '6302'],
    [wrongUser, '6301'],
    [wrongUser, '6300'],
    [VERIFY_ADMIN, '9000'],
    ['00 20 00 00 04 | 34 34 34 34', '9000'],
    ['00 20 00 ff 08 | 30 30 30 30 30 30 30 30', '9000'],
    [VERIFY_USER, '9000'],
  ])
})

test('pins: lengths, P2 and wrong old values are refused', () => {
  new CardSession().check([
    ['00 20 00 00 09 | 30 30 30 30 30 30 30 30 30', '6700'],
    ['00 20 00 01 07 | 30 30 30 30 30 30 30', '6700'],
    ['00 20 00 ff 04 | 30 30 30 30', '6700'],
    ['00 20 00 02 04 | 30 30 30 30', '6B00'],
    ['00 20 00 01 08', '6700'],
    ['00 24 00 00 0f | 30303030 ffffffff 30303030 ffffff', '6700'],
    ['00 24 00 02 10 | 30303030 ffffffff | 34343434 ffffffff', '6B00'],
    ['00 24 00 00 10 | 31303030 ffffffff | 34343434 ffffffff', '6302'],
    ['00 24 00 01 10 | 3030303030303031 | 3131313131313131', '6309'],
    ['00 24 00 01 10 | 3030303030303030 | 3131313131313131', '9000'],
    [VERIFY_ADMIN, '6309'],
    ['00 20 00 01 08 | 31 31 31 31 31 31 31 31', '9000'],
  ])
})

test('pins: values and counters survive a reset, validation does not', () => {
  const session = new CardSession()
  session.check([
    [VERIFY_USER, '9000'],
    ['00 87 00 00 04', '0106F706 9000'],
  ])
  session.card.reset()
  session.check([
    ['00 87 00 00 04', '6380'],
    ['00 20 00 00 04 | 31 31 31 31', '6302'],
  ])
  session.card.reset()
  session.check([
    ['00 20 00 00 04 | 31 31 31 31', '6301'],
    [VERIFY_USER, '9000'],
    ['00 a4 04 00 06 | 01 02 03 04 05 00', '9000'],
    ['00 87 00 00 04', '6380'],
  ])
})
