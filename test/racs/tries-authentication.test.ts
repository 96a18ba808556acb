// Which authentications are wrong tries of a key, begun and abandoned ones among them.

import assert from 'node:assert/strict'
import test from 'node:test'
import { LinkError } from '../../src/drivers/errors.ts'
import { hex } from '../support/hex-fields.ts'
import {
  BEGIN_AUTHENTICATION,
  DONE,
  KEY_VERSION_1,
  KEY_VERSION_2,
  NO_MORE_KEYS,
  PROVE,
  SELECT,
  tick,
  triesBench,
  VERIFY,
} from '../support/tries-bench.ts'

test('tries: an INITIALIZE UPDATE whose answer is lost counts, one that is refused does not', async () => {
  await using bench = await triesBench()
  const { user, element } = bench
  await user.ask(SELECT)
  bench.answers('6A 88')
  await user.ask(BEGIN_AUTHENTICATION)
  await user.ask('RESET sim1')
  assert.equal(await bench.standing(), 'authentication 0 of 3, verification 0 of 2')
  element.onTransmit = () => Promise.reject(new LinkError('link.timeout', 'silence'))
  await user.ask(BEGIN_AUTHENTICATION)
  assert.equal(await bench.standing(), 'authentication 1 of 3, verification 0 of 2')
  await user.ask('RESET sim1')
  assert.equal(await bench.standing(), 'authentication 1 of 3, verification 0 of 2')
})

test('tries: an authentication that succeeds is none, one that fails is one', async () => {
  await using bench = await triesBench()
  const { user } = bench
  await user.ask(SELECT)
  for (let n = 0; n < 5; n++) {
    bench.answers(KEY_VERSION_1)
    await user.ask(BEGIN_AUTHENTICATION)
    bench.answers('90 00')
    await user.ask(PROVE)
  }
  await user.ask('RESET sim1')
  assert.equal(await bench.standing(), 'authentication 0 of 3, verification 0 of 2')
  bench.answers(KEY_VERSION_1)
  await user.ask(BEGIN_AUTHENTICATION)
  bench.answers('63 00')
  await user.ask(PROVE)
  await user.ask('RESET sim1')
  assert.equal(await bench.standing(), 'authentication 1 of 3, verification 0 of 2')
  assert.deepEqual(bench.written, [1])
})

const ABANDONED: Readonly<Record<string, readonly string[]>> = {
  'another INITIALIZE UPDATE': [BEGIN_AUTHENTICATION],
  'one on another channel': ['APDU sim1 8150000008010203040506070800'],
  'an EXTERNAL AUTHENTICATE on another channel': ['APDU sim1 8582000001AA'],
  'a reset': ['RESET sim1'],
  'a SELECT': [SELECT],
  'a MANAGE CHANNEL': ['APDU sim1 00708001'],
  SHUTDOWN: ['SHUTDOWN sim1'],
}

for (const [name, lines] of Object.entries(ABANDONED)) {
  test(`tries: an INITIALIZE UPDATE counts when ${name} follows`, async () => {
    await using bench = await triesBench()
    const { user } = bench
    for (const line of [SELECT, SELECT.replace('00A4', '01A4')]) await user.ask(line)
    bench.answers(KEY_VERSION_1)
    await user.ask(BEGIN_AUTHENTICATION)
    assert.equal(await bench.standing(), 'authentication 0 of 3, verification 0 of 2')
    bench.answers('90 00')
    for (const line of lines) await user.ask(line)
    assert.equal(await bench.standing(), 'authentication 1 of 3, verification 0 of 2')
  })
}

test('tries: an INITIALIZE UPDATE counts when its session ends', async () => {
  await using bench = await triesBench()
  const { user } = bench
  await user.ask(SELECT)
  bench.answers(KEY_VERSION_1)
  await user.ask(BEGIN_AUTHENTICATION)
  user.reset()
  await bench.freed()
  assert.equal(await bench.standing(), 'authentication 1 of 3, verification 0 of 2')
})

test('tries: an INITIALIZE UPDATE counts when its lease is revoked, also while it is under way', async () => {
  await using bench = await triesBench()
  const { user, operator, element } = bench
  await user.ask(SELECT)
  bench.answers(KEY_VERSION_1)
  await user.ask(BEGIN_AUTHENTICATION)
  await operator.ask('SHUTDOWN sim1')
  assert.equal(await bench.standing(), 'authentication 1 of 3, verification 0 of 2')
  await user.ask('POWERON sim1', SELECT)
  let answer!: (bytes: Uint8Array) => void
  const asked = new Promise<void>((resolve) => {
    element.onTransmit = () =>
      new Promise((given) => {
        answer = given
        resolve()
      })
  })
  const asking = user.ask(BEGIN_AUTHENTICATION)
  await asked
  const evicting = operator.ask('SHUTDOWN sim1')
  while (bench.plane.log.of('lease.revoked').length < 2) await tick()
  assert.equal(await bench.standing(), 'authentication 1 of 3, verification 0 of 2')
  answer(hex(KEY_VERSION_1))
  await Promise.all([evicting, asking])
  assert.equal(await bench.standing(), 'authentication 2 of 3, verification 0 of 2')
})

test('tries: three abandoned INITIALIZE UPDATEs are let through, the fourth is not sent', async () => {
  await using bench = await triesBench()
  const { user, element } = bench
  await user.ask(SELECT)
  bench.answers(KEY_VERSION_1)
  element.takeCalls()
  for (let n = 1; n <= 3; n++) assert.match((await user.ask(BEGIN_AUTHENTICATION))[0]!, /^\+006 /)
  assert.deepEqual(await user.ask(BEGIN_AUTHENTICATION), [NO_MORE_KEYS])
  assert.equal(element.takeCalls().length, 3)
})

test('tries: the third INITIALIZE UPDATE may still be completed, and its success clears what failed before', async () => {
  await using bench = await triesBench()
  const { user } = bench
  await user.ask(SELECT)
  bench.answers(KEY_VERSION_1)
  for (let n = 1; n <= 3; n++) await user.ask(BEGIN_AUTHENTICATION)
  bench.answers('90 00')
  assert.match((await user.ask(PROVE))[0]!, DONE)
  assert.equal(await bench.standing(), 'authentication 0 of 3, verification 0 of 2')
})

test('tries: the success of one key version leaves the failures of another', async () => {
  await using bench = await triesBench()
  const { user } = bench
  await user.ask(SELECT)
  bench.answers(KEY_VERSION_1)
  await user.ask(BEGIN_AUTHENTICATION)
  bench.answers('63 00')
  await user.ask(PROVE)
  bench.answers(KEY_VERSION_2)
  await user.ask(BEGIN_AUTHENTICATION)
  bench.answers('90 00')
  await user.ask(PROVE)
  assert.equal(await bench.standing(), 'authentication 1 of 3, verification 0 of 2')
})

test('tries: a part of an EXTERNAL AUTHENTICATE, or one that the element does not look at, completes nothing', async () => {
  for (const [line, answer] of [
    ['APDU sim1 948200000100', '90 00'],
    [PROVE, '67 00'],
    [VERIFY, '6A 88'],
  ] as const) {
    await using bench = await triesBench()
    const { user } = bench
    await user.ask(SELECT)
    bench.answers(KEY_VERSION_1)
    await user.ask(BEGIN_AUTHENTICATION)
    bench.answers(answer)
    await user.ask(line)
    await user.ask('RESET sim1')
    assert.equal(await bench.standing(), 'authentication 1 of 3, verification 0 of 2', line)
  }
})
