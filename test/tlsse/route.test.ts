import assert from 'node:assert/strict'
import test from 'node:test'
import { InternalError } from '../../src/base/errors.ts'
import { ElementError, LinkError } from '../../src/drivers/errors.ts'
import { networkOf } from '../../src/net/admission.ts'
import { PeerError, type PeerErrorCode } from '../../src/net/errors.ts'
import { LeaseError } from '../../src/slots/errors.ts'
import { Inventory } from '../../src/slots/inventory.ts'
import { alertFor } from '../../src/tlsse/alert.ts'
import type { ClientHello } from '../../src/tlsse/client-hello.ts'
import { routeOf } from '../../src/tlsse/route.ts'
import { AnsweringElement } from '../support/answering-element.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { slotEnvironment } from '../support/slot-environment.ts'

async function inventoryOf(...names: string[]): Promise<Inventory> {
  const pools = [
    { sen: 'pool.example', members: ['sim3', 'sim1'] },
    { sen: 'empty', members: ['sim99'] },
    { sen: 'both', members: ['both'] },
  ]
  const environment = slotEnvironment({ clock: new ManualClock(), queueLength: 0 })
  const inventory = new Inventory(environment, undefined, pools)
  for (const [index, sen] of names.entries()) {
    const element = new AnsweringElement()
    await inventory.arrive(
      { element, seid: `sim${index + 1}`, aliases: [], sen, maxRecordBytes: 512 },
      'simulator',
    )
  }
  return inventory
}

const hello = (changes: Partial<ClientHello> = {}): ClientHello => ({
  serverName: Buffer.from('a.example'),
  offersTls13: true,
  offersSuite: true,
  hasP256Share: true,
  allowsPskDhe: true,
  hasIdentity: true,
  ...changes,
})

test('route: leads to the one slot of that name', async () => {
  const inventory = await inventoryOf('a.example', 'b.example')
  assert.equal(routeOf(hello(), 300, inventory).slot?.seid, 'sim1')
  assert.equal(routeOf(hello({ serverName: Buffer.from('b.example') }), 300, inventory).slot?.seid, 'sim2')
})

test('route: a name that two elements have leads nowhere, and the cause lists their SEIDs', async () => {
  const inventory = await inventoryOf('twin', 'a.example', 'twin')
  const ask = () => routeOf(hello({ serverName: Buffer.from('twin') }), 300, inventory)
  assert.throws(ask, { code: 'peer.unknown-sen', message: "2 elements are named 'twin': sim1, sim3" })
  const crowd = await inventoryOf(...Array.from({ length: 21 }, () => 'a.example'))
  const message = /^21 elements are named 'a\.example': sim1, .*, sim20, \.\.\.$/
  assert.throws(() => routeOf(hello(), 300, crowd), { code: 'peer.unknown-sen', message })
})

test('route: the name of a pool leads to the member whose turn it is, also when elements have that name', async () => {
  const inventory = await inventoryOf('both', 'pool.example', 'both')
  const never = new AbortController().signal
  const seidFor = async (sen: string): Promise<string> => {
    const route = routeOf(hello({ serverName: Buffer.from(sen) }), 300, inventory)
    assert.deepEqual([route.sen, route.pool, route.slot], [sen, sen, undefined])
    await using lease = await route.acquire({ holder: 'a', deadline: Infinity }, never)
    return lease.slot.seid
  }
  assert.deepEqual([await seidFor('pool.example'), await seidFor('pool.example')], ['sim3', 'sim1'])
  assert.deepEqual([await seidFor('both'), await seidFor('both')], ['sim1', 'sim3'])
})

test('route: a pool without elements is an unknown name, one whose members are all too small is unfit', async () => {
  const inventory = await inventoryOf('a.example')
  const ask = (sen: string, bytes: number) =>
    routeOf(hello({ serverName: Buffer.from(sen) }), bytes, inventory)
  const message = "pool 'empty' has no element now"
  assert.throws(() => ask('empty', 300), { code: 'peer.unknown-sen', message })
  assert.equal(ask('pool.example', 507).pool, 'pool.example')
  assert.throws(() => ask('pool.example', 508), { code: 'peer.unfit-hello', message: /513.*512/ })
})

test('route: each reason to refuse has its code', async () => {
  const inventory = await inventoryOf('a.example', 'twin', 'twin')
  const cases: [Partial<ClientHello>, PeerErrorCode][] = [
    [{ offersTls13: false }, 'peer.not-tls13'],
    [{ serverName: undefined }, 'peer.no-sni'],
    [{ serverName: Buffer.from('A.example') }, 'peer.unknown-sen'],
    [{ serverName: Buffer.from('a.example.') }, 'peer.unknown-sen'],
    [{ serverName: Buffer.from('twin') }, 'peer.unknown-sen'],
    [{ offersSuite: false }, 'peer.unfit-hello'],
    [{ hasP256Share: false }, 'peer.unfit-hello'],
    [{ allowsPskDhe: false }, 'peer.unfit-hello'],
    [{ hasIdentity: false }, 'peer.unfit-hello'],
  ]
  for (const [changes, code] of cases) assert.throws(() => routeOf(hello(changes), 300, inventory), { code })
})

test('route: a hello record as large as the element takes is routed, one byte more is not', async () => {
  const inventory = await inventoryOf('a.example')
  assert.equal(routeOf(hello(), 507, inventory).slot?.seid, 'sim1')
  assert.throws(() => routeOf(hello(), 508, inventory), { code: 'peer.unfit-hello', message: /513.*512/ })
})

test('alert: every cause has the alert that the contract says, or a plain close', () => {
  const peer = (code: PeerErrorCode) => new PeerError(code, 'x')
  const alerts: [Error, number | undefined][] = [
    [peer('peer.no-sni'), 112],
    [peer('peer.unknown-sen'), 112],
    [peer('peer.oversize'), 22],
    [peer('peer.syntax'), 50],
    [peer('peer.unfit-hello'), 40],
    [peer('peer.refused'), 40],
    [peer('peer.not-tls13'), 70],
    [peer('peer.not-tls'), undefined],
    [peer('peer.timeout'), undefined],
    [peer('peer.gone'), undefined],
    [new LeaseError('lease.queue-full', 'x'), 80],
    [new LeaseError('lease.expired', 'x'), 80],
    [new LeaseError('lease.revoked', 'x'), 80],
    [new ElementError('element.mute', 'x'), 80],
    [new LinkError('link.timeout', 'x'), 80],
    [new InternalError('x'), 80],
    [new TypeError('x'), 80],
  ]
  for (const [error, description] of alerts) {
    const expected = description === undefined ? undefined : [0x15, 3, 3, 0, 2, 2, description]
    assert.deepEqual(alertFor(error) && [...alertFor(error)!], expected, error.message)
  }
})

test('server: clients count by IPv4 address or IPv6 /64 network', () => {
  const networks: [string, string][] = [
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8:1:2::6', '2001:db8:1:2'],
    ['2001:db8::6', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
  ]
  for (const [address, network] of networks) assert.equal(networkOf(address), network)
})
