// What one element, or one client, does to the others: nothing.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { Gateway } from '../support/gateway.ts'
import { LastingCard } from '../support/lasting-card.ts'
import { askOnce, askUntilServed, NodePeer, TlsPeer } from '../support/peers.ts'
import { RacsPeer } from '../support/racs-plane.ts'

const SELECT = '00A4040006010203040500'
const WRONG_PSK = Buffer.alloc(32, 7)

test('an element that is stuck for five seconds costs its fifteen neighbours nothing, and is back afterwards', async () => {
  await using rack = await Rack.start(16, 'racs.apdu_timeout_ms = 1000\ntls_se.handshake_timeout_ms = 1000\n')
  const { gateway, cards } = rack
  const [stuck, ...others] = cards
  stuck!.isSilent = true
  const until = performance.now() + 5_000
  const counts = others.map(() => 0)
  const neighbours = others.map(async (_, n) => {
    while (performance.now() < until) {
      assert.equal(await askOnce(gateway.port, `key${n + 2}.com`), 'hello')
      counts[n] = (counts[n] ?? 0) + 1
    }
  })
  await using racs = await RacsPeer.open(gateway.racsPort, 'operator')
  const sick = (async () => {
    while (performance.now() < until) {
      assert.match((await racs.ask(`APDU sim1 ${SELECT}`))[0]!, /^-[89]06 /)
      assert.match((await racs.ask('SHUTDOWN sim1'))[0]!, /^\+007 /)
      await delay(50)
    }
  })()
  await Promise.all([...neighbours, sick])
  assert.ok(Math.min(...counts) >= 5, `${counts.join(' ')} sessions of the neighbours`)
  assert.equal(gateway.all('slot.muted').filter(({ seid }) => seid !== 'sim1').length, 0)
  stuck!.isSilent = false
  await askUntilServed(gateway.port, 'key1.com')
})

test('a client that reconnects as fast as it can keeps nobody else from an element', async () => {
  await using gateway = await Gateway.start(
    '[[slots]]\ndriver = "simulator"\nsen = "slow.com"\nlatency = "p71"\n',
  )
  let isOver = false
  let attempts = 0
  const attackers = Array.from({ length: 12 }, async () => {
    while (!isOver) {
      const peer = await TlsPeer.greet(gateway.port, { sni: 'slow.com', psk: WRONG_PSK })
      await peer.raw.ended()
      attempts++
    }
  })
  await delay(1_000)
  const startedAt = performance.now()
  const before = attempts
  const peer = await NodePeer.open(gateway.port, 'slow.com', undefined, '127.0.0.2')
  assert.equal(await peer.ask('?01hello'), 'hello')
  const waitedMs = performance.now() - startedAt
  isOver = true
  await peer[Symbol.asyncDispose]()
  await Promise.all(attackers)
  // Its own handshake takes 0.4 s, and the one that it found under way 0.3 s; eight others were in line before it.
  assert.ok(
    waitedMs < 2_000,
    `after ${Math.round(waitedMs)} ms and ${attempts - before} attempts of the other`,
  )
})

test('a client cannot make an element reset faster than the limit', async () => {
  await using rack = await Rack.start(1, 'health.max_resets_per_minute = 60\nhealth.poll_ms = 0\n')
  const [card] = rack.cards
  const until = performance.now() + 3_000
  while (performance.now() < until) {
    const peer = await TlsPeer.greet(rack.gateway.port, { sni: 'key1.com', psk: WRONG_PSK })
    await peer.raw.ended()
  }
  // Six at once, those of the introduction among them, then one a second.
  const { resets, commands } = card!
  assert.ok(resets >= 6 && resets <= 10, `${resets} resets`)
  assert.ok(commands > 0)
  assert.equal(await askOnce(rack.gateway.port, 'key1.com'), 'hello')
})

test('an operator sets an element aside in the middle of a session, and gives it back', async () => {
  await using gateway = await Gateway.start()
  await using racs = await RacsPeer.open(gateway.racsPort, 'operator')
  await using session = await NodePeer.open(gateway.port, 'key1.com')
  assert.equal(await session.ask('?01hello'), 'hello')
  assert.deepEqual(await racs.ask('QUARANTINE sim1 ON'), ['+013 001 sim1 is quarantined'])
  await assert.rejects(session.ask('?01hello'))
  await gateway.logged('session.closed', { code: 'lease.revoked', cause: 'set aside by operator operator' })
  await assert.rejects(askOnce(gateway.port, 'key1.com'), /internal error/)
  assert.equal(await askOnce(gateway.port, 'key2.com'), 'hello')
  assert.deepEqual(await racs.ask('QUARANTINE sim1 OFF'), ['+013 001 sim1 is ready'])
  assert.equal(await askOnce(gateway.port, 'key1.com'), 'hello')
})

/** A gateway over cards in another place than its process. */
class Rack implements AsyncDisposable {
  readonly gateway: Gateway
  readonly cards: readonly LastingCard[]
  readonly #directory: string

  private constructor(gateway: Gateway, cards: readonly LastingCard[], directory: string) {
    this.gateway = gateway
    this.cards = cards
    this.#directory = directory
  }

  static async start(count: number, toml: string): Promise<Rack> {
    const directory = mkdtempSync(join(tmpdir(), 'iose-rack-'))
    const cards: LastingCard[] = []
    for (let n = 1; n <= count; n++) {
      cards.push(await LastingCard.serve(join(directory, `${n}.sock`), `key${n}.com`, 20))
    }
    const socket = join(directory, '{n}.sock')
    const slots = `[[slots]]\ndriver = "simulator"\ncount = ${count}\nseid = "sim{n}"\nsocket = "${socket}"\n`
    const gateway = await Gateway.start(toml + slots)
    await gateway.loggedTimes(count, 'slot.ready')
    return new Rack(gateway, cards, directory)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.gateway[Symbol.asyncDispose]()
    for (const card of this.cards) await card[Symbol.asyncDispose]()
    rmSync(this.#directory, { recursive: true })
  }
}
