import assert from 'node:assert/strict'
import test from 'node:test'
import { abandonsTry, keyVersionOf, outcomeOf, tryOf } from '../../src/access/tries.ts'
import { hex } from '../support/hex-fields.ts'

/** Kind, role, secret, channel, and a + when it is or may be a part of a command. */
function judged(command: string): string {
  const found = tryOf(hex(command))
  if (found === undefined) return 'none'
  const { kind, role, secret, channel, isChained } = found
  return `${kind} ${role} ${secret} ${channel}${isChained ? ' +' : ''}`
}

const COMMANDS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'EXTERNAL AUTHENTICATE in every class': {
    '00 82 00 01 | 08 0102030405060708': 'authentication proves key 01 0',
    '00 82 00 00': 'authentication proves key 00 0',
    '84 82 01 00 | 10 00112233445566778899AABBCCDDEEFF': 'authentication proves key 00 0',
    '0E 82 00 00 | 01 AA': 'authentication proves key 00 2',
    'A0 82 00 00 | 01 AA': 'authentication proves key 00 0',
    '47 82 00 00 | 01 AA': 'authentication proves key 00 11',
    'E3 82 00 00 | 01 AA': 'authentication proves key 00 7',
  },
  'INITIALIZE UPDATE in proprietary classes only': {
    '80 50 00 00 | 08 0102030405060708 | 00': 'authentication opens key 00 0',
    '83 50 30 01 | 08 0102030405060708 | 00': 'authentication opens key 01 3',
    '84 50 00 00 | 01 AA': 'authentication opens key 00 0',
    '90 50 00 00 | 01 AA': 'authentication opens key 00 0 +',
    'C1 50 00 00 | 01 AA': 'authentication opens key 00 5',
    'EF 50 00 00 | 01 AA': 'authentication opens key 00 19',
    '00 50 00 00 | 01 AA': 'none',
    '40 50 00 00 | 01 AA': 'none',
    'A0 50 00 00 | 01 AA': 'none',
  },
  'VERIFY, CHANGE REFERENCE DATA and RESET RETRY COUNTER with data': {
    '00 20 00 00 | 04 30303030': 'verification proves pin 00 0',
    '00 20 00 81 | 04 30303030 | 00': 'verification proves pin 81 0',
    '00 21 00 02 | 03 820101': 'verification proves pin 02 0',
    '00 24 00 01 | 08 3030303031313131': 'verification proves pin 01 0',
    '00 2C 00 01 | 08 3030303031313131': 'verification proves code 01 0',
    '0C 20 00 01 | 02 8E00': 'verification proves pin 01 0',
    '10 20 00 01 | 02 3030': 'verification proves pin 01 0 +',
    '9C 20 00 01 | 02 3030': 'verification proves pin 01 of 802000 0 +',
    'A0 20 00 01 | 08 30303030FFFFFFFF': 'verification proves pin 01 of A02000 0',
    '80 20 00 00 | 02 3030': 'verification proves pin 00 of 802000 0',
    '83 20 02 00 | 02 3030': 'verification proves pin 00 of 802002 3',
    '42 20 00 00 | 02 3030': 'verification proves pin 00 6',
    '00 20 00 00 | 00 0004 30303030': 'verification proves pin 00 0',
    '00 20 00 00 | 05 30303030': 'verification proves pin 00 0',
    '00 20 00 00 | 00 0005 3030': 'verification proves pin 00 0',
  },
  'nothing else, and no VERIFY that only asks': {
    '00 20 00 00': 'none',
    '00 20 00 00 00': 'none',
    '00 20 00 00 08': 'none',
    '00 20 00 00 | 00 0100': 'none',
    '00 2C 03 01': 'none',
    '00 A4 04 00 | 06 010203040500': 'none',
    '00 C0 00 00 20': 'none',
    '00 88 00 00 | 01 AA': 'none',
    '80 E0 00 00 | 01 AA': 'none',
    '00': 'none',
    '': 'none',
  },
}

for (const [name, table] of Object.entries(COMMANDS)) {
  test(`tries: ${name}`, () => {
    for (const [command, wanted] of Object.entries(table)) assert.equal(judged(command), wanted, command)
  })
}

test('tries: SELECT, MANAGE CHANNEL and MANAGE SECURITY ENVIRONMENT in any class and on any channel abandon what was begun', () => {
  for (const command of [
    '00 A4 04 00 00',
    '03 A4 00 00 02 3F00',
    '80 A4 04 00 00',
    '00 70 80 01',
    '41 70 00 00 01',
    '00 22 41 A4 03 830102',
  ]) {
    assert.ok(abandonsTry(hex(command)), command)
  }
  for (const command of ['00 C0 00 00 1C', '80 CA 00 66 00', '00 20 00 00 02 3030', '84 82 00 00']) {
    assert.ok(!abandonsTry(hex(command)), command)
  }
})

test('tries: only 9000 and 61xx are a success', () => {
  for (const sw of [0x9000, 0x6100, 0x611c]) assert.equal(outcomeOf(sw), 'success', sw.toString(16))
})

test('tries: a command that was refused before its key or PIN was looked at is no try', () => {
  const refused = [0x6700, 0x6881, 0x6882, 0x6a81, 0x6a82, 0x6a86, 0x6a87, 0x6a88]
  for (const sw of [...refused, 0x6b00, 0x6c00, 0x6c1c, 0x6d00, 0x6e00]) {
    assert.equal(outcomeOf(sw), 'none', sw.toString(16))
  }
})

test('tries: every other answer, and none at all, is a failure', () => {
  const failed = [0x0000, 0x6300, 0x63c2, 0x6302, 0x6883, 0x6884, 0x6982, 0x6983, 0x6984, 0x6985, 0x6988]
  for (const sw of [...failed, 0x6a80, 0x6a83, 0x6f00, 0x6281, 0x9001, 0x9804, 0x9f10]) {
    assert.equal(outcomeOf(sw), 'failure', sw.toString(16))
  }
})

test('tries: the version of a key is what the element says, or else what it was asked for', () => {
  const command = hex('80 50 30 00 | 08 0102030405060708 | 00')
  const answer = hex(`${'00'.repeat(10)} | 01 02 | ${'00'.repeat(16)} | 9000`)
  assert.equal(keyVersionOf(command, answer), 'v01')
  assert.equal(keyVersionOf(command, answer.subarray(1)), 'p30')
  assert.equal(keyVersionOf(command, hex('61 1C')), 'p30')
})
