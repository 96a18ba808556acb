import assert from 'node:assert/strict'
import test from 'node:test'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { hexOf } from '../../src/base/hex.ts'
import { CardSession } from '../support/card-session.ts'
import { TlsClient } from '../support/tls-client.ts'
import { bytes } from '../support/vectors.ts'

const SCALAR = '11'.repeat(32)
const KILLED = '6D16'

/** Lines and their answers, without CR LF, in one session. */
function check(session: CardSession, lines: readonly (readonly [string, string])[]): void {
  for (const [line, expected] of lines) {
    assert.equal(session.say(`${line}\r\n`), expected === KILLED ? KILLED : `${expected}\r\n`, line)
  }
}

function publicKeyOf(scalar: string): string {
  return hexOf(secp256k1.getPublicKey(bytes(scalar), false))
}

test('shell: version, echo and disconnect', () => {
  check(new CardSession().open(), [
    ['?00', 'Ethertrust keystore 1.3'],
    ['?00 whatever\r\n?01x', 'Ethertrust keystore 1.3'],
    ['?01text', 'text'],
    ['?01a\r\n?00', 'a\r\n?00'],
    ['?FF00ffA5', '00FFA5'],
    ['?FF', 'ERROR'],
    [`?FF${'ab'.repeat(128)}`, 'AB'.repeat(128)],
    [`?FF${'ab'.repeat(129)}`, 'ERROR'],
    ['?02', KILLED],
  ])
})

test('shell: a line feed alone ends a line, and the answer still ends in CR LF', () => {
  const session = new CardSession().open()
  assert.equal(session.say('?01a\n'), 'a\r\n')
  assert.equal(session.say('c00\n'), 'OK\r\n')
})

test('shell: too short, unknown or garbled lines are ERROR', () => {
  const session = new CardSession().open()
  for (const line of ['', '\n', '\r\n', 'c00', '?0\n']) assert.equal(session.say(line), 'ERROR\r\n', line)
  check(session, [
    ['zz', 'ERROR'],
    ['q00', 'ERROR'],
    ['G00', 'ERROR'],
    ['C00', 'ERROR'],
    ['czz', 'ERROR'],
    ['c04', 'ERROR'],
    ['p1f', 'ERROR'],
    ['X001', 'ERROR'],
    ['X00zz', 'ERROR'],
    ['?FFzz', 'ERROR'],
  ])
})

test('shell: some lines kill the session', () => {
  const lines = [
    '?01\r\n',
    '?02\r\n',
    '?03\r\n',
    '?zz\r\n',
    '?0A1\r\n',
    '?FF1\r\n',
    '?0E00\r\n',
    '?00..',
    'c001',
    '?AA00\r\n',
  ]
  for (const line of lines) {
    const session = new CardSession().open()
    assert.equal(session.say(line), KILLED, line)
    assert.equal(session.open({}).say('?01again\n'), 'again\r\n')
  }
})

test('shell: a pair is cleared, generated, read, signed with', () => {
  const session = new CardSession().open()
  check(session, [
    ['g00', 'ERROR'],
    ['p00', 'ERROR'],
    ['r00', 'ERROR'],
    [`s00${SCALAR}`, 'ERROR'],
    ['c00', 'OK'],
    ['g00', 'OK'],
    ['g00', 'ERROR'],
  ])
  const publicKey = session.say('p00\n').trim()
  assert.equal(publicKeyOf(session.say('r00\n').trim()), publicKey)
  for (const digest of ['01', 'ab'.repeat(31), 'cd'.repeat(32)]) {
    const signature = bytes(session.say(`s00${digest}\n`).trim())
    const padded = bytes(digest.padStart(64, '0'))
    assert.ok(
      secp256k1.verify(signature, padded, bytes(publicKey), { prehash: false, format: 'der', lowS: false }),
    )
  }
  check(session, [
    ['s00', 'ERROR'],
    [`s00${'00'.repeat(33)}`, 'ERROR'],
    ['c00', 'OK'],
    ['p00', 'ERROR'],
  ])
})

test('shell: halves of a pair are set once', () => {
  check(new CardSession().open(), [
    [`X00${SCALAR}`, 'ERROR'],
    [`P00${publicKeyOf(SCALAR)}`, 'ERROR'],
    ['c00', 'OK'],
    [`P00${publicKeyOf(SCALAR)}`, 'OK'],
    [`P00${publicKeyOf(SCALAR)}`, 'ERROR'],
    ['p00', publicKeyOf(SCALAR)],
    ['r00', 'ERROR'],
    ['c01', 'OK'],
    ['X0101', 'OK'],
    ['p01', publicKeyOf('01'.padStart(64, '0'))],
    ['r01', '01'.padStart(64, '0')],
    ['X0102', 'ERROR'],
    ['c02', 'OK'],
    [`R02${SCALAR}`, 'OK'],
    ['p02', publicKeyOf(SCALAR)],
    ['c03', 'OK'],
    ['X03', 'ERROR'],
    ['X0300', 'ERROR'],
    [`X03${'11'.repeat(33)}`, 'ERROR'],
    [`X03${'ff'.repeat(32)}`, 'ERROR'],
    [`P03${publicKeyOf(SCALAR).slice(0, 128)}`, 'ERROR'],
    [`P03${'04'.repeat(65)}`, 'ERROR'],
  ])
})

test('shell: seeds are given or random, and readable', () => {
  const session = new CardSession({ random: (length) => new Uint8Array(length).fill(0x42) }).open()
  check(session, [
    ['v00', 'ERROR'],
    ['t00', 'OK'],
    ['v00', '42'.repeat(32)],
    ['T000a', 'OK'],
    ['v00', '0A'],
    [`t00${'0b'.repeat(64)}`, 'OK'],
    ['v00', '0B'.repeat(64)],
    [`t00${'0b'.repeat(65)}`, 'ERROR'],
    ['c00', 'OK'],
    ['v00', 'ERROR'],
  ])
})

// BIP32 test vectors: the chains that are hardened all the way (bitcoin/bips, bip-0032.mediawiki), keys from the xprv.
const BIP32 = [
  {
    name: "vector 1, m/0'",
    seed: '000102030405060708090a0b0c0d0e0f',
    path: '80000000',
    privateKey: 'EDB2E14F9EE77D26DD93B4ECEDE8D16ED408CE149B6CD80B0715A2D911A0AFEA',
  },
  {
    name: "vector 3, m/0'",
    seed: '4b381541583be4423346c643850da4b320e46a87ae3d2a4e6da11eba819cd4acba45d239319ac14f863b8d5ab5a0d0c64d2e8a1e7d1457df2e5a3c51c73235be',
    path: '80000000',
    privateKey: '491F7A2EEBC7B57028E0D3FAA0ACDA02E75C33B03C48FB288C41E2EA44E1DAEF',
  },
  {
    name: "vector 4, m/0'/1'",
    seed: '3ddd5602285899a946114506157c7997e5444528f3003f6134712147db19b678',
    path: '8000000080000001',
    privateKey: '3A2086EDD7D9DF86C3487A5905A1712A9AA664BCE8CC268141E07549EAA8661D',
  },
]

for (const { name, seed, path, privateKey } of BIP32) {
  test(`shell: BIP32 ${name}`, () => {
    check(new CardSession().open(), [
      ['c01', 'OK'],
      [`t01${seed}`, 'OK'],
      [`b01${path}`, 'OK'],
      ['r01', privateKey],
      ['p01', publicKeyOf(privateKey)],
    ])
  })
}

test('shell: BIP32 paths are whole, hardened, at most 30 long, below a seed, and replace the pair', () => {
  const session = new CardSession().open()
  check(session, [
    ['b0080000000', 'ERROR'],
    ['t0001', 'OK'],
    ['b0080000000', 'ERROR'],
    ['c00', 'OK'],
    ['b0080000000', 'ERROR'],
    ['t0001', 'OK'],
    ['b0000000001', 'ERROR'],
    ['b00800000', 'ERROR'],
    [`b00${'80000000'.repeat(31)}`, 'ERROR'],
    [`k00${'80000000'.repeat(30)}`, 'OK'],
  ])
  const first = session.say('r00\n')
  check(session, [['b0080000001', 'OK']])
  const second = session.say('r00\n')
  assert.notEqual(second, first)
  check(session, [['b00', 'OK']])
  assert.notEqual(session.say('r00\n'), second)
})

test('shell: records keep up to 64 raw characters each, 32 of them', () => {
  check(new CardSession().open(), [
    ['I00', 'OK'],
    ['Z00not hex at all', 'OK'],
    ['I00', 'not hex at all'],
    ['Z00x', 'OK'],
    ['I00', 'x'],
    ['Z00', 'OK'],
    ['I00', 'OK'],
    [`Z1F${'y'.repeat(64)}`, 'OK'],
    ['I1f', 'y'.repeat(64)],
    [`Z1F${'y'.repeat(65)}`, 'ERROR'],
    ['Z20x', 'ERROR'],
    ['I20', 'ERROR'],
    ['I1E', 'OK'],
  ])
})

test('shell: the PSK changes for who knows it, and the session in progress goes on', () => {
  const old = '0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20'
  const next = 'AB'.repeat(32)
  const session = new CardSession().open()
  check(session, [
    [`?AA${old}${next.toLowerCase()}`, next],
    ['?00', 'Ethertrust keystore 1.3'],
  ])
  session.card.reset()
  assert.equal(session.record(new TlsClient().clientHello()).sw, '6D16')
  session.open({ psk: bytes(next) })
  check(session, [[`?AA${old}${'cd'.repeat(32)}`, KILLED]])
  session.open({ psk: bytes(next) })
})

test('shell: keys, seeds and records survive a reset', () => {
  const session = new CardSession().open()
  check(session, [
    ['c00', 'OK'],
    [`X00${SCALAR}`, 'OK'],
    ['t0077', 'OK'],
    ['Z05note', 'OK'],
  ])
  session.card.reset()
  check(session.open({}), [
    ['r00', SCALAR],
    ['v00', '77'],
    ['I05', 'note'],
  ])
})

test('shell: D8 mode 03 echoes one record and closes', () => {
  const session = new CardSession().open()
  assert.equal(session.say('?00\r\n', 0x03), '?00\r\n9002')
  session.open({})
})
