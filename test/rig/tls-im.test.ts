// `iose call --tls-im-reader`: the key is in a card in a reader of this machine, behind a real pcscd.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Gateway } from '../support/gateway.ts'
import { iose, type Said } from '../support/iose.ts'
import { PrivatePcscd } from '../support/pcscd.ts'
import { DEFAULT_PSK } from '../support/tls-client.ts'

const skip = PrivatePcscd.isMissing('pcsclite')
const pcscd = skip === false ? PrivatePcscd.prepare(['Desk A', 'Desk B']) : undefined
const [SLOT_A] = [0]
let gateway: Gateway

before(async () => {
  await pcscd?.start()
  gateway = await Gateway.start()
})
after(async () => {
  await gateway[Symbol.asyncDispose]()
  await pcscd?.[Symbol.asyncDispose]()
})

function call(reader: string, env = pcscd?.env): Promise<Said> {
  const uri = `shellS://key1.com@127.0.0.1:${gateway.port}/?query=?01hello`
  return iose(['call', uri, '--tls-im-reader', reader], env === undefined ? {} : { env })
}

for (const protocol of ['t1', 't0'] as const) {
  test(`iose call --tls-im-reader: the key is in a card with ${protocol}`, { skip }, async () => {
    await pcscd!.clear()
    await pcscd!.insert(SLOT_A, { applet: 'tls-im', protocol, psk: DEFAULT_PSK.toString('hex') })
    assert.deepEqual(await call('Desk A*'), { exitCode: 0, stdout: 'hello\n', stderr: '' })
    // The second time the card has been powered off meanwhile.
    assert.deepEqual(await call('*'), { exitCode: 0, stdout: 'hello\n', stderr: '' })
  })
}

test('iose call --tls-im-reader: no card, no such reader and no pcscd are told', { skip }, async () => {
  await pcscd!.clear()
  const empty = await call('Desk A*')
  assert.equal(empty.exitCode, 2)
  assert.match(empty.stderr, /no card in a reader 'Desk A\*'; empty: Desk [AB].*\nNext: pcsc_scan shows/)
  assert.match((await call('Other*')).stderr, /no card in a reader 'Other\*'/)
  const none = await call('*', { PCSCLITE_CSOCK_NAME: '/nonexistent' })
  assert.equal(none.exitCode, 2)
  assert.match(
    none.stderr,
    /pcscd does not answer.*\nNext: pcsc_scan shows readers and cards; pcscd must run/s,
  )
})
