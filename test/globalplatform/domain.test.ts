import assert from 'node:assert/strict'
import test from 'node:test'
import { hexOf } from '../../src/base/hex.ts'
import { selectDomain } from '../../src/globalplatform/domain.ts'
import { cardLine, elementWith, lineTo, refusal } from '../support/gp-card.ts'
import { hex } from '../support/hex-fields.ts'

/** NXP J3R180 (ISS GlobalPlatformPro#383). */
const FCI = '6F10 8408A000000151000000 A5049F6501FF'
const BY_NAME = [
  '00A4040008A00000015100000000',
  '00A4040008A00000000300000000',
  '00A4040007A000000151000000',
  '00A4040008A000000018434D0000',
]
const BY_DEFAULT = '00A4040000'
const FIRST = BY_NAME[0] ?? ''

/** The file control information of a domain that says this of its longest command. */
function fciWith(limit: string): string {
  const value = hexOf(hex(limit))
  const length = (bytes: number) => bytes.toString(16).padStart(2, '0')
  const size = value.length / 2
  return `6F ${length(15 + size)} 8408A000000151000000 A5 ${length(3 + size)} 9F65 ${length(size)} ${value}`
}

async function limitOf(limit: string): Promise<number> {
  const { transmit } = elementWith({ [FIRST]: `${fciWith(limit)} 9000` })
  return (await selectDomain(transmit)).maxCommandBytes
}

test('domain: a J3R180 is found by the first of the usual names (ISS GlobalPlatformPro#383)', async () => {
  const line = elementWith({ [FIRST]: `${FCI} 9000` })
  const domain = await selectDomain(line.transmit)
  assert.equal(hexOf(domain.aid), 'A000000151000000')
  assert.deepEqual([domain.maxCommandBytes, domain.isLocked], [255, false])
  assert.deepEqual(line.sent, [FIRST])
})

test('domain: the usual names one after the other, at last the one selected by default', async () => {
  const line = elementWith({ [BY_DEFAULT]: '6F0E 8406A00000000401 A5049F6501FF 9000' }, '6A82')
  assert.equal(hexOf((await selectDomain(line.transmit)).aid), 'A00000000401')
  assert.deepEqual(line.sent, [...BY_NAME, BY_DEFAULT])
})

test('domain: an application for payments that is selected by default is none', async () => {
  // EMV book 1, 11.3.4: name, language and label within A5.
  const line = elementWith(
    { [BY_DEFAULT]: '6F1A 8407A0000000031010 A50F 50045649534187019F5F2D02656E 9000' },
    '6A82',
  )
  await assert.rejects(selectDomain(line.transmit), refusal('SELECT', undefined))
})

test('domain: each of the usual names is enough', async () => {
  for (const [n, asked] of BY_NAME.entries()) {
    const aid = asked.slice(10, -2)
    const length = (aid.length / 2).toString(16).padStart(2, '0')
    const total = (aid.length / 2 + 8).toString(16).padStart(2, '0')
    const line = elementWith({ [asked]: `6F ${total} 84 ${length} ${aid} A5049F6501FF 9000` }, '6A82')
    assert.equal(hexOf((await selectDomain(line.transmit)).aid), aid)
    assert.deepEqual(line.sent, BY_NAME.slice(0, n + 1))
  }
})

test('domain: a name that was given is the only one that is tried', async () => {
  const asked = '00A4040006F0010203040500'
  const line = elementWith({ [asked]: '6F10 8408F001020304050607 A5049F6501FF 9000' }, '6A82')
  assert.equal(hexOf((await selectDomain(line.transmit, hex('F00102030405'))).aid), 'F001020304050607')
  assert.deepEqual(line.sent, [asked])
  const none = elementWith({}, '6A82')
  await assert.rejects(selectDomain(none.transmit, hex('F00102030405')), {
    ...refusal('SELECT', undefined),
    message: 'no security domain answers to F00102030405',
  })
  assert.equal(none.sent.length, 1)
})

test('domain: there is none, whatever the status words are', async () => {
  for (const sw of ['6A82', '6A81', '6999', '6D00', '6700', '6283']) {
    const line = elementWith({}, sw)
    await assert.rejects(selectDomain(line.transmit), refusal('SELECT', undefined))
    assert.deepEqual(line.sent, [...BY_NAME, BY_DEFAULT])
  }
})

test('domain: 6283 with file control information is a card that is locked', async () => {
  const { transmit } = elementWith({ [FIRST]: `${FCI} 6283` })
  assert.equal((await selectDomain(transmit)).isLocked, true)
})

test('domain: file control information with another status word is not taken', async () => {
  for (const sw of ['6A82', '6282', '6284', '6310', '9100']) {
    await assert.rejects(selectDomain(elementWith({}, `${FCI} ${sw}`).transmit), refusal('SELECT', undefined))
  }
})

for (const [what, answer] of [
  ['nothing', ''],
  ['its name', '6B6579322E636F6D'],
  ['an empty template', '6F00'],
  ['an AID without more', '6F0A 8408A000000151000000'],
  ['more without an AID', '6F06 A5049F6501FF'],
  ['no template', '8408A000000151000000 A5049F6501FF'],
  ['bytes that are no TLV', '6F10 8408A000'],
  ['a limit that is no TLV', '6F10 8408A000000151000000 A5049F6502FF'],
  ['another AID', '6F10 8408A000000152000000 A5049F6501FF'],
  ['an AID that is shorter than asked for', '6F0D 8405A000000151 A5049F6501FF'],
] as const) {
  test(`domain: an application that answers 9000 and ${what} to every name is none`, async () => {
    const asked = hex('A000000151000000')
    const line = elementWith({}, `${answer} 9000`)
    await assert.rejects(selectDomain(line.transmit, asked), refusal('SELECT', undefined))
    assert.equal(line.sent.length, 1)
  })
}

test('domain: no beginning of the file control information is enough', async () => {
  const whole = hex(FCI)
  for (let length = 0; length < whole.length; length++) {
    const { transmit } = elementWith({}, `${hexOf(whole.subarray(0, length))} 9000`)
    await assert.rejects(selectDomain(transmit), refusal('SELECT', undefined))
  }
})

test('domain: the longest command is what the element says, 255 at most', async () => {
  assert.equal(await limitOf('80'), 128)
  assert.equal(await limitOf('FE'), 254)
  assert.equal(await limitOf('FF'), 255)
  assert.equal(await limitOf('00FF'), 255)
  assert.equal(await limitOf('00FA'), 250)
  assert.equal(await limitOf('0100'), 255)
  assert.equal(await limitOf('0800'), 255)
})

test('domain: a limit of four bytes and more is not taken for a negative number', async () => {
  assert.equal(await limitOf('FFFFFFFF'), 255)
  assert.equal(await limitOf('80000000'), 255)
  assert.equal(await limitOf('000000FA'), 250)
  assert.equal(await limitOf('01000000FA'), 255)
})

test('domain: an element that says no limit, or 0, has 255', async () => {
  assert.equal(await limitOf('00'), 255)
  assert.equal(await limitOf('0000'), 255)
  assert.equal(await limitOf(''), 255)
  const { transmit } = elementWith({ [FIRST]: '6F0C 8408A000000151000000 A500 9000' })
  assert.equal((await selectDomain(transmit)).maxCommandBytes, 255)
})

test('domain: a card with more in its file control information', async () => {
  const { transmit } = elementWith({
    [FIRST]: '6F1B 8408A000000151000000 A50F 7303060101 9F6E02 0102 9F6502 00FA 9000',
  })
  assert.equal((await selectDomain(transmit)).maxCommandBytes, 250)
})

test('domain: the AID is not a view of the answer', async () => {
  const answer = hex(`${FCI} 9000`)
  const domain = await selectDomain(() => Promise.resolve(answer))
  answer.fill(0)
  assert.equal(hexOf(domain.aid), 'A000000151000000')
})

test('domain: what transmit throws comes through at the first name', async () => {
  const gone = new Error('the reader is gone')
  const line = lineTo(() => {
    throw gone
  })
  await assert.rejects(selectDomain(line.transmit), gone)
  assert.equal(line.sent.length, 1)
})

for (const protocol of ['t0', 't1'] as const) {
  test(`domain: of the simulated card over ${protocol}, by any of its names`, async () => {
    for (const digits of ['A000000151000000', 'A000000003000000', 'F001020304']) {
      const aid = hex(digits)
      const line = cardLine({ scp: 'scp03', aid }, { protocol })
      const found = await selectDomain(line.transmit)
      assert.deepEqual(found, { aid, maxCommandBytes: 255, isLocked: false })
      assert.deepEqual((await selectDomain(line.transmit, aid.subarray(0, 5))).aid, aid)
    }
  })

  test(`domain: behind an application that is selected by default, over ${protocol}`, async () => {
    const line = cardLine({ scp: 'scp03' }, { protocol, applet: 'keystore' })
    assert.equal(hexOf((await selectDomain(line.transmit)).aid), 'A000000151000000')
    const odd = cardLine({ scp: 'scp03', aid: hex('F001020304') }, { protocol, applet: 'keystore' })
    await assert.rejects(selectDomain(odd.transmit), refusal('SELECT', undefined))
    assert.equal(hexOf((await selectDomain(odd.transmit, hex('F001020304'))).aid), 'F001020304')
  })
}
