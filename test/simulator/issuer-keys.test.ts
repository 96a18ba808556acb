// PUT KEY on the simulated card (GlobalPlatform Card Specification 2.3.1, 11.8, and Amendment D 1.1.1, 7.2).

import assert from 'node:assert/strict'
import test from 'node:test'
import { hexOf } from '../../src/base/hex.ts'
import { checkValueOf, type KeySet, setOf, TEST_KEYS } from '../../src/globalplatform/keys.ts'
import { hex } from '../support/hex-fields.ts'
import { IssuerBench, lv } from '../support/issuer-bench.ts'

const FRESH: KeySet = {
  enc: hex('505152535455565758595A5B5C5D5E5F'),
  mac: hex('606162636465666768696A6B6C6D6E6F'),
  dek: hex('707172737475767778797A7B7C7D7E7F'),
}
/** FRESH under the static DEK 4041..4F, each with its check value: produced by the published gp.jar. */
const ENC = '8811 10 C62E5212589B9EAF19AE940D03C3B7C2 03 F2A8DF'
const MAC = '8811 10 C814E3458598910A3366E9C7BAEEFA9B 03 D7D0E4'
const DEK = '8811 10 79F5ECFF0CE8E1A75D3B57985CC42099 03 DCC3AC'
const FRESH_ANSWER = 'F2A8DF D7D0E4 DCC3AC 9000'
const KEYS_IN = 'CA 00 E0'
const byte = (n: number) => hexOf(Uint8Array.of(n))
/** KID 1 to 3 of these versions. */
const listed = (type: '8010' | '8810' | '8820', ...versions: string[]) => {
  const content = versions.flatMap((version) => ['01', '02', '03'].map((id) => `C004${id}${version}${type}`))
  return `E0 ${lv(content.join(''))} 9000`
}

/** PUT KEY with keys as the session encrypts them. */
function putting(bench: IssuerBench, { enc, mac, dek }: KeySet, version: number, replaces = 0): string {
  const fields = [enc, mac, dek].map(
    (key) => hexOf(bench.session.keyData(key)) + lv(hexOf(checkValueOf(key, bench.session.algorithm))),
  )
  return `D8 ${byte(replaces)} 81 | ${byte(version)} ${fields.join(' ')}`
}

test('issuer keys: a new set takes the place of that of the factory, and opens the next session', async () => {
  for (const protocol of ['t1', 't0'] as const) {
    const bench = await IssuerBench.open({ protocol })
    await bench.check([
      [`D8 00 81 | 30 ${ENC} ${MAC} ${DEK}`, `30 ${FRESH_ANSWER}`],
      [KEYS_IN, listed('8810', '30')],
      ['CA 00 C1', 'C103000000 9000'],
    ])
    await assert.rejects(bench.open({ keyVersion: 0xff }), /INITIALIZE UPDATE: 6A88/)
    await assert.rejects(bench.open(), /does not have these keys/)
    await bench.open({ keys: FRESH, keyVersion: 0x30 })
    assert.equal(bench.session.card.keyVersion, 0x30)
    await bench.open({ keys: FRESH })
    // With the new set, its own DEK encrypts.
    await bench.check([[putting(bench, TEST_KEYS, 0x31), '31 504A77 504A77 504A77 9000']])
  }
})

test('issuer keys: SCP02 encrypts keys of 3DES for the session', async () => {
  const bench = await IssuerBench.open({ issuer: { scp: 'scp02' } }, { level: 0x01 })
  const enc = '8010 B36A9E822D9E8E068FB952EACA63FA6B 03 A4B7D6'
  const mac = '8010 EB6D212E06825F7F17F4B1429F0805BF 03 9DCB14'
  const dek = '8010 52648D2FBE4DBDB32F07EC6655A86969 03 E93347'
  await bench.check([
    [`D8 00 81 | 01 ${enc} ${mac} ${dek}`, '01 A4B7D6 9DCB14 E93347 9000'],
    [KEYS_IN, listed('8010', '01')],
    ['CA 00 C1', 'C1020001 9000'],
  ])
  await bench.open({ keys: FRESH, keyVersion: 0x01 })
})

test('issuer keys: of several sets the newest is the one that a host gets who does not ask', async () => {
  const bench = await IssuerBench.open()
  await bench.check([
    [putting(bench, FRESH, 0x30), `30 ${FRESH_ANSWER}`],
    [putting(bench, TEST_KEYS, 0x20), '20 504A77504A77504A77 9000'],
    [KEYS_IN, listed('8810', '30', '20')],
  ])
  await bench.open()
  assert.equal(bench.session.card.keyVersion, 0x20)
  await bench.open({ keys: FRESH, keyVersion: 0x30 })
})

test('issuer keys: a set is replaced, with its version or another, and its counter starts anew', async () => {
  const bench = await IssuerBench.open({ issuer: { keyVersion: 0x30, counter: 7 } })
  await bench.check([
    [putting(bench, FRESH, 0x30, 0x30), `30 ${FRESH_ANSWER}`],
    [KEYS_IN, listed('8810', '30')],
    ['CA 00 C1', 'C103000000 9000'],
  ])
  await bench.open({ keys: FRESH })
  await bench.check([
    [putting(bench, TEST_KEYS, 0x31, 0x30), '31 504A77504A77504A77 9000'],
    [KEYS_IN, listed('8810', '31')],
  ])
  await assert.rejects(bench.open({ keyVersion: 0x30 }), /6A88/)
})

test('issuer keys: a session goes on with the keys it was opened with', async () => {
  const bench = await IssuerBench.open()
  const again = putting(bench, TEST_KEYS, 0x31)
  await bench.check([
    [putting(bench, FRESH, 0x30), `30 ${FRESH_ANSWER}`],
    [again, '31 504A77504A77504A77 9000'],
  ])
})

test('issuer keys: a check value that is not that of the key is 6982, and nothing has changed', async () => {
  for (const wrong of [
    [ENC.replace('F2A8DF', 'F2A8DE'), MAC, DEK],
    [ENC, MAC.replace('D7', '57'), DEK],
    [ENC, MAC, DEK.replace('79F5', '79F4')],
    [MAC.replace('D7D0E4', 'F2A8DF'), MAC, DEK],
  ]) {
    const bench = await IssuerBench.open()
    assert.equal(await bench.wrapped(`D8 00 81 | 30 ${wrong.join(' ')}`), '6982')
    await bench.open()
    await bench.check([[KEYS_IN, listed('8810', 'FF')]])
  }
})

test('issuer keys: what is no whole set, or has another form, is refused', async () => {
  const bench = await IssuerBench.open()
  const refused: [command: string, sw: string][] = [
    [`D8 00 81 | 00 ${ENC} ${MAC} ${DEK}`, '6A80'],
    [`D8 00 81 | 80 ${ENC} ${MAC} ${DEK}`, '6A80'],
    [`D8 00 81 | FF ${ENC} ${MAC} ${DEK}`, '6A80'],
    [`D8 00 81 | 30 ${ENC} ${MAC}`, '6A80'],
    [`D8 00 81 | 30 ${ENC} ${MAC} ${DEK} 00`, '6A80'],
    [`D8 00 01 | 30 ${ENC} ${MAC} ${DEK}`, '6A86'],
    [`D8 00 82 | 30 ${ENC} ${MAC} ${DEK}`, '6A86'],
    [`D8 80 81 | 30 ${ENC} ${MAC} ${DEK}`, '6A86'],
    [`D8 FF 81 | 30 ${ENC} ${MAC} ${DEK}`, '6A86'],
    [`D8 30 81 | 30 ${ENC} ${MAC} ${DEK}`, '6A88'],
    [`D8 00 81 | 30 ${ENC} ${MAC} ${DEK.replace('8811', '8011')}`, '6A80'],
    [`D8 00 81 | 30 ${ENC} ${MAC} 80 10 79F5ECFF0CE8E1A75D3B57985CC42099 03 DCC3AC`, '6A80'],
    [`D8 00 81 | 30 ${ENC} ${MAC} 88 00 03 DCC3AC`, '6A80'],
    [`D8 00 81 | 30 ${ENC} ${MAC} 88 01 10 03 DCC3AC`, '6A80'],
    [`D8 00 81 | 30 ${ENC} ${MAC} 88 0F 79F5ECFF0CE8E1A75D3B57985CC420 03 DCC3AC`, '6A80'],
    [`D8 00 81 | 30 ${ENC} ${MAC} ${DEK.replace('8811 10', '8811 0F')}`, '6A80'],
    [`D8 00 81 | 30 ${ENC} ${MAC} ${DEK.replace('8811 10', '8811 20')}`, '6A80'],
  ]
  for (const [command, sw] of refused) await bench.check([[command, sw]])
  await bench.check([[KEYS_IN, listed('8810', 'FF')]])
})

test('issuer keys: cut short anywhere PUT KEY is 6A80', async () => {
  const bench = await IssuerBench.open()
  const whole = hex(`D8 00 81 | 30 ${ENC} ${MAC} ${DEK}`)
  for (let length = 3; length < whole.length; length++)
    await bench.check([[hexOf(whole.subarray(0, length)), '6A80']])
  await bench.check([[KEYS_IN, listed('8810', 'FF')]])
})

test('issuer keys: a version in use is 6A80 unless it is the one that is replaced', async () => {
  const bench = await IssuerBench.open({ issuer: { keyVersion: 0x20 } })
  await bench.check([
    [putting(bench, FRESH, 0x20), '6A80'],
    [putting(bench, FRESH, 0x30), `30 ${FRESH_ANSWER}`],
    [putting(bench, FRESH, 0x20, 0x30), '6A80'],
    [putting(bench, FRESH, 0x20, 0x20), `20 ${FRESH_ANSWER}`],
  ])
})

const AES256 = '20 80D2A5B08FA0EE51143B459E638106DF4BFFBEF74A2AF67B9FA583D2C7E80F7B'
const AES192 = '18 80D2A5B08FA0EE51143B459E638106DFAA9605CE4F3784D499861D43A5A1855B'
const KEY256 = hex('404142434445464748494A4B4C4D4E4F505152535455565758595A5B5C5D5E5F')

test('issuer keys: keys of 24 and 32 bytes are taken in blocks, and open a session', async () => {
  for (const [body, checkValue, key] of [
    [AES256, 'ECDCD8', KEY256],
    [AES192, 'FFCD73', KEY256.subarray(0, 24)],
  ] as const) {
    const bench = await IssuerBench.open()
    const field = `88 ${lv(body)} 03 ${checkValue}`
    await bench.check([[`D8 00 81 | 30 ${field} ${field} ${field}`, `30 ${checkValue.repeat(3)} 9000`]])
    await bench.open({ keys: setOf(key) })
  }
})

test('issuer keys: without the byte of the key length, 16 and 32 bytes are what they are', async () => {
  const short = (field: string) => field.replace('8811 10', '8810')
  const bench = await IssuerBench.open()
  await bench.check([[`D8 00 81 | 30 ${short(ENC)} ${MAC} ${short(DEK)}`, `30 ${FRESH_ANSWER}`]])
  await bench.open({ keys: FRESH })
  const other = await IssuerBench.open()
  const field = `88 ${lv(AES256.slice(3))} 03 ECDCD8`
  await other.check([
    [`D8 00 81 | 30 ${field} ${field} ${field}`, '30 ECDCD8ECDCD8ECDCD8 9000'],
    [KEYS_IN, listed('8820', '30')],
  ])
  await other.open({ keys: setOf(KEY256) })
})

test('issuer keys: a key length that does not go with the blocks behind it is 6A80', async () => {
  const bench = await IssuerBench.open()
  for (const length of ['00', '10', '11', '17', '19', '21', '30']) {
    // The check value of the first 16 bytes, which a length of 10 would mean.
    const field = `88 21 ${length} ${AES256.slice(3)} 03 504A77`
    await bench.check([[`D8 00 81 | 30 ${field} ${field} ${field}`, '6A80']])
  }
})

test('issuer keys: neither the kind nor the length of a set can change, nor differ within it', async () => {
  const bench = await IssuerBench.open({ issuer: { keyVersion: 0x30 } })
  const long = `88 ${lv(AES256)} 03 ECDCD8`
  await bench.check([
    [`D8 30 81 | 30 ${long} ${long} ${long}`, '6A80'],
    [`D8 30 81 | 31 ${long} ${long} ${long}`, '6A80'],
    [`D8 00 81 | 31 ${ENC} ${long} ${DEK}`, '6A80'],
    [KEYS_IN, listed('8810', '30')],
    [`D8 00 81 | 31 ${long} ${long} ${long}`, '31 ECDCD8ECDCD8ECDCD8 9000'],
  ])
})

test('issuer keys: there is room for as many sets as one answer can list', async () => {
  const bench = await IssuerBench.open({}, { level: 0x33 })
  for (let version = 1; version <= 13; version++)
    assert.match(await bench.wrapped(putting(bench, FRESH, version)), /9000$/)
  await bench.check([
    [putting(bench, FRESH, 14), '6A84'],
    [putting(bench, FRESH, 14, 13), `0E ${FRESH_ANSWER}`],
  ])
  const versions = [...Array.from({ length: 12 }, (_, n) => n + 1), 14].map(byte)
  const value = versions
    .flatMap((version) => ['01', '02', '03'].map((id) => `C004${id}${version}8810`))
    .join('')
  await bench.check([[KEYS_IN, `E0 81 EA ${value} 9000`]])
  assert.ok(bench.received.length / 2 <= 256 + 2)
  bench.plain(bench.select)
  assert.equal(bench.plain('80 CA 00 E0 00'), `E081EA${value}9000`)
  assert.equal(bench.plain('00 CA 00 E0 00'), `${value}9000`)
})
