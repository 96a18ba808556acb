import assert from 'node:assert/strict'
import test from 'node:test'
import { hexOf } from '../../src/base/hex.ts'
import { cardChallengeOf } from '../../src/globalplatform/challenge.ts'
import {
  deletion,
  installForInstall,
  installForLoad,
  loadBlockCount,
  loadBlocks,
  putKeys,
  putKeysAnswer,
} from '../../src/globalplatform/content.ts'
import { TEST_KEYS } from '../../src/globalplatform/keys.ts'
import { Scp02 } from '../../src/globalplatform/scp02.ts'
import { Scp03 } from '../../src/globalplatform/scp03.ts'
import { countedBytes, gpError, HOST_CHALLENGE, printed } from '../support/gp-card.ts'
import { hex } from '../support/hex-fields.ts'

const PACKAGE = hex('0102030405')
const MODULE = hex('010203040500')
const DOMAIN = hex('A000000003000000')
const NOTHING = new Uint8Array(0)

function spelt(literal: string): string {
  return hexOf(hex(literal))
}

test('content: INSTALL [for load] as gp.jar sent it (GPJ)', () => {
  assert.equal(printed(installForLoad(PACKAGE, DOMAIN)), '80E602001205010203040508A000000003000000000000')
})

test('content: INSTALL [for load] of the shortest and the longest AIDs', () => {
  assert.equal(printed(installForLoad(PACKAGE, NOTHING)), spelt('80E60200 0A 05 0102030405 00 00 00 00'))
  const longest = countedBytes(0, 16)
  const aid = `10 ${hexOf(longest)}`
  assert.equal(printed(installForLoad(longest, longest)), spelt(`80E60200 25 ${aid} ${aid} 00 00 00`))
})

test('content: INSTALL [for install] with default selection as gp.jar sent it (GPJ)', () => {
  const command = installForInstall({
    ...{ package: PACKAGE, module: MODULE, instance: MODULE },
    privileges: hex('04'),
    parameters: NOTHING,
  })
  assert.equal(printed(command), '80E60C001A0501020304050601020304050006010203040500010402C90000')
})

test('content: INSTALL [for install] with three bytes of privileges, and a name', () => {
  const command = installForInstall({
    ...{ package: PACKAGE, module: MODULE, instance: hex('0102030405 01') },
    privileges: hex('040000'),
    parameters: hex('6B657933'),
  })
  const expected = '05 0102030405 | 06 010203040500 | 06 010203040501 | 03 040000 | 06 C904 6B657933 | 00'
  assert.equal(printed(command), spelt(`80E60C00 20 ${expected}`))
})

test('content: install parameters around the lengths where BER grows', () => {
  const tailOf = (length: number): string => {
    const { data = NOTHING } = installForInstall({
      ...{ package: PACKAGE, module: MODULE, instance: MODULE },
      privileges: hex('00'),
      parameters: new Uint8Array(length).fill(0xaa),
    })
    const tail = data.subarray(6 + 7 + 7 + 2)
    return hexOf(tail).replace(/(AA)+/, '..')
  }
  assert.equal(tailOf(0), '02C90000')
  assert.equal(tailOf(0x7d), '7FC97D..00')
  assert.equal(tailOf(0x7e), '8180C97E..00')
  assert.equal(tailOf(0x7f), '8181C97F..00')
  assert.equal(tailOf(0x80), '8183C98180..00')
  assert.equal(tailOf(0xfc), '81FFC981FC..00')
  assert.equal(tailOf(0xfd), '820100C981FD..00')
})

test('content: DELETE alone, and with what belongs to it (GPJ)', () => {
  assert.equal(printed(deletion(PACKAGE, 'related')), '80E40080074F050102030405')
  assert.equal(printed(deletion(PACKAGE, 'alone')), '80E40000074F050102030405')
  const longest = countedBytes(0, 16)
  assert.equal(printed(deletion(longest, 'alone')), `80E40000124F10${hexOf(longest)}`)
})

/** As long as what tls_se.cap loads, and beginning like it. */
function tlsSe(): Uint8Array {
  const file = Uint8Array.from({ length: 22_343 }, (_, n) => n * 7)
  file.set(hex('01 000F DECAFFED'))
  return file
}

test('content: LOAD of the published tls_se.cap in 91 blocks, as gp.jar sent it (GPJ)', () => {
  const commands = [...loadBlocks(tlsSe(), 247)].map(printed)
  assert.equal(commands.length, 91)
  assert.equal(loadBlockCount(22_343, 247), 91)
  assert.ok(commands[0]?.startsWith(spelt('80E80000 F7 C4825747 01000FDECAFFED')))
  assert.ok(commands[1]?.startsWith('80E80001F7'))
  assert.ok(commands[89]?.startsWith('80E80059F7'))
  assert.ok(commands[90]?.startsWith('80E8805A75'))
  assert.equal(commands[90]?.length, 2 * (5 + 0x75))
})

test('content: blocks of any size make up C4, length and the load file again', () => {
  const file = tlsSe()
  for (const blockBytes of [88, 100, 128, 239, 247, 255, 22_346, 22_347, 30_000]) {
    const commands = [...loadBlocks(file, blockBytes)]
    assert.equal(commands.length, loadBlockCount(file.length, blockBytes))
    const stream = Buffer.concat(commands.map(({ data }) => data ?? NOTHING))
    assert.equal(hexOf(stream), `C4825747${hexOf(file)}`)
    for (const [n, { ins, p1, p2 }] of commands.entries())
      assert.deepEqual([ins, p1, p2], [0xe8, n === commands.length - 1 ? 0x80 : 0, n])
  }
})

test('content: 256 blocks can be numbered, 257 cannot', () => {
  const refused = gpError('gp.request', /are 257 blocks of/)
  // 256 * 247 bytes less C4 and a length of three bytes.
  assert.equal(loadBlockCount(63_228, 247), 256)
  assert.throws(() => loadBlockCount(63_229, 247), refused)
  assert.equal(loadBlockCount(61_180, 239), 256)
  assert.throws(() => loadBlockCount(61_181, 239), refused)
  // 81 and one byte of length.
  assert.equal(loadBlockCount(253, 1), 256)
  assert.throws(() => loadBlockCount(254, 1), refused)
  assert.equal([...loadBlocks(new Uint8Array(253), 1)].at(-1)?.p2, 0xff)
})

test('content: blocks without room for a byte are refused, and not taken for no blocks at all', () => {
  for (const blockBytes of [0, -1, -9, Number.NaN]) {
    assert.throws(() => loadBlockCount(22_343, blockBytes), gpError('gp.request', /no room/))
  }
  assert.equal(loadBlockCount(0, 1), 2)
  assert.equal(loadBlockCount(0, 2), 1)
})

/** The example of PUT KEY: 5051..5F, 6061..6F, 7071..7F. */
const FRESH = { enc: countedBytes(0x50, 16), mac: countedBytes(0x60, 16), dek: countedBytes(0x70, 16) }

test('content: PUT KEY within the SCP02 session of V1, and its answer (GPJ)', () => {
  const card = cardChallengeOf(hex('00001122334455667788FF0200016C7FFC113FB9203CA5736426C83A'))
  assert.ok(card.protocol === 'SCP02')
  const scp02 = new Scp02({ keys: TEST_KEYS, hostChallenge: HOST_CHALLENGE, card, level: 1 })
  const fresh = { keys: FRESH, version: 0x01, replaces: 0, algorithm: '3des' } as const
  assert.equal(
    printed(putKeys(fresh, (key) => scp02.keyData(key))),
    spelt(
      `80D80081 43 01 8010B36A9E822D9E8E068FB952EACA63FA6B03A4B7D6
      8010EB6D212E06825F7F17F4B1429F0805BF039DCB14 801052648D2FBE4DBDB32F07EC6655A8696903E93347`,
    ),
  )
  assert.equal(hexOf(putKeysAnswer(fresh)), '01A4B7D69DCB14E93347')
})

test('content: PUT KEY of AES keys under 404142...4F, and its answer (GPJ)', () => {
  const card = cardChallengeOf(hex('00001122334455667788FF037086C8BD65FA1044EE707A3FA35DE12B2D000001'))
  assert.ok(card.protocol === 'SCP03')
  const scp03 = new Scp03({ keys: TEST_KEYS, hostChallenge: HOST_CHALLENGE, card, level: 1 })
  const fresh = { keys: FRESH, version: 0x30, replaces: 0, algorithm: 'aes' } as const
  assert.equal(
    printed(putKeys(fresh, (key) => scp03.keyData(key))),
    spelt(
      `80D80081 46 30 881110C62E5212589B9EAF19AE940D03C3B7C203F2A8DF
      881110C814E3458598910A3366E9C7BAEEFA9B03D7D0E4 88111079F5ECFF0CE8E1A75D3B57985CC4209903DCC3AC`,
    ),
  )
  assert.equal(hexOf(putKeysAnswer(fresh)), '30F2A8DFD7D0E4DCC3AC')
})

test('content: PUT KEY names the version that the new set takes the place of', () => {
  const fresh = { keys: FRESH, version: 0x31, replaces: 0x30, algorithm: 'aes' } as const
  const { p1, p2, data } = putKeys(fresh, () => hex('88 01 00'))
  assert.deepEqual([p1, p2, data?.[0]], [0x30, 0x81, 0x31])
})
