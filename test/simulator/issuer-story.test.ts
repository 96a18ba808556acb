// The life of a card: blank, with an application that a host has loaded, and blank again. What the ATR shows of it.

import assert from 'node:assert/strict'
import test from 'node:test'
import { hexOf } from '../../src/base/hex.ts'
import { readCap } from '../../src/globalplatform/cap/cap.ts'
import { demoCap } from '../../src/globalplatform/cap/demo.ts'
import { install, loadPackage, remove } from '../../src/globalplatform/operations.ts'
import { readRegistry } from '../../src/globalplatform/registry.ts'
import { CardSession, VERIFY_USER } from '../support/card-session.ts'
import { hex } from '../support/hex-fields.ts'
import { ISD, IssuerBench, SELECT_ISD } from '../support/issuer-bench.ts'
import {
  DEMO_MODULE,
  demoLoadFile,
  installation,
  load,
  loadFileFor,
  streamOf,
} from '../support/load-bench.ts'

const NAME = 'se42.com'
const HEX_NAME = hexOf(Buffer.from(NAME))
const FCI = '6F108408A000000151000000A5049F6501FF9000'
const NAMELESS = { t1: '3B80800101', t0: '3B600000' } as const
const PROTOCOLS = ['t1', 't0'] as const

async function assertBlank(bench: IssuerBench): Promise<void> {
  await bench.open()
  for (const kind of ['applications', 'packages', 'packagesWithModules'] as const)
    assert.deepEqual(await readRegistry(bench.session, kind), [])
  const [domain] = (await readRegistry(bench.session, 'domain')) ?? []
  assert.equal(domain?.aid, ISD)
}

for (const protocol of PROTOCOLS)
  for (const scp of ['scp03', 'scp02'] as const)
    test(`issuer story: from a blank card to TLS-SE and back, ${protocol} and ${scp}`, async () => {
      const session = new CardSession({ applet: 'none', protocol, issuer: { scp } }, { sni: NAME })
      const { card } = session
      const bench = new IssuerBench({ card })
      await assertBlank(bench)
      const cap = await readCap(await demoCap())
      const [applet] = cap.applets
      assert.ok(applet !== undefined)
      const domain = hex(ISD)
      const { aid } = cap.package
      await loadPackage(bench.session, { package: aid, domain, loadFileData: cap.loadFileData })
      await install(bench.session, {
        ...{ package: aid, module: applet.aid, instance: applet.aid },
        ...{ privileges: Uint8Array.of(0x04), parameters: Buffer.from(NAME) },
      })
      // The first reset selects it, whereupon it writes its name; the second one shows it.
      assert.equal(hexOf(card.reset()), NAMELESS[protocol])
      assert.ok(hexOf(card.reset()).includes(HEX_NAME))
      session.open()
      session.apdu(VERIFY_USER)
      assert.equal(session.say('c00\n'), 'OK\r\n')
      await bench.open()
      await assert.rejects(remove(bench.session, aid, 'alone'), /DELETE: 6985/)
      await remove(bench.session, aid, 'related')
      assert.equal(hexOf(card.reset()), NAMELESS[protocol])
      assert.equal(bench.plain(protocol === 't1' ? '00 A4 04 00 00' : '00 A4 04 00 12'), FCI)
      assert.equal(bench.plain('00 D8 00 00 00'), '6982')
      await assertBlank(bench)
    })

test('issuer story: a card that comes with the key store can be made blank', async () => {
  const bench = await IssuerBench.open({ applet: 'keystore' })
  const [application] = (await readRegistry(bench.session, 'applications')) ?? []
  assert.deepEqual([application?.aid, application?.package], [DEMO_MODULE, '0102030405'])
  assert.deepEqual([...(application?.privileges ?? [])], [0x04, 0, 0])
  bench.card.reset()
  assert.equal(hexOf(bench.card.reset()), '3B8880016B6579312E636F6D00')
  await bench.open()
  await bench.check([['E4 00 80 | 4F 05 0102030405', '00 9000']])
  assert.equal(hexOf(bench.card.reset()), NAMELESS.t1)
  await assertBlank(bench)
})

test('issuer story: until the reset, the application that was deleted shows in the ATR of nobody else', async () => {
  const bench = await IssuerBench.open({ applet: 'keystore' })
  bench.card.reset()
  await bench.open()
  await bench.check([['E4 00 00 | 4F 06 010203040500', '00 9000']])
  await bench.check([
    [installation({ instance: 'B000000001', privileges: '04', parameters: `C9 08 ${HEX_NAME}` }), '00 9000'],
  ])
  assert.equal(hexOf(bench.card.reset()), NAMELESS.t1)
  assert.ok(hexOf(bench.card.reset()).includes(HEX_NAME))
})

test('issuer story: an application without a name has no name from the one before it', async () => {
  const bench = await IssuerBench.open({ applet: 'keystore' })
  bench.card.reset()
  await bench.open()
  const stream = streamOf(await loadFileFor('A1A1A1A1A1', ['A1A1A1A1A101']))
  assert.equal(await load(bench, stream, 'A1A1A1A1A1'), '009000')
  const stranger = { package: 'A1A1A1A1A1', module: 'A1A1A1A1A101', instance: 'A1A1A1A1A101' }
  await bench.check([
    ['E4 00 80 | 4F 05 0102030405', '00 9000'],
    [installation({ ...stranger, privileges: '04' }), '00 9000'],
  ])
  for (let n = 0; n < 3; n++) assert.equal(hexOf(bench.card.reset()), NAMELESS.t1)
})

test('issuer story: an application that is not selected by default shows no name', async () => {
  const bench = await IssuerBench.open()
  assert.equal(await load(bench, streamOf(await demoLoadFile())), '009000')
  await bench.check([[installation({ parameters: `C9 08 ${HEX_NAME}` }), '00 9000']])
  assert.equal(bench.plain('00 A4 04 00 06 010203040500'), '9000')
  assert.equal(hexOf(bench.card.reset()), NAMELESS.t1)
  assert.equal(bench.plain('00 D8 00 00 00'), '6982')
})

test('issuer story: without a name in its parameters, the key store has the one it always had', async () => {
  const bench = await IssuerBench.open()
  assert.equal(await load(bench, streamOf(await demoLoadFile())), '009000')
  await bench.check([[installation({ privileges: '04' }), '00 9000']])
  bench.card.reset()
  assert.equal(hexOf(bench.card.reset()), '3B8880016B6579312E636F6D00')
  assert.equal(bench.plain(SELECT_ISD), FCI)
})
