// The guard against elements that block themselves: how many wrong PINs reach one, what is kept, and who clears it.

import assert from 'node:assert/strict'
import test from 'node:test'
import { type FailureStore, MemoryFailures } from '../../src/access/failures.ts'
import { LinkError } from '../../src/drivers/errors.ts'
import { hex } from '../support/hex-fields.ts'
import { gate } from '../support/slot-bench.ts'
import {
  BEGIN_AUTHENTICATION,
  DONE,
  NO_MORE_KEYS,
  NO_MORE_PINS,
  PROVE,
  SELECT,
  tick,
  triesBench,
  VERIFY,
  VERIFY_OTHER,
  WRONG,
} from '../support/tries-bench.ts'

test('tries: as many wrong PINs as the limit reach the element, and not one more', async () => {
  await using bench = await triesBench()
  const { user, element } = bench
  await user.ask(SELECT)
  bench.answers('63 C2')
  assert.match((await user.ask(VERIFY))[0]!, WRONG)
  assert.match((await user.ask(VERIFY))[0]!, WRONG)
  assert.deepEqual(await user.ask('TRIES sim1'), ['+014 001 authentication 0 of 3, verification 2 of 2'])
  element.takeCalls()
  for (const line of [VERIFY, VERIFY_OTHER, 'APDU sim1 002C000004303030', 'APDU sim1 0C20000002303000']) {
    assert.deepEqual(await user.ask(line), [NO_MORE_PINS], line)
  }
  assert.deepEqual(element.takeCalls(), [])
  const [counted, ...others] = bench.plane.log.of('tries.counted')
  assert.equal(others.length, 1)
  assert.deepEqual([counted?.level, counted?.fields['failed']], ['warn', 1])
  const [refused] = bench.plane.log.of('tries.refused')
  const { seid, user: name, kind, failed, limit } = refused!.fields
  assert.deepEqual([seid, name, kind, failed, limit], ['sim1', 'bob', 'verification', 2, 2])
})

test('tries: a VERIFY without data and authentications go on when the PINs are used up, and keys have their own limit', async () => {
  await using bench = await triesBench()
  const { user } = bench
  await user.ask(SELECT)
  bench.answers('63 C2')
  await user.ask(VERIFY)
  await user.ask(VERIFY)
  assert.match((await user.ask('APDU sim1 00200000'))[0]!, WRONG)
  for (let n = 1; n <= 3; n++) assert.match((await user.ask(PROVE))[0]!, WRONG)
  assert.deepEqual(await user.ask(PROVE), [NO_MORE_KEYS])
  assert.deepEqual(await user.ask(BEGIN_AUTHENTICATION), [NO_MORE_KEYS])
  assert.deepEqual(await user.ask('TRIES sim1'), ['+014 001 authentication 3 of 3, verification 2 of 2'])
})

test('tries: a partial AID gets no more of them, and its success clears nothing of the whole one', async () => {
  await using bench = await triesBench()
  const { user } = bench
  await user.ask(SELECT)
  bench.answers('63 C2')
  await user.ask(VERIFY)
  bench.answers('90 00')
  await user.ask('APDU sim1 00A40400050102030405')
  assert.match((await user.ask(VERIFY))[0]!, DONE)
  assert.equal(await bench.standing(), 'authentication 0 of 3, verification 1 of 2')
  bench.answers('63 C2')
  assert.match((await user.ask(VERIFY))[0]!, WRONG)
  assert.deepEqual(await user.ask(VERIFY), [NO_MORE_PINS])
})

test('tries: the success of one PIN leaves the failures of another', async () => {
  await using bench = await triesBench()
  const { user } = bench
  await user.ask(SELECT)
  bench.answers('63 C2')
  await user.ask(VERIFY)
  bench.answers('90 00')
  await user.ask(VERIFY_OTHER)
  assert.equal(await bench.standing(), 'authentication 0 of 3, verification 1 of 2')
  await user.ask(VERIFY)
  assert.equal(await bench.standing(), 'authentication 0 of 3, verification 0 of 2')
})

test('tries: a part of a command that succeeds clears nothing', async () => {
  await using bench = await triesBench()
  const { user } = bench
  await user.ask(SELECT)
  bench.answers('63 C2')
  await user.ask(VERIFY)
  bench.answers('90 00')
  assert.match((await user.ask('APDU sim1 10200000023030'))[0]!, DONE)
  assert.equal(await bench.standing(), 'authentication 0 of 3, verification 1 of 2')
})

test('tries: a success after another file or security environment was chosen clears nothing, since it is another PIN', async () => {
  for (const move of ['00A40000023F00', '80A4040005A000000001', '002241A403830102']) {
    await using bench = await triesBench()
    const { user } = bench
    await user.ask(SELECT)
    bench.answers('63 C2')
    await user.ask(VERIFY)
    bench.answers('90 00')
    await user.ask(`APDU sim1 ${move}`)
    await user.ask(VERIFY)
    assert.equal(await bench.standing(), 'authentication 0 of 3, verification 1 of 2', move)
    await user.ask(SELECT)
    await user.ask(VERIFY)
    assert.equal(await bench.standing(), 'authentication 0 of 3, verification 0 of 2', move)
  }
})

test('tries: a success in the same file, chosen in the same way, clears', async () => {
  await using bench = await triesBench()
  const { user } = bench
  const choose = async (): Promise<void> => {
    bench.answers('90 00')
    await user.ask(SELECT, 'APDU sim1 00A40000023F00', 'APDU sim1 00A40000024F01')
  }
  await choose()
  bench.answers('63 C2')
  await user.ask(VERIFY)
  await choose()
  await user.ask(VERIFY)
  assert.equal(await bench.standing(), 'authentication 0 of 3, verification 0 of 2')
})

test('tries: a SELECT that leaves open what is selected makes every success useless', async () => {
  await using bench = await triesBench()
  const { user } = bench
  await user.ask(SELECT)
  await user.ask('APDU sim1 00A4040205A000000001')
  bench.answers('63 C2')
  await user.ask(VERIFY)
  bench.answers('90 00')
  await user.ask(VERIFY)
  assert.equal(await bench.standing(), 'authentication 0 of 3, verification 1 of 2')
})

test('tries: an answer that is lost counts', async () => {
  await using bench = await triesBench()
  const { user, element } = bench
  await user.ask(SELECT)
  element.onTransmit = () => Promise.reject(new LinkError('link.timeout', 'silence'))
  assert.match((await user.ask(VERIFY))[0]!, /^-806 /)
  assert.equal(await bench.standing(), 'authentication 0 of 3, verification 1 of 2')
  assert.match((await user.ask(VERIFY))[0]!, /^-906 .*has not been reset/)
  assert.equal(await bench.standing(), 'authentication 0 of 3, verification 1 of 2', 'nothing was sent')
})

test('tries: what is fetched is no try, and 61xx is a success', async () => {
  await using bench = await triesBench()
  const { user, element } = bench
  await user.ask(SELECT)
  bench.answers('63 C2')
  await user.ask(VERIFY)
  element.onTransmit = (command) => hex(command[1] === 0xc0 ? '01 02 6F 00' : '61 02')
  assert.deepEqual(await user.ask(`${VERIFY} MORE=61`), ['+006 001 01026F00'])
  assert.equal(await bench.standing(), 'authentication 0 of 3, verification 0 of 2')
})

test('tries: a failure is kept before its answer leaves, and nothing is written when all is well', async () => {
  const disk = gate<true>()
  const memory = new MemoryFailures()
  const writes: string[] = []
  const store: FailureStore = {
    get: (seid) => memory.get(seid),
    set: async (seid, failures) => {
      await memory.set(seid, failures)
      writes.push(seid)
      await disk.promise
    },
  }
  await using bench = await triesBench(store)
  const { user } = bench
  await user.ask(SELECT, VERIFY, BEGIN_AUTHENTICATION, PROVE)
  assert.deepEqual(writes.join(), '')
  bench.answers('63 C2')
  let isAnswered = false
  const asking = user.ask(VERIFY).then(() => (isAnswered = true))
  while (writes.join() === '') await tick()
  await tick()
  assert.ok(!isAnswered)
  disk.open(true)
  await asking
})

test('tries: when they cannot be kept they are counted all the same, and the log says so', async () => {
  const memory = new MemoryFailures()
  const store: FailureStore = {
    get: (seid) => memory.get(seid),
    set: async (seid, failures) => {
      await memory.set(seid, failures)
      throw new Error('disk full')
    },
  }
  await using bench = await triesBench(store)
  const { user } = bench
  await user.ask(SELECT)
  bench.answers('63 C2')
  await user.ask(VERIFY)
  await user.ask(VERIFY)
  assert.deepEqual(await user.ask(VERIFY), [NO_MORE_PINS])
  const [line] = bench.plane.log.of('tries.save-failed')
  assert.deepEqual([line?.level, line?.fields['seid'], line?.fields['cause']], ['error', 'sim1', 'disk full'])
})

test('tries: an operator clears them, also of an element that somebody else holds; a user may only look', async () => {
  await using bench = await triesBench()
  const { user, operator } = bench
  await user.ask(SELECT)
  bench.answers('63 C2')
  await user.ask(VERIFY)
  await user.ask(VERIFY)
  assert.deepEqual(await user.ask('TRIES sim1 CLEAR'), ['-614 001 only operators may do that'])
  assert.deepEqual(await user.ask(VERIFY), [NO_MORE_PINS])
  assert.deepEqual(await operator.ask('TRIES sim1 CLEAR'), [
    '+014 001 authentication 0 of 3, verification 0 of 2',
  ])
  assert.match((await user.ask(VERIFY))[0]!, WRONG)
  const [line] = bench.plane.log.of('tries.cleared')
  assert.deepEqual([line?.level, line?.fields['seid'], line?.fields['user']], ['info', 'sim1', 'ada'])
})

test('tries: an alias is the same element, and the refusal names what was asked for', async () => {
  await using bench = await triesBench()
  const { user } = bench
  await user.ask(SELECT)
  bench.answers('63 C2')
  await user.ask(VERIFY)
  await user.ask(VERIFY)
  assert.deepEqual(await user.ask('TRIES key1'), ['+014 001 authentication 0 of 3, verification 2 of 2'])
  bench.answers('90 00')
  await user.ask(SELECT.replace('sim1', 'key1'))
  assert.match((await user.ask(VERIFY.replace('sim1', 'key1')))[0]!, /TRIES key1 CLEAR$/)
})

test('tries: TRIES takes CLEAR only, and an element of the caller', async () => {
  await using bench = await triesBench()
  const { operator } = bench
  assert.deepEqual(await operator.ask('TRIES'), ['-514 001 usage: TRIES seid [CLEAR]'])
  assert.deepEqual(await operator.ask('TRIES sim1 CLEAR NOW'), ['-514 001 usage: TRIES seid [CLEAR]'])
  assert.deepEqual(await operator.ask('TRIES sim1 clear'), ['-414 001 usage: TRIES seid [CLEAR]'])
  assert.match((await operator.ask('TRIES sim9'))[0]!, /^-614 001 no such element for you$/)
  assert.equal(bench.plane.log.of('tries.cleared').length, 0)
})

test('tries: no line of the log has a byte of what was tried', async () => {
  await using bench = await triesBench()
  const { user } = bench
  await user.ask(SELECT)
  bench.answers('63 C2')
  for (let n = 1; n <= 3; n++) await user.ask('APDU sim1 0020000004DEADBEEF')
  assert.ok(!/DEADBEEF/i.test(JSON.stringify(bench.plane.log.lines)))
})
