import assert from 'node:assert/strict'
import test from 'node:test'
import { Admission, networkOf } from '../../src/net/admission.ts'

const LIMITS = { maxConnections: 3, maxConnectionsPerAddress: 2 }

test('admission: takes in as many as allowed, and says how many there are to the next', () => {
  const admission = new Admission(LIMITS)
  for (const address of ['192.0.2.1', '192.0.2.2', '192.0.2.3']) {
    assert.equal(admission.refusalOf(address), undefined)
    admission.enter(address)
  }
  assert.equal(admission.refusalOf('192.0.2.4'), '3 clients are connected already')
})

test('admission: one address gets its share only, the others theirs', () => {
  const admission = new Admission(LIMITS)
  admission.enter('192.0.2.1')
  assert.equal(admission.refusalOf('192.0.2.1'), undefined)
  admission.enter('192.0.2.1')
  assert.equal(admission.refusalOf('192.0.2.1'), '2 clients from this address are connected already')
  assert.equal(admission.refusalOf('192.0.2.2'), undefined)
})

test('admission: who leaves makes room, in all and for the address', () => {
  const admission = new Admission(LIMITS)
  const leave = admission.enter('192.0.2.1')
  admission.enter('192.0.2.1')
  admission.enter('192.0.2.2')
  assert.ok(admission.refusalOf('192.0.2.3') !== undefined)
  leave()
  assert.equal(admission.refusalOf('192.0.2.3'), undefined)
  assert.equal(admission.refusalOf('192.0.2.1'), undefined)
})

test('admission: to be refused, and to ask, costs no place', () => {
  const admission = new Admission({ maxConnections: 1, maxConnectionsPerAddress: 1 })
  for (let time = 0; time < 5; time++) assert.equal(admission.refusalOf('192.0.2.1'), undefined)
  const leave = admission.enter('192.0.2.1')
  for (let time = 0; time < 5; time++) assert.ok(admission.refusalOf('192.0.2.1') !== undefined)
  leave()
  assert.equal(admission.refusalOf('192.0.2.1'), undefined)
})

test('admission: addresses of one IPv6 /64 are one client, of the next /64 another', () => {
  const admission = new Admission({ maxConnections: 9, maxConnectionsPerAddress: 1 })
  admission.enter('2001:db8:0:1::1')
  assert.ok(admission.refusalOf('2001:db8:0:1:ffff:ffff:ffff:ffff') !== undefined)
  assert.equal(admission.refusalOf('2001:db8:0:2::1'), undefined)
})

test('admission: an IPv4 address is one client, whether it came mapped or not', () => {
  const admission = new Admission({ maxConnections: 9, maxConnectionsPerAddress: 1 })
  admission.enter('::ffff:192.0.2.1')
  assert.ok(admission.refusalOf('192.0.2.1') !== undefined)
  assert.equal(admission.refusalOf('::ffff:192.0.2.2'), undefined)
})

for (const [address, network] of [
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['::1', '0:0:0:0'],
  ['::', '0:0:0:0'],
  ['2001:db8::', '2001:db8:0:0'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:db8:1:2::6', '2001:db8:1:2'],
  ['2001:db8:1::4:5:6', '2001:db8:1:0'],
  ['fe80::1%eth0', 'fe80:0:0:0'],
] as const) {
  test(`admission: the network of ${address} is ${network}`, () => {
    assert.equal(networkOf(address), network)
  })
}
