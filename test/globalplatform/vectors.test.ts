import assert from 'node:assert/strict'
import test from 'node:test'
import { hexOf } from '../../src/base/hex.ts'
import { cardChallengeOf } from '../../src/globalplatform/challenge.ts'
import {
  checkValueOf,
  diversified,
  type KeySet,
  keysOf,
  setOf,
  TEST_KEYS,
} from '../../src/globalplatform/keys.ts'
import { Scp02, scp02SessionKeys } from '../../src/globalplatform/scp02.ts'
import { Scp03, scp03SessionKeys } from '../../src/globalplatform/scp03.ts'
import { SecureSession, type SessionOptions } from '../../src/globalplatform/session.ts'
import { GP_VECTORS, type GpVector, type GpVectorCommand } from '../support/gp-vectors.ts'
import { hex } from '../support/hex-fields.ts'

function optionsOf({ enc, mac, dek, level, askedVersion, hostChallenge }: GpVector): SessionOptions {
  return {
    keys: { enc: hex(enc), mac: hex(mac), dek: hex(dek) },
    diversification: 'none',
    keyVersion: askedVersion,
    level,
    allows: 'SCP03 and SCP02',
    hostChallenge: hex(hostChallenge),
  }
}

function plainOf({ plain }: GpVectorCommand) {
  const [ins = 0, p1 = 0, p2 = 0, ...data] = hex(plain)
  return { ins, p1, p2, data: Uint8Array.from(data) }
}

for (const vector of GP_VECTORS) {
  test(`${vector.protocol}: the host says and understands every byte of ${vector.name}`, async () => {
    const initialize = `8050${hexOf(Uint8Array.of(vector.askedVersion))}0008${vector.hostChallenge}00`
    const script = [
      { sent: initialize, answer: `${vector.answer}9000` },
      { sent: vector.authenticate, answer: '9000' },
      ...vector.commands.map(({ sent, answer }) => ({ sent, answer })),
    ]
    let at = 0
    const transmit = (command: Uint8Array): Promise<Uint8Array> => {
      const step = script[at++]
      assert.equal(hexOf(command), step?.sent, `command ${at}`)
      // Where the source has no answer, one that needs no MAC.
      return Promise.resolve(hex(step?.answer ?? '6A88'))
    }
    const session = await SecureSession.open(transmit, optionsOf(vector))
    assert.equal(session.protocol, vector.protocol)
    for (const command of vector.commands) {
      const { data, sw } = await session.send(plainOf(command))
      const answer = command.answer ?? '6A88'
      assert.equal(hexOf(data), command.clear ?? answer.slice(0, -4), command.plain)
      assert.equal(sw, Number.parseInt(answer.slice(-4), 16))
    }
    assert.equal(at, script.length)
  })
}

test('SCP02: session keys of V1, V2 and V12', () => {
  const keys = (counter: string) => scp02SessionKeys(TEST_KEYS, hex(counter))
  assert.equal(hexOf(keys('0001').enc), '25C9794A1205FF244F5FA0378D2F8D59')
  assert.equal(hexOf(keys('0001').mac), '9BED98891580C3B245FE9EC58BFA8D2A')
  assert.equal(hexOf(keys('0001').dek), '0E51FDF196141F227A57BD154012FD39')
  assert.equal(hexOf(keys('002A').dek), '91B1A7BA4BF14C3672CB1DA9D47CA01A')
  assert.equal(hexOf(keys('03B2').enc), 'A0337C32D4DEC016023AA576A157F4B1')
  assert.equal(hexOf(keys('03B2').mac), '23EB84D3B9B9F9D1EAB3A8D6CD211B08')
})

test('SCP03: session keys of V3, V6 and V7', () => {
  const d192 = setOf(hex('404142434445464748494A4B4C4D4E4F 5051525354555657'))
  const d256 = setOf(hex('404142434445464748494A4B4C4D4E4F 505152535455565758595A5B5C5D5E5F'))
  const keys = (set: KeySet, card: string) => scp03SessionKeys(set, hex(`0011223344556677 ${card}`))
  const v3 = keys(TEST_KEYS, '86C8BD65FA1044EE')
  assert.equal(hexOf(v3.enc), '8A09AC793599F57336DD948B090D4DAE')
  assert.equal(hexOf(v3.mac), 'B2702AEBF9059ECB1C45EC5552631515')
  assert.equal(hexOf(v3.rmac), '6C676A6305CAFB86F4905D6B3D47D5A1')
  assert.equal(hexOf(keys(d192, 'D1AFB7B2D3C91E5E').mac), 'EA78863202341772502B83C6F8ACE5EBEFCCE2A17EC14E2E')
  const v6 = keys(d256, 'F6143AFF76D5D182')
  assert.equal(hexOf(v6.enc), 'B5E9498A7D9AB073486F91DC7B31566C75B3A38134CE3A46296DBB14C9079E5B')
  assert.equal(hexOf(v6.mac), '25224B7C765B5EE091685980138233B3B9EC566F1F3F63648BD4529C0E04A48B')
})

test('keys: check values of the published test key, and of two longer ones', () => {
  const value = (key: string, algorithm: 'aes' | '3des') => hexOf(checkValueOf(hex(key), algorithm))
  assert.equal(value('404142434445464748494A4B4C4D4E4F', '3des'), '8BAF47')
  assert.equal(value('404142434445464748494A4B4C4D4E4F', 'aes'), '504A77')
  assert.equal(value('404142434445464748494A4B4C4D4E4F5051525354555657', 'aes'), 'FFCD73')
  assert.equal(value('404142434445464748494A4B4C4D4E4F505152535455565758595A5B5C5D5E5F', 'aes'), 'ECDCD8')
})

test('keys: diversification as the unit tests of GlobalPlatformPro have it', () => {
  const kdd = hex('00010203040506070809')
  const values = (method: 'emv' | 'visa2' | 'kdf3', algorithm: 'aes' | '3des') =>
    keysOf(diversified(TEST_KEYS, method, kdd)).map((key) => hexOf(checkValueOf(key, algorithm)))
  assert.deepEqual(values('emv', '3des'), ['C33013', '6F4CA6', 'BB8179'])
  assert.deepEqual(values('visa2', '3des'), ['2BE598', '58DA38', '3C328E'])
  assert.deepEqual(values('kdf3', 'aes'), ['E79C05', 'D1BD77', '3FDE8C'])
  assert.equal(hexOf(diversified(TEST_KEYS, 'visa2', kdd).enc), '8510FC973208218CA86888BCEC203635')
  assert.equal(diversified(TEST_KEYS, 'none', kdd).enc, TEST_KEYS.enc)
})

test('PUT KEY: key data of V1 (3DES) and of a static AES key, all lengths', () => {
  const card02 = cardChallengeOf(hex('00001122334455667788FF0200016C7FFC113FB9203CA5736426C83A'))
  assert.ok(card02.protocol === 'SCP02')
  const hostChallenge = hex('0011223344556677')
  const scp02 = new Scp02({ keys: TEST_KEYS, hostChallenge, card: card02, level: 1 })
  const key = (first: number, length: number) => Uint8Array.from({ length }, (_, n) => first + n)
  assert.equal(hexOf(scp02.keyData(key(0x50, 16))), '8010B36A9E822D9E8E068FB952EACA63FA6B')
  assert.equal(hexOf(scp02.keyData(key(0x60, 16))), '8010EB6D212E06825F7F17F4B1429F0805BF')
  const card03 = cardChallengeOf(hex('00001122334455667788FF037086C8BD65FA1044EE707A3FA35DE12B2D000001'))
  assert.ok(card03.protocol === 'SCP03')
  const scp03 = new Scp03({ keys: TEST_KEYS, hostChallenge, card: card03, level: 1 })
  assert.equal(hexOf(scp03.keyData(key(0x50, 16))), '881110C62E5212589B9EAF19AE940D03C3B7C2')
  assert.equal(
    hexOf(scp03.keyData(key(0x40, 32))),
    '882120' + '80D2A5B08FA0EE51143B459E638106DF4BFFBEF74A2AF67B9FA583D2C7E80F7B',
  )
  assert.equal(
    hexOf(scp03.keyData(key(0x40, 24))),
    '882118' + '80D2A5B08FA0EE51143B459E638106DFAA9605CE4F3784D499861D43A5A1855B',
  )
})
