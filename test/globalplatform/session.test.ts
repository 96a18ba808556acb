import assert from 'node:assert/strict'
import test from 'node:test'
import { hexOf } from '../../src/base/hex.ts'
import { diversified, type KeySet, setOf } from '../../src/globalplatform/keys.ts'
import { loadPackage } from '../../src/globalplatform/operations.ts'
import type { SecurityLevel } from '../../src/globalplatform/protection.ts'
import { readRegistry } from '../../src/globalplatform/registry.ts'
import type { SecureSession } from '../../src/globalplatform/session.ts'
import { cardLine, countedBytes, gpError, openOn, refusal } from '../support/gp-card.ts'
import { hex } from '../support/hex-fields.ts'

/** A command without data, one with, one that is refused, and the first again: counters and chaining must agree. */
async function exercise(session: SecureSession): Promise<void> {
  const iin = await session.send({ ins: 0xca, p1: 0x00, p2: 0x42 })
  assert.deepEqual([hexOf(iin.data), iin.sw], ['4203000011', 0x9000])
  assert.deepEqual(
    (await readRegistry(session, 'domain'))?.map(({ aid, privileges }) => [aid, hexOf(privileges)]),
    [['A000000151000000', '9EFE80']],
  )
  assert.equal((await session.send({ ins: 0xe4, p1: 0, p2: 0, data: hex('4F050102030405') })).sw, 0x6a88)
  assert.deepEqual(await readRegistry(session, 'applications'), [])
  assert.deepEqual(await session.send({ ins: 0xca, p1: 0x00, p2: 0x42 }), iin)
}

const LENGTHS = { scp02: [16], scp03: [16, 24, 32] } as const
const LEVELS = {
  scp02: { 0x15: [0x00, 0x01, 0x03], 0x55: [0x00, 0x01, 0x03] },
  scp03: {
    0x00: [0x00, 0x01, 0x03],
    0x10: [0x00, 0x01, 0x03],
    0x20: [0x00, 0x01, 0x03, 0x11, 0x13],
    0x30: [0x00, 0x01, 0x03, 0x11, 0x13],
    0x60: [0x00, 0x01, 0x03, 0x11, 0x13, 0x33],
    0x70: [0x00, 0x01, 0x03, 0x11, 0x13, 0x33],
  },
} as const
const ALL_LEVELS: readonly SecurityLevel[] = [0x00, 0x01, 0x03, 0x11, 0x13, 0x33]

for (const protocol of ['t0', 't1'] as const) {
  for (const scp of ['scp02', 'scp03'] as const) {
    for (const [option, levels] of Object.entries(LEVELS[scp])) {
      const i = Number(option)
      const name = `${scp} i=${i.toString(16).padStart(2, '0')} over ${protocol}`
      test(`session: ${name}, every level with keys of every length`, async () => {
        for (const length of LENGTHS[scp]) {
          const keys: KeySet = {
            ...{ enc: countedBytes(0x10, length), mac: countedBytes(0x50, length) },
            dek: countedBytes(0x90, length),
          }
          for (const level of levels) {
            const line = cardLine({ scp, i, keys, keyVersion: 0x21 }, { protocol })
            const session = await openOn(line, { keys, level, keyVersion: 0x21 })
            assert.deepEqual([session.protocol, session.level], [scp.toUpperCase(), level])
            await exercise(session)
          }
        }
      })

      test(`session: ${name}, the best level, and none beyond it`, async () => {
        const session = await openOn(cardLine({ scp, i }, { protocol }))
        assert.equal(session.level, levels.at(-1))
        await exercise(session)
        for (const level of ALL_LEVELS.filter((each) => !levels.some((offered) => offered === each))) {
          const line = cardLine({ scp, i, maxTries: 2 }, { protocol })
          await assert.rejects(openOn(line, { level }), gpError('gp.unsupported', /level/))
          assert.ok(!line.sent.some((sent) => sent.startsWith('8482')))
        }
      })
    }
  }
}

test('session: SCP02 is not used unless it was allowed', async () => {
  const line = cardLine({ scp: 'scp02' })
  await assert.rejects(openOn(line, { allows: 'SCP03' }), gpError('gp.unsupported', /not allowed/))
  assert.deepEqual(line.sent, ['8050000008001122334455667700'])
  assert.equal((await openOn(cardLine({ scp: 'scp03' }), { allows: 'SCP03' })).algorithm, 'aes')
})

test('session: keys that the protocol has no use for are not tried', async () => {
  for (const [scp, keys] of [
    ['scp02', setOf(countedBytes(1, 24))],
    ['scp03', setOf(countedBytes(1, 20))],
    ['scp03', { ...setOf(countedBytes(1, 32)), dek: countedBytes(1, 16) }],
  ] as const) {
    const line = cardLine({ scp })
    await assert.rejects(openOn(line, { keys }), gpError('gp.request', /same length/))
    assert.equal(line.sent.length, 1)
  }
})

test('session: master keys of AES with a diversification of 3DES are not tried', async () => {
  const line = cardLine({ scp: 'scp03', keys: setOf(countedBytes(1, 32)) })
  const keys = setOf(countedBytes(1, 32))
  await assert.rejects(openOn(line, { keys, diversification: 'visa2' }), gpError('gp.unsupported'))
  assert.equal(line.sent.length, 1)
})

test('session: keys that are diversified, by each method', async () => {
  const kdd = hex('00010203040506070809')
  const master = setOf(countedBytes(0x40, 16))
  for (const [scp, diversification] of [
    ['scp02', 'visa2'],
    ['scp02', 'emv'],
    ['scp03', 'kdf3'],
  ] as const) {
    const issuer = { scp, kdd, keys: diversified(master, diversification, kdd) }
    const session = await openOn(cardLine(issuer), { keys: master, diversification })
    assert.equal((await readRegistry(session, 'domain'))?.length, 1)
    await assert.rejects(openOn(cardLine(issuer), { keys: master }), gpError('gp.wrong-keys'))
  }
})

test('session: the key version that was asked for, and none that the element does not have', async () => {
  const line = cardLine({ scp: 'scp03', keyVersion: 0x30 })
  assert.equal((await openOn(line, { keyVersion: 0 })).card.keyVersion, 0x30)
  assert.equal((await openOn(line, { keyVersion: 0x30 })).card.keyVersion, 0x30)
  assert.ok(line.sent.includes('8050300008001122334455667700'))
  line.sent.length = 0
  await assert.rejects(openOn(line, { keyVersion: 0x31 }), refusal('INITIALIZE UPDATE', 0x6a88))
  assert.deepEqual(line.sent, ['8050310008001122334455667700'])
})

test('session: counters at their end are refused by the element (6985)', async () => {
  for (const [scp, last] of [
    ['scp02', 0xffff],
    ['scp03', 0xffffff],
  ] as const) {
    await openOn(cardLine({ scp, counter: last - 1 }))
    await assert.rejects(openOn(cardLine({ scp, counter: last })), refusal('INITIALIZE UPDATE', 0x6985))
  }
})

for (const level of [0x03, 0x13, 0x33] as const) {
  for (const counts of ['all', 'with data'] as const) {
    const name = `at level ${hexOf(Uint8Array.of(level))}, an element that counts ${counts}`
    test(`session: ${name}, needs a host that counts the same`, async () => {
      await exercise(await openOn(cardLine({ scp: 'scp03', counts }), { level, counting: counts }))
    })

    test(`session: ${name}, has no use for a host that counts otherwise`, async () => {
      const counting = counts === 'all' ? 'with data' : 'all'
      const session = await openOn(cardLine({ scp: 'scp03', counts }), { level, counting })
      await assert.rejects(exercise(session))
      await assert.rejects(readRegistry(session, 'domain'), gpError('gp.session-over'))
    })
  }
}

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
