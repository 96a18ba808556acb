// What a gateway counts of a bus and of T=1 over it: the real addon, emulated device nodes.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import { Card } from '../../src/simulator/card.ts'
import { LATENCY_PROFILES } from '../../src/simulator/latency.ts'
import { wireCardOf } from '../../src/simulator/wire-card.ts'
import { samplesOf } from '../support/exposition.ts'
import { Gateway } from '../support/gateway.ts'
import { NodePeer } from '../support/peers.ts'
import { Rig } from './rig.ts'

test('i2c: the time that a bus is in use is counted, once for all elements on it', {
  skip: Rig.isMissing('i2c-bus'),
}, async () => {
  const chips = ['left.com', 'right.com'].map((sen) => {
    const card = new Card({ applet: 'keystore', protocol: 't1', sen })
    const surroundings = { clock: systemClock, latency: LATENCY_PROFILES.none, busy: 'nack' } as const
    return wireCardOf({ framing: 'nxp', medium: 'i2c', card, ...surroundings })
  })
  const [left, right] = chips
  await using rig = await Rig.start({
    timing: 'none',
    buses: { 1: { clockHz: 400_000, devices: { 0x48: left!, 0x49: right! } } },
  })
  const slots = [0x48, 0x49].map(
    (address) => `[[slots]]\ndriver = "i2c"\naddress = ${address}\nframing = "nxp"\n`,
  )
  await using gateway = await Gateway.start(slots.join(''), rig.env)
  await gateway.loggedTimes(2, 'slot.ready')
  const before = await scrape(gateway)
  const startedAt = performance.now()
  await using session = await NodePeer.open(gateway.port, 'left.com')
  assert.equal(await session.ask('?01hello'), 'hello')
  const after = await scrape(gateway)
  const grown = (key: string): number => (after.get(key) ?? NaN) - (before.get(key) ?? NaN)
  const busyS = grown('iose_bus_busy_seconds_total{bus="i2c-1"}')
  assert.ok(busyS > 0 && busyS < (performance.now() - startedAt) / 1000, `${busyS} s`)
  assert.ok(grown('iose_bus_transfers_total{bus="i2c-1"}') > 10)
  assert.equal(grown('iose_bus_errors_total{bus="i2c-1"}'), 0)
  for (const seid of ['i2c-1-48', 'i2c-1-49']) {
    // An element that is reset begins with a resynchronisation: that is none.
    assert.equal(after.get(`iose_t1_resyncs_total{seid="${seid}"}`), 0)
    assert.equal(after.get(`iose_t1_retransmissions_total{seid="${seid}"}`), 0)
  }
})

async function scrape(gateway: Gateway): Promise<Map<string, number>> {
  const token = readFileSync(join(gateway.stateDir, 'status.token'), 'utf8').trim()
  const headers = { authorization: `Bearer ${token}` }
  const response = await fetch(`http://127.0.0.1:${gateway.statusPort}/metrics`, { headers })
  return samplesOf(await response.text())
}
