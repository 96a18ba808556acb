import assert from 'node:assert/strict'
import test from 'node:test'
import { parseAtr, senOf } from '../../src/apdu/atr.ts'
import { hexOf } from '../../src/base/hex.ts'
import { readCap } from '../../src/globalplatform/cap/cap.ts'
import { demoCap } from '../../src/globalplatform/cap/demo.ts'
import { selectDomain } from '../../src/globalplatform/domain.ts'
import type { KeySet } from '../../src/globalplatform/keys.ts'
import { install, loadPackage, planOf, remove, replaceKeys } from '../../src/globalplatform/operations.ts'
import { isDefaultSelected, readRegistry } from '../../src/globalplatform/registry.ts'
import type { SecureSession } from '../../src/globalplatform/session.ts'
import type { Card } from '../../src/simulator/card.ts'
import {
  type CardLine,
  cardLine,
  countedBytes,
  elementSaying,
  gpError,
  openOn,
  refusal,
} from '../support/gp-card.ts'
import { hex } from '../support/hex-fields.ts'

const DOMAIN = hex('A000000151000000')
const PACKAGE = hex('0102030405')
const MODULE = hex('010203040500')
const { loadFileData } = await readCap(await demoCap())
const LOADING = { package: PACKAGE, domain: DOMAIN, loadFileData }
const DEFAULT_INSTANCE = {
  ...{ package: PACKAGE, module: MODULE, instance: MODULE },
  privileges: hex('04'),
  parameters: Buffer.from('key9.com'),
}

function shownBy(card: Card): string {
  return Buffer.from(senOf(parseAtr(card.reset()))).toString('latin1')
}

async function again(line: CardLine): Promise<SecureSession> {
  await selectDomain(line.transmit)
  return openOn(line)
}

async function listed(session: SecureSession) {
  const packages = (await readRegistry(session, 'packagesWithModules')) ?? []
  const applications = (await readRegistry(session, 'applications')) ?? []
  return { packages, applications }
}

const KINDS = [
  ['scp02', 't0'],
  ['scp02', 't1'],
  ['scp03', 't0'],
  ['scp03', 't1'],
] as const

for (const [scp, protocol] of KINDS) {
  test(`operations: the life of the demo package, ${scp} over ${protocol}`, async () => {
    const line = cardLine({ scp }, { protocol })
    const session = await again(line)
    const progress: string[] = []
    await loadPackage(session, {
      ...{ ...LOADING, blockBytes: 64 },
      onProgress: (done, total) => progress.push(`${done}/${total}`),
    })
    assert.deepEqual(progress, ['1/3', '2/3', '3/3'])
    const loaded = await listed(session)
    assert.deepEqual(
      loaded.packages.map(({ aid, modules, version, domain }) => [aid, modules, version, domain]),
      [['0102030405', ['010203040500'], '1.0', 'A000000151000000']],
    )
    assert.deepEqual(loaded.applications, [])

    await install(session, DEFAULT_INSTANCE)
    const [application] = (await listed(session)).applications
    assert.equal(application?.aid, '010203040500')
    assert.deepEqual([application.package, application.state], ['0102030405', 7])
    assert.ok(isDefaultSelected(application))

    // The name is set when the application is selected for the first time, which is after the ATR.
    assert.notEqual(shownBy(line.card), 'key9.com')
    assert.equal(shownBy(line.card), 'key9.com')

    const later = await again(line)
    await assert.rejects(remove(later, PACKAGE, 'alone'), refusal('DELETE', 0x6985))
    await remove(later, MODULE, 'alone')
    assert.deepEqual((await listed(later)).applications, [])
    await install(later, { ...DEFAULT_INSTANCE, privileges: hex('000000') })
    await remove(later, PACKAGE, 'related')
    assert.deepEqual(await listed(later), { packages: [], applications: [] })
    await assert.rejects(remove(later, PACKAGE, 'related'), refusal('DELETE', 0x6a88))
    assert.notEqual(shownBy(line.card), 'key9.com')
  })
}

test('operations: a block size is what was asked for, and never more than fits', () => {
  assert.deepEqual(planOf(LOADING, 247), { blockBytes: 247, blocks: 1 })
  assert.deepEqual(planOf({ ...LOADING, blockBytes: 100 }, 247), { blockBytes: 100, blocks: 2 })
  assert.deepEqual(planOf({ ...LOADING, blockBytes: 255 }, 100), { blockBytes: 100, blocks: 2 })
})

test('operations: too many blocks are refused before anything is sent', async () => {
  const line = cardLine({ scp: 'scp03' })
  const session = await openOn(line)
  line.sent.length = 0
  const long = { ...LOADING, loadFileData: new Uint8Array(61_181) }
  await assert.rejects(loadPackage(session, long), gpError('gp.request', /257 blocks/))
  await assert.rejects(loadPackage(session, { ...LOADING, blockBytes: 0 }), gpError('gp.request'))
  assert.equal(line.sent.length, 0)
})

test('operations: what is there already is refused, and what is there stays', async () => {
  const session = await openOn(cardLine({ scp: 'scp03' }))
  await loadPackage(session, LOADING)
  await install(session, DEFAULT_INSTANCE)
  const before = await listed(session)
  await assert.rejects(loadPackage(session, LOADING), refusal('INSTALL [for load]', 0x6985))
  await assert.rejects(install(session, DEFAULT_INSTANCE), refusal('INSTALL [for install]', 0x6a80))
  const other = hex('0102030405 01')
  await assert.rejects(
    install(session, { ...DEFAULT_INSTANCE, instance: other }),
    refusal('INSTALL [for install]', 0x6985),
  )
  await assert.rejects(
    install(session, { ...DEFAULT_INSTANCE, instance: other, module: hex('0102030405 0F') }),
    refusal('INSTALL [for install]', 0x6a88),
  )
  assert.deepEqual(await listed(session), before)
  await install(session, { ...DEFAULT_INSTANCE, instance: other, privileges: hex('00') })
  assert.equal((await listed(session)).applications.length, 2)
})

test('operations: more applications than one answer of GET STATUS has room for', async () => {
  const session = await openOn(cardLine({ scp: 'scp03' }))
  await loadPackage(session, LOADING)
  const aids = Array.from({ length: 12 }, (_, n) => Uint8Array.of(...MODULE, ...new Uint8Array(9), n))
  for (const instance of aids)
    await install(session, { ...DEFAULT_INSTANCE, instance, privileges: hex('00') })
  assert.deepEqual(
    (await listed(session)).applications.map(({ aid }) => aid),
    aids.map((aid) => hexOf(aid)),
  )
})

function freshKeys(length: number, first: number): KeySet {
  return {
    enc: countedBytes(first, length),
    mac: countedBytes(first + 0x20, length),
    dek: countedBytes(first + 0x40, length),
  }
}

for (const [scp, protocol] of KINDS) {
  for (const length of scp === 'scp02' ? [16] : [16, 24, 32]) {
    test(`operations: keys of ${length} bytes by ${scp} over ${protocol}: added, used, replaced`, async () => {
      const first = freshKeys(length, 0x10)
      const line = cardLine({ scp, keys: first }, { protocol })
      const algorithm = scp === 'scp02' ? '3des' : 'aes'
      const [second, third] = [freshKeys(length, 0x50), freshKeys(length, 0x90)]

      const factory = await openOn(line, { keys: first })
      assert.equal(factory.card.keyVersion, 0xff)
      await replaceKeys(factory, { keys: second, version: 0x21, replaces: 0, algorithm })
      // The factory's set is gone; whoever is in goes on.
      assert.equal((await readRegistry(factory, 'domain'))?.length, 1)
      await assert.rejects(
        openOn(line, { keys: first, keyVersion: 0xff }),
        refusal('INITIALIZE UPDATE', 0x6a88),
      )
      await assert.rejects(openOn(line, { keys: first }), gpError('gp.wrong-keys'))

      const added = await openOn(line, { keys: second })
      assert.equal(added.card.keyVersion, 0x21)
      await replaceKeys(added, { keys: third, version: 0x21, replaces: 0x21, algorithm })
      await assert.rejects(openOn(line, { keys: second }), gpError('gp.wrong-keys'))

      const replaced = await openOn(line, { keys: third, keyVersion: 0x21 })
      await replaceKeys(replaced, { keys: first, version: 0x22, replaces: 0x21, algorithm })
      assert.equal((await openOn(line, { keys: first, keyVersion: 0x22 })).card.keyVersion, 0x22)
      await assert.rejects(
        openOn(line, { keys: third, keyVersion: 0x21 }),
        refusal('INITIALIZE UPDATE', 0x6a88),
      )
    })
  }
}

test('operations: keys of another length do not replace a set, but are one of their own', async () => {
  const line = cardLine({ scp: 'scp03', keyVersion: 0x30 })
  const session = await openOn(line)
  const keys = freshKeys(32, 0x50)
  const fresh = { keys, version: 0x31, replaces: 0x30, algorithm: 'aes' } as const
  await assert.rejects(replaceKeys(session, fresh), refusal('PUT KEY', 0x6a80))
  await replaceKeys(session, { ...fresh, replaces: 0 })
  assert.equal((await openOn(line, { keys, keyVersion: 0x31 })).card.keyVersion, 0x31)
  assert.equal((await openOn(line, { keyVersion: 0x30 })).card.keyVersion, 0x30)
})

test('operations: an element that confirms other keys than were sent is found out', async () => {
  const fresh = { keys: freshKeys(16, 0x50), version: 0x30, replaces: 0, algorithm: 'aes' } as const
  const told = '30F2A8DFD7D0E4DCC3AC'
  const keys = { enc: countedBytes(0x50, 16), mac: countedBytes(0x60, 16), dek: countedBytes(0x70, 16) }
  const confirm = async (answer: string) => {
    const line = elementSaying(
      '00001122334455667788FF037086C8BD65FA1044EE707A3FA35DE12B2D000001 9000',
      '9000',
      `${answer} 9000`,
    )
    await replaceKeys(await openOn(line, { level: 0x01 }), { ...fresh, keys })
  }
  for (const right of [told, told.slice(0, 8), '30', '']) await confirm(right)
  for (const wrong of [`31${told.slice(2)}`, told.replace('AC', 'AD'), `${told}00`, '00']) {
    await assert.rejects(confirm(wrong), gpError('gp.malformed', /^PUT KEY: the element confirms/), wrong)
  }
})
