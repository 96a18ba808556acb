// An application on demand over a real pcscd: with T=0 every command and its answer are two exchanges.

import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import { at, DOMAIN, GpBench } from '../support/gp-bench.ts'
import { PrivatePcscd } from '../support/pcscd.ts'
import { askOnce } from '../support/peers.ts'

const skip = PrivatePcscd.isMissing('pcsclite')
const pcscd = skip === false ? await PrivatePcscd.started(['Rig A']) : undefined
after(() => pcscd?.[Symbol.asyncDispose]())

const SEID = 'Rig-A-00-00'

for (const protocol of ['t1', 't0'] as const) {
  test(`pcsc: an application is loaded onto a blank card of protocol ${protocol}, and serves`, {
    skip,
  }, async () => {
    await pcscd!.clear()
    await using bench = await GpBench.start('[[slots]]\ndriver = "pcsc"\n', pcscd!.env)
    await bench.gateway.logged('pcsc.connected')
    await pcscd!.insert(0, { applet: 'none', protocol })
    await bench.gateway.logged('slot.ready', { seid: SEID })
    assert.equal(await bench.done('list', ...at(SEID)), DOMAIN)
    const cap = await bench.demoCap()
    await bench.done('load', cap, ...at(SEID), '--block-bytes', '64')
    await bench.done('install', cap, ...at(SEID), '--default-selected', '--sen', 'made.com')
    await bench.gateway.logged('slot.renamed', { sen: 'made.com' })
    assert.equal(await askOnce(bench.gateway.port, 'made.com'), 'hello')
    await bench.done('delete', '0102030405', '--related', ...at(SEID))
    assert.equal(await bench.done('list', ...at(SEID)), DOMAIN)
  })
}
