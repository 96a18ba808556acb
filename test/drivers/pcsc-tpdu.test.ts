import assert from 'node:assert/strict'
import test from 'node:test'
import { failureOf, SCARD } from '../../src/drivers/pcsc-errors.ts'
import { tpduOf } from '../../src/drivers/pcsc-tpdu.ts'
import { hex } from '../support/hex-fields.ts'

function tpdu(command: string): string {
  return Buffer.from(tpduOf(hex(command))).toString('hex')
}

test('pcsc T=0: P3 = 00 is added to case 1, Le is left out of case 4, cases 2 and 3 stay', () => {
  assert.equal(tpdu('00 84 01 02'), '0084010200')
  assert.equal(tpdu('00 84 00 00 08'), '0084000008')
  assert.equal(tpdu('00 84 00 00 00'), '0084000000')
  assert.equal(tpdu('00 d6 00 00 02 aabb'), '00d6000002aabb')
  assert.equal(tpdu('00 a4 04 00 02 3f00 00'), '00a40400023f00')
  assert.equal(tpdu(`00 d6 00 00 ff ${'11'.repeat(255)} 00`), `00d60000ff${'11'.repeat(255)}`)
})

test('pcsc T=0: extended length is refused, what is no command at all is left to the card', () => {
  for (const command of ['00 b0 00 00 000100', '00 d6 00 00 000001 aa', '00 d6 00 00 000001 aa 0000'])
    assert.throws(() => tpdu(command), { code: 'element.unsupported' })
  assert.equal(tpdu('00 d6 00 00 05 aa'), '00d6000005aa')
  assert.equal(tpdu('00 d6'), '00d6')
})

test('pcsc errors: each code has a meaning, and what the library said is kept', () => {
  const meanings = {
    'link.nack': [SCARD.E_SHARING_VIOLATION],
    'element.gone': [SCARD.W_REMOVED_CARD],
    'element.absent': [SCARD.E_NO_SMARTCARD],
    'element.mute': [
      ...[SCARD.W_UNRESPONSIVE_CARD, SCARD.W_UNPOWERED_CARD],
      ...[SCARD.E_NOT_TRANSACTED, SCARD.W_RESET_CARD],
    ],
    'element.unsupported': [SCARD.W_UNSUPPORTED_CARD, SCARD.E_PROTO_MISMATCH, SCARD.E_INSUFFICIENT_BUFFER],
    'link.closed': [SCARD.E_NO_SERVICE, SCARD.F_COMM_ERROR, 0x80100001, undefined],
  }
  const cause = new Error('as the library has it')
  for (const [meaning, codes] of Object.entries(meanings))
    for (const code of codes) {
      const failure = failureOf('Rig A 00 00', code, cause)
      assert.equal(failure.code, meaning, code?.toString(16))
      assert.match(failure.message, /'Rig A 00 00'/)
      assert.equal(failure.cause, cause)
    }
})
