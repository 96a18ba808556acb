import assert from 'node:assert/strict'
import test from 'node:test'
import { Gateway, type LogLine } from '../support/gateway.ts'
import { askOnce, NodePeer, TlsPeer } from '../support/peers.ts'

const ALERT_UNRECOGNIZED_NAME = Buffer.from('15030300020270', 'hex')
const POOL = `
[[slots]]
driver = "simulator"
count = 3
sen = "key{n}.com"
seid = "sim{n}"
[[pools]]
sen = "signer.example"
members = ["sim1", "key2.com", "sim3"]
`
const TWINS = '\n[[slots]]\ndriver = "simulator"\ncount = 2\nsen = "twin.com"\n'

const seidsOf = (lines: readonly LogLine[]): unknown[] => lines.map((line) => line['seid'])

test('three sessions on a pool go to three elements, and the fourth gets the one that is done first', async () => {
  await using gateway = await Gateway.start(POOL)
  const peers = await Promise.all([1, 2, 3].map(() => NodePeer.open(gateway.port, 'signer.example')))
  const routed = gateway.all('session.routed', { sen: 'signer.example', pool: 'signer.example' })
  assert.deepEqual(seidsOf(routed).sort(), ['sim1', 'sim2', 'sim3'])
  using fourth = await TlsPeer.greet(gateway.port, { sni: 'signer.example' })
  await gateway.logged('lease.awaited', { holder: `tls-se ${fourth.raw.name}`, pool: 'signer.example' })
  const [, second] = peers
  const seid = String(routed.find((line) => line['peer'] === nameOf(second!))?.['seid'])
  await second![Symbol.asyncDispose]()
  await fourth.finish()
  assert.equal(await fourth.say('?01my turn\r\n'), 'my turn\r\n')
  await gateway.logged('session.routed', { peer: fourth.raw.name, pool: 'signer.example', seid })
  for (const peer of peers) await peer[Symbol.asyncDispose]()
  fourth.raw.close()
  const ends = await gateway.loggedTimes(4, 'session.closed', { code: 'closed', pool: 'signer.example' })
  assert.deepEqual(new Set(seidsOf(ends)), new Set(['sim1', 'sim2', 'sim3']))
})

test('a member is reached by its own name as well, and the pool passes it over meanwhile', async () => {
  await using gateway = await Gateway.start(POOL)
  await using direct = await NodePeer.open(gateway.port, 'key1.com')
  for (let time = 0; time < 3; time++) assert.equal(await askOnce(gateway.port, 'signer.example'), 'hello')
  assert.equal(await direct.ask('?01still mine'), 'still mine')
  const routed = gateway.all('session.routed', { pool: 'signer.example' })
  assert.deepEqual(seidsOf(routed), ['sim2', 'sim3', 'sim2'])
})

test('a name that two elements have is refused with both SEIDs in the log, unless it is a pool', async () => {
  {
    await using gateway = await Gateway.start(TWINS)
    using peer = await TlsPeer.greet(gateway.port, { sni: 'twin.com' })
    assert.deepEqual(await peer.raw.ended(), { bytes: ALERT_UNRECOGNIZED_NAME, by: 'fin' })
    const cause = /^2 elements are named 'twin\.com': sim1, sim2$/
    await gateway.logged('session.closed', { peer: peer.raw.name, code: 'peer.unknown-sen', cause })
    await gateway.logged('slot.name-duplicated', { sen: 'twin.com', seids: /^sim1,sim2$/ })
  }
  await using gateway = await Gateway.start(`${TWINS}[[pools]]\nsen = "twin.com"\nmembers = ["twin.com"]\n`)
  await using first = await NodePeer.open(gateway.port, 'twin.com')
  assert.equal(await askOnce(gateway.port, 'twin.com'), 'hello')
  assert.equal(await first.ask('?01still mine'), 'still mine')
  assert.deepEqual(seidsOf(gateway.all('session.routed')), ['sim1', 'sim2'])
  const warnings = gateway.lines.filter(({ event }) => /^pool\.|name-duplicated$/.test(event))
  assert.deepEqual(warnings, [])
})

test('a pool without an element is an unknown name', async () => {
  await using gateway = await Gateway.start(`${POOL}[[pools]]\nsen = "later.example"\nmembers = ["sim9"]\n`)
  using peer = await TlsPeer.greet(gateway.port, { sni: 'later.example' })
  assert.deepEqual(await peer.raw.ended(), { bytes: ALERT_UNRECOGNIZED_NAME, by: 'fin' })
  const cause = "pool 'later.example' has no element now"
  await gateway.logged('session.closed', { peer: peer.raw.name, code: 'peer.unknown-sen', cause })
})

test('a client that finds all members held and the line full is told internal_error', async () => {
  await using gateway = await Gateway.start(`tls_se.queue_length = 0\n${POOL}`)
  const peers = await Promise.all([1, 2, 3].map(() => NodePeer.open(gateway.port, 'signer.example')))
  using fourth = await TlsPeer.greet(gateway.port, { sni: 'signer.example' })
  assert.equal((await fourth.raw.ended()).bytes.toString('hex'), '15030300020250')
  const cause = "all 3 elements of pool 'signer.example' are held, and 0 wait already"
  await gateway.logged('session.closed', { code: 'lease.queue-full', cause, pool: 'signer.example' })
  for (const peer of peers) await peer[Symbol.asyncDispose]()
})

/** How the gateway's log calls a client. */
function nameOf({ socket }: NodePeer): string {
  return `${socket.localAddress ?? ''}:${socket.localPort ?? 0}`
}
