import assert from 'node:assert/strict'
import test from 'node:test'
import { LinkError } from '../../src/drivers/errors.ts'
import { LeaseError } from '../../src/slots/errors.ts'
import { bench, command, MUTE } from '../support/slot-bench.ts'

test('slot: reports how the last lease ended, and how long ago', async () => {
  const { slot, acquire, clock } = await bench()
  assert.equal(slot.report.last, undefined)
  const lease = await acquire('a')
  await command(lease)
  assert.equal(slot.report.last, undefined)
  await lease[Symbol.asyncDispose]()
  await clock.advanceTo(500)
  assert.deepEqual(slot.report.last, { holder: 'a', code: 'closed', cause: 'given back', agoMs: 500 })
})

test('slot: a lease that was taken away ended for the reason it was taken', async () => {
  const { slot, acquire } = await bench()
  await acquire('a')
  slot.revoke(new LeaseError('lease.revoked', 'revoked by ada'))
  await new Promise(setImmediate)
  const { holder, code, cause } = slot.report.last ?? {}
  assert.deepEqual([holder, code, cause], ['a', 'lease.revoked', 'revoked by ada'])
})

test('slot: a lease whose element failed ended with that, unless a reset came after it', async () => {
  const { slot, element, acquire } = await bench()
  const failing = await acquire('a')
  element.onTransmit = () => Promise.reject(new LinkError('link.timeout', 'no answer in time'))
  await assert.rejects(command(failing))
  await failing[Symbol.asyncDispose]()
  assert.deepEqual([slot.report.last?.code, slot.report.last?.cause], ['link.timeout', 'no answer in time'])
  const mended = await acquire('b')
  await assert.rejects(command(mended))
  await mended.reset('cold')
  await mended[Symbol.asyncDispose]()
  assert.deepEqual([slot.report.last?.holder, slot.report.last?.code], ['b', 'closed'])
  const mute = await acquire('c')
  const { onReset } = element
  element.onReset = () => Promise.reject(MUTE)
  await assert.rejects(mute.reset('warm'))
  element.onReset = onReset
  await mute[Symbol.asyncDispose]()
  assert.deepEqual([slot.report.last?.holder, slot.report.last?.code], ['c', 'element.mute'])
})
