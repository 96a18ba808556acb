// `iose call --tls-im`: the key is in an element of the gateway, and stays there.

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { after, before } from 'node:test'
import { sharedCa } from '../support/certificates.ts'
import { Gateway } from '../support/gateway.ts'
import { iose, type Said } from '../support/iose.ts'

const KEY = '0102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F20'
const SLOTS = `
[[slots]]
driver = "simulator"
count = 2
sen = "key{n}.com"

[[slots]]
driver = "simulator"
applet = "tls-im"
seid = "im"
psk = "${KEY}"

[[slots]]
driver = "simulator"
applet = "tls-im"
seid = "empty"

[[slots]]
driver = "simulator"
applet = "tls-im"
seid = "im-t0"
protocol = "t0"
psk = "${KEY}"

[[slots]]
driver = "simulator"
applet = "none"
seid = "blank"
`
let gateway: Gateway
before(async () => {
  gateway = await Gateway.start(SLOTS)
})
after(() => gateway[Symbol.asyncDispose]())

function operator(): string[] {
  const file = (name: string): string => sharedCa().path(name)
  return ['--cert', file('operator.pem'), '--key', file('operator.key'), '--ca', file('ca.pem')]
}

function call(args: readonly string[], name = 'key1.com'): Promise<Said> {
  const uri = `shellS://${name}@127.0.0.1:${gateway.port}/?query=?01hello`
  const racs = ['--gateway', `127.0.0.1:${gateway.racsPort}`, ...operator()]
  return iose(['call', uri, ...racs, ...args])
}

test('iose call --tls-im: a session with one element by the key in another', async () => {
  for (const seid of ['im', 'im-t0', 'sim2'])
    assert.deepEqual(await call(['--tls-im', seid]), { exitCode: 0, stdout: 'hello\n', stderr: '' }, seid)
  await gateway.logged('slot.freed', { seid: 'im' })
})

test('iose call --tls-im: whose fault it is, and what to do', async () => {
  const pin = join(gateway.stateDir, 'pin')
  writeFileSync(pin, '1234\n')
  const rows: readonly (readonly [string[], number, RegExp])[] = [
    [['--tls-im', 'empty'], 1, /key1\.com at .*handshake_failure: the element refuses/],
    [['--tls-im', 'im', '--pin-file', pin], 1, /element im: .*refuses verify \(6302\): a wrong PIN, 2 tries/],
    [['--tls-im', 'blank'], 1, /element blank: .*refuses select \(6A82\): there is no such application/],
    [['--tls-im', 'nobody'], 1, /-608.*no such element for you/],
    [['--tls-im', 'im', '--psk-file', pin], 64, /the key is in the element of --tls-im, or in a file/],
    [['--tls-im', 'im', '--tls-im-reader', 'x'], 64, /are two elements; give one/],
    [['--pin-file', pin], 64, /--pin-file: the PIN of which element/],
    [['--tls-im', 'im', '--pin-file', `${pin}.none`], 78, /no PIN: ENOENT/],
    [['--tls-im', 'two words'], 64, /an SEID is 1 to 63 printable ASCII/],
  ]
  for (const [args, code, message] of rows) {
    const { exitCode, stdout, stderr } = await call(args)
    assert.deepEqual([exitCode, stdout], [code, ''], `${args.join(' ')}: ${stderr}`)
    assert.match(stderr, message)
    assert.ok(!stderr.includes('1234'), stderr)
  }
  writeFileSync(pin, '123456789')
  assert.match((await call(['--tls-im', 'im', '--pin-file', pin])).stderr, /1 to 8 bytes, not 9/)
})

test('iose call --tls-im: an error of the other element is said of that one', async () => {
  const { exitCode, stderr } = await call(['--tls-im', 'im'], 'none.com')
  assert.equal(exitCode, 1)
  assert.match(stderr, /^iose: none\.com at 127\.0\.0\.1:\d+: unrecognized_name/)
})
