import assert from 'node:assert/strict'
import test from 'node:test'
import { hexOf } from '../../src/base/hex.ts'
import { loadPackage } from '../../src/globalplatform/operations.ts'
import { cardLine, gpError, openOn } from '../support/gp-card.ts'
import { hex } from '../support/hex-fields.ts'

const DOMAIN = hex('A000000151000000')

test('session: a package is not loaded in no blocks at all by an element that takes 8 bytes', async () => {
  for (const [level, maxCommandBytes] of [
    [0x01, 5],
    [0x01, 8],
    [0x33, 8],
  ] as const) {
    const line = cardLine({ scp: 'scp03' })
    const session = await openOn(line, { level, maxCommandBytes })
    const loading = { package: hex('0102030405'), domain: DOMAIN, loadFileData: new Uint8Array(100) }
    line.sent.length = 0
    await assert.rejects(loadPackage(session, loading), gpError('gp.request'))
    assert.equal(line.sent.length, 0)
    assert.equal((await session.send({ ins: 0xca, p1: 0x00, p2: 0x42 })).sw, 0x9000)
  }
})

const SIZES = [
  // protocol, level, longest command, most data bytes: MAC 8; with encryption whole blocks less one of padding.
  ['scp02', 0x00, 255, 247],
  ['scp02', 0x01, 255, 247],
  ['scp02', 0x03, 255, 239],
  ['scp03', 0x01, 255, 247],
  ['scp03', 0x03, 255, 239],
  ['scp03', 0x33, 255, 239],
  ['scp03', 0x01, 128, 120],
  ['scp03', 0x33, 128, 111],
  ['scp02', 0x03, 128, 119],
] as const

for (const [scp, level, maxCommandBytes, most] of SIZES) {
  test(`session: ${scp} at level ${hexOf(Uint8Array.of(level))}, commands of ${maxCommandBytes} bytes: data of ${most} and no more`, async () => {
    const line = cardLine({ scp })
    const session = await openOn(line, { level, maxCommandBytes })
    assert.equal(session.maxDataBytes, most)
    line.sent.length = 0
    const command = (length: number) => ({ ins: 0xf2, p1: 0x80, p2: 0x02, data: statusData(length) })
    await assert.rejects(session.send(command(most + 1)), gpError('gp.request', /room for/))
    assert.equal(line.sent.length, 0, 'nothing was sent')
    // The session goes on, and MAC and counter are those that the card expects.
    for (const length of [most, most - 1, 1 + 1])
      assert.equal((await session.send(command(length))).sw, 0x9000)
    for (const sent of line.sent) assert.ok(sent.length <= 2 * (5 + maxCommandBytes + 1))
  })
}

/** `4F 00` and after it an object that fills up to `length`, which the card does not look at. */
function statusData(length: number): Uint8Array {
  const data = new Uint8Array(length)
  data[0] = 0x4f
  if (length > 2) data.set(length - 5 < 0x80 ? [0x5c, length - 4] : [0x5c, 0x81, length - 5], 2)
  return data
}
