import assert from 'node:assert/strict'
import test from 'node:test'
import { firewallFor, Holdings } from '../../src/racs/holdings.ts'
import { guardOf } from '../support/guard.ts'
import { hex } from '../support/hex-fields.ts'
import { userOf } from '../support/rules.ts'
import { bench, command, gate, NEVER } from '../support/slot-bench.ts'

test('holdings: what is taken is held under the name of the session, and given back by its end, reset', async () => {
  const { slot, element } = await bench()
  const holdings = new Holdings(() => 'racs a', NEVER, guardOf())
  const firewall = firewallFor(slot)
  const held = await holdings.take(slot, firewall)
  assert.equal(slot.holder, 'racs a')
  assert.equal(holdings.on(slot), held)
  assert.equal(held.firewall, firewall)
  await command(held.lease)
  await holdings[Symbol.asyncDispose]()
  assert.equal(holdings.on(slot), undefined)
  assert.equal(slot.holder, undefined)
  assert.deepEqual(element.takeCalls(), ['00D80000', 'warm'])
})

test('holdings: a slot that somebody has is not taken, and nothing is held', async () => {
  const { slot, acquire } = await bench()
  await using lease = await acquire('a')
  const holdings = new Holdings(() => 'racs b', NEVER, guardOf())
  await assert.rejects(holdings.take(slot, firewallFor(slot)), { code: 'lease.busy' })
  assert.equal(holdings.on(slot), undefined)
  await holdings[Symbol.asyncDispose]()
  assert.ok(!lease.revoked.aborted)
  assert.equal(slot.holder, 'a')
})

test('holdings: release is over when the element is reset, and for what is not held at once', async () => {
  const { slot, element } = await bench()
  const holdings = new Holdings(() => 'racs a', NEVER, guardOf())
  await holdings.release(slot)
  const { lease } = await holdings.take(slot, firewallFor(slot))
  await command(lease)
  const reset = gate<Uint8Array>()
  element.onReset = () => reset.promise
  let isOver = false
  const releasing = holdings.release(slot).then(() => (isOver = true))
  await Promise.resolve()
  assert.ok(!isOver)
  assert.equal(holdings.on(slot), undefined)
  reset.open(hex('3B 00'))
  await releasing
  assert.equal(slot.holder, undefined)
})

test('holdings: a lease that was taken away stays in the list until it is released', async () => {
  const { slot } = await bench()
  const holdings = new Holdings(() => 'racs a', NEVER, guardOf())
  const held = await holdings.take(slot, firewallFor(slot))
  slot.detach('pulled')
  assert.equal(holdings.on(slot), held)
  assert.ok(held.lease.revoked.aborted)
  await holdings.release(slot)
  assert.equal(holdings.on(slot), undefined)
})

test('holdings: a session that is gone takes nothing any more', async () => {
  const { slot } = await bench()
  const holdings = new Holdings(() => 'racs a', AbortSignal.abort(new Error('gone')), guardOf())
  await assert.rejects(holdings.take(slot, firewallFor(slot)), { message: 'gone' })
  assert.equal(slot.holder, undefined)
})

test('holdings: the memory of a new lease has no application selected', async () => {
  const { slot } = await bench()
  const check = (): void => firewallFor(slot).check(userOf(), 'sim1', hex('80 E1 00 00 00'))
  assert.throws(check, { code: 'access.no-aid' })
})
