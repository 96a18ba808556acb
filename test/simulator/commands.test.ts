import assert from 'node:assert/strict'
import test from 'node:test'
import { hexOf } from '../../src/base/hex.ts'
import { CardSession, VERIFY_ADMIN, VERIFY_USER } from '../support/card-session.ts'

test('instructions: who may do what, and what is unknown', () => {
  const hash = '00'.repeat(32)
  const rights: Record<string, string[]> = {
    pin: [
      '87000004',
      '8B000004',
      'B0000004',
      '84000000',
      `80000020${hash}`,
      `8A000020${hash}`,
      '850C000101',
      '8E000040',
    ],
    admin: [
      `D000000101`,
      '81000000',
      '82000000',
      '89000000',
      `88070020${hash}`,
      `DA000120${hash}`,
      `8F000040${hash}${hash}`,
    ],
  }
  for (const command of rights['pin'] ?? []) {
    const session = new CardSession()
    assert.equal(session.apdu(`00${command}`), '6380', command)
    session.apdu(VERIFY_USER)
    assert.notEqual(session.apdu(`00${command}`), '6380', command)
    session.card.reset()
    session.apdu(VERIFY_ADMIN)
    assert.notEqual(session.apdu(`00${command}`), '6380', command)
  }
  for (const command of rights['admin'] ?? []) {
    const session = new CardSession()
    session.apdu(VERIFY_USER)
    assert.equal(session.apdu(`00${command}`), '6380', command)
    session.apdu(VERIFY_ADMIN)
    assert.notEqual(session.apdu(`00${command}`), '6380', command)
  }
  const known = [
    0x20, 0x24, 0x80, 0x81, 0x82, 0x84, 0x85, 0x87, 0x88, 0x89, 0x8a, 0x8b, 0x8e, 0x8f, 0xa4, 0xb0, 0xc0,
  ]
  known.push(0xd0, 0xd8, 0xda)
  for (const applet of ['keystore', 'echo'] as const) {
    const session = new CardSession({ applet })
    const echoLacks = applet === 'echo' ? [0x8e, 0x8f] : []
    for (let ins = 0; ins <= 0xff; ins += 1) {
      const isUnknown = session.apdu(`00 ${hexOf(Uint8Array.of(ins))} 00 00`) === '6D00'
      assert.equal(
        isUnknown,
        !known.includes(ins) || echoLacks.includes(ins),
        `${applet} ${ins.toString(16)}`,
      )
    }
  }
})

test('instructions: CLA is never looked at, an APDU of a wrong length is 6700', () => {
  new CardSession().check([
    ['ff d8 00 00 00', '9000'],
    ['80 20 00 00 04 | 30 30 30 30', '9000'],
    ['', '6700'],
    ['00', '6700'],
    ['00 d8 00', '6700'],
    ['00 20 00 00 04 | 30 30 30', '6700'],
    ['00 20 00 00 04 | 30 30 30 30 | 00 00', '6700'],
    ['00 20 00 00 00 00 04 | 30 30 30 30', '6700'],
    ['00 20 00 00 04 | 30 30 30 30 | 00', '9000'],
  ])
})

test('status: keystore 0106 F706 behind the PIN, echo 0101 F305 for anyone, other Le 6C04', () => {
  new CardSession({ applet: 'echo' }).check([
    ['00 87 00 00 04', '0101F305 9000'],
    ['00 87 00 00 00', '6C04'],
  ])
  new CardSession().check([
    [VERIFY_USER, '9000'],
    ['00 87 00 00 04', '0106F706 9000'],
  ])
})

test('random: P3 bytes, 256 for zero', () => {
  const session = new CardSession({ applet: 'echo', random: (length) => new Uint8Array(length).fill(0xcd) })
  assert.equal(session.apdu('00 8b 00 00 03'), 'CDCDCD9000')
  assert.equal(session.apdu('00 8b 00 00 00'), `${'CD'.repeat(256)}9000`)
})

test('memory: bytes are read and written in range, and are the records of the shell', () => {
  const session = new CardSession()
  session.apdu(VERIFY_ADMIN)
  session.check([
    ['00 d0 07 ff 01 | aa', '9000'],
    ['00 b0 07 ff 01', 'AA 9000'],
    ['00 b0 07 fe 02', '00AA 9000'],
    ['00 b0 07 ff 02', '6D01'],
    ['00 d0 07 ff 02 | 11 22', '6D02'],
    ['00 b0 07 01 00', '6D01'],
    ['00 b0 7f ff 01', '6F00'],
    ['00 b0 ff ff 01', '6F00'],
    ['00 b0 7f fe 01', '6D01'],
    ['00 d0 00 40 02 | 48 69', '9000'],
  ])
  assert.equal(session.apdu('00 b0 07 00 00').length, 2 * 258)
  session.open()
  assert.equal(session.say('I01\r\n'), 'Hi\r\n')
  session.card.reset()
  session.check([
    [VERIFY_USER, '9000'],
    ['00 b0 07 ff 01', 'AA 9000'],
  ])
  const echo = new CardSession({ applet: 'echo' })
  echo.apdu(VERIFY_ADMIN)
  echo.check([
    ['00 d0 04 07 01 | aa', '9000'],
    ['00 d0 04 08 01 | aa', '6D02'],
  ])
})

test('blank card: shows its issuer domain and nothing else', () => {
  const fci = '6F108408A000000151000000A5049F6501FF'
  new CardSession({ applet: 'none' }).check([
    ['00 a4 04 00 00', `${fci} 9000`],
    ['00 a4 04 00 08 | a0 00 00 01 51 00 00 00', `${fci} 9000`],
    ['00 a4 04 00 08 | a0 00 00 01 51 00 00 00 | 00', `${fci} 9000`],
    ['00 a4 04 00 06 | 01 02 03 04 05 00', '6A82'],
    ['00 d8 00 00 00', '6982'],
    ['00 20 00 01 08 | 30 30 30 30 30 30 30 30', '6D00'],
  ])
})

test('issuer domain: a card with an applet hands over to it by its AID, until the applet is selected again', () => {
  new CardSession().check([
    ['00 a4 04 00 08 | a0 00 00 01 51 00 00 00', '6F108408A000000151000000A5049F6501FF 9000'],
    ['00 d8 00 00 00', '6982'],
    ['00 a4 04 00 06 | 01 02 03 04 05 00', '9000'],
    ['00 d8 00 00 00', '9000'],
  ])
})
