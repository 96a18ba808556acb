// What one holder opened, selected or verified in a real card of software is gone before the next one has it.

import assert from 'node:assert/strict'
import test from 'node:test'
import { hexOf } from '../../src/base/hex.ts'
import { Card } from '../../src/simulator/card.ts'
import { SimulatedElement } from '../../src/simulator/element.ts'
import { LATENCY_PROFILES } from '../../src/simulator/latency.ts'
import { LeaseError } from '../../src/slots/errors.ts'
import type { Lease } from '../../src/slots/lease.ts'
import { RecordExchange } from '../../src/tlsse/exchange.ts'
import { VERIFY_USER } from '../support/card-session.ts'
import { ManualClock, settle } from '../support/manual-clock.ts'
import { arrivalOf } from '../support/scripted-element.ts'
import { emptySlot, NEVER } from '../support/slot-bench.ts'
import { TlsClient } from '../support/tls-client.ts'
import { bytes } from '../support/vectors.ts'

const READ_KEY = '00 87 00 00 04'
const VERIFIED = '0106F7069000'
const NOT_VERIFIED = '6380'
/** Selects nothing but the issuer's domain. */
const SELECT_OTHER = '00 A4 04 00 08 | A0 00 00 01 51 00 00 00'

/** How a lease ends. */
const ENDINGS = {
  'given back': async (lease: Lease) => lease[Symbol.asyncDispose](),
  revoked: async (lease: Lease) => {
    lease.slot.revoke(new LeaseError('lease.revoked', 'by an operator'))
    await settle()
  },
  evicted: async (lease: Lease) => {
    assert.match(await lease.slot.evict('the button'), /^revoked the lease of first/)
    await settle()
  },
  'set aside and released': async (lease: Lease) => {
    lease.slot.setAside('an operator')
    await lease.slot.release('an operator')
  },
}

for (const [ending, end] of Object.entries(ENDINGS)) {
  test(`slot: a PIN that was verified in a lease that is ${ending} is not verified for the next holder`, async () => {
    const { acquire } = await cardBench()
    const first = await acquire('first')
    assert.equal(await ask(first, READ_KEY), NOT_VERIFIED)
    assert.equal(await ask(first, VERIFY_USER), '9000')
    assert.equal(await ask(first, READ_KEY), VERIFIED)
    await end(first)
    const second = await acquire('second')
    assert.equal(await ask(second, READ_KEY), NOT_VERIFIED)
  })

  test(`slot: a TLS session opened in a lease that is ${ending} is not there for the next holder`, async () => {
    const { acquire } = await cardBench()
    const first = await acquire('first')
    const client = new TlsClient({})
    const exchange = new RecordExchange(first)
    await exchange.open(Infinity)
    const flight = await exchange.send(client.clientHello(), Infinity)
    assert.ok(flight.kind === 'continued')
    client.readServerFlight(flight.records)
    assert.equal((await exchange.send(client.clientFinished(), Infinity)).kind, 'opened')
    await end(first)
    const second = new RecordExchange(await acquire('second'))
    const stolen = await second.send(client.seal('?00\r\n'), Infinity)
    assert.equal(stolen.kind, 'refused')
  })

  test(`slot: an application selected in a lease that is ${ending} is not selected for the next holder`, async () => {
    const { acquire } = await cardBench()
    const first = await acquire('first')
    const before = await ask(first, '00 D8 00 00 00')
    await ask(first, SELECT_OTHER)
    assert.notEqual(await ask(first, '00 D8 00 00 00'), before)
    await end(first)
    assert.equal(await ask(await acquire('second'), '00 D8 00 00 00'), before)
  })
}

async function cardBench() {
  const clock = new ManualClock()
  const slot = emptySlot(clock)
  const onException = (error: unknown): never => assert.fail(`exception in the card: ${String(error)}`)
  const card = new Card({ applet: 'keystore', protocol: 't1', onException })
  const latency = LATENCY_PROFILES.none
  await slot.attach(arrivalOf(new SimulatedElement({ name: 'sim1', card, clock, latency })))
  const acquire = (holder: string): Promise<Lease> => slot.acquire({ holder, deadline: Infinity }, NEVER)
  return { slot, acquire }
}

async function ask(lease: Lease, command: string): Promise<string> {
  const response = new Uint8Array(258)
  return hexOf(response.subarray(0, await lease.transmit(bytes(command), response, Infinity)))
}
