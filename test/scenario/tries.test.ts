// Wrong PINs of an element are counted by the whole gateway, over its end by kill -9, until an operator clears them.

import assert from 'node:assert/strict'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { Gateway } from '../support/gateway.ts'
import { shell } from '../support/peers.ts'
import { RacsPeer } from '../support/racs-plane.ts'

const SELECT = 'APDU sim1 00A4040006010203040500'
const RIGHT = 'APDU sim1 002000000430303030'
const WRONG = 'APDU sim1 002000000431313131'
const REFUSED =
  '-606 001 2 wrong PINs in a row: the element could block itself for ever; an operator clears this with TRIES sim1 CLEAR'

test('wrong PINs are counted over kill -9, by whomever they come, until an operator clears them', async () => {
  await using first = await Gateway.start()
  const file = join(first.stateDir, 'tries.json')
  await using user = await RacsPeer.open(first.racsPort, 'client')
  assert.deepEqual(await user.ask(SELECT, RIGHT), ['+006 002 9000'])
  assert.ok(!existsSync(file), 'all is well: nothing is written')
  for (const sw of ['6302', '6301']) assert.deepEqual(await user.ask(WRONG), [`+006 001 ${sw}`])
  await using gateway = await first.restart('SIGKILL')
  assert.equal(statSync(file).mode & 0o777, 0o600)
  const kept = { authentication: {}, verification: { '010203040500 pin 00': 2 } }
  assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), { sim1: kept })

  await using again = await RacsPeer.open(gateway.racsPort, 'client')
  assert.deepEqual(await again.ask(SELECT), ['+006 001 9000'])
  assert.deepEqual(await again.ask(RIGHT), [REFUSED])
  assert.deepEqual(await again.ask('TRIES sim1 CLEAR'), ['-614 001 only operators may do that'])
  await again.ask('SHUTDOWN sim1')
  await using operator = await RacsPeer.open(gateway.racsPort, 'operator')
  await operator.ask(SELECT)
  assert.deepEqual(await operator.ask(RIGHT), [REFUSED], 'an operator has to say it')
  const cleared = '+014 001 authentication 0 of 3, verification 0 of 2'
  assert.deepEqual(await operator.ask('TRIES sim1 CLEAR'), [cleared])
  assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), {})
  assert.deepEqual(await operator.ask(RIGHT), ['+006 001 9000'])
  await gateway.logged('tries.refused', {
    seid: 'sim1',
    user: 'client',
    kind: 'verification',
    failed: 2,
    limit: 2,
  })
  await gateway.logged('tries.cleared', { seid: 'sim1', user: 'operator' })
})

test('the limits are those of the configuration', async () => {
  await using gateway = await Gateway.start('guard.max_failed_verifications = 1\n')
  await using racs = await RacsPeer.open(gateway.racsPort, 'operator')
  assert.deepEqual(await racs.ask(SELECT, WRONG), ['+006 002 6302'])
  assert.match((await racs.ask(RIGHT))[0]!, /^-606 001 1 wrong PIN in a row: /)
  assert.deepEqual(await racs.ask('TRIES sim1'), ['+014 001 authentication 0 of 3, verification 1 of 1'])
})

test('a file of wrong tries that nobody wrote so stops the start, with the name of the file', async () => {
  await using gateway = await Gateway.start()
  const file = join(gateway.stateDir, 'tries.json')
  const empty = '"authentication":{}'
  for (const text of [
    '',
    '{',
    'null',
    '[]',
    '{"sim1":null}',
    `{"sim1":{${empty}}}`,
    `{"s 1":{${empty},"verification":{}}}`,
    `{"sim1":{${empty},"verification":[]}}`,
    `{"sim1":{${empty},"verification":{},"more":{}}}`,
    `{"sim1":{${empty},"verification":{"default pin 00":0}}}`,
    `{"sim1":{${empty},"verification":{"default pin 00":1.5}}}`,
    `{"sim1":{${empty},"verification":{"default pin 00":"1"}}}`,
    `{"sim1":{${empty},"verification":{"default pin":1}}}`,
    `{"sim1":{${empty},"verification":{"?/0123456789ABCDEF pin 00":1}}}`,
  ]) {
    writeFileSync(file, text)
    const said = await shell(`XDG_STATE_HOME=/nowhere ${gateway.commandLine}; echo exit $?`)
    assert.match(said, /tries\.json: wrong keys and PINs of elements/, text)
    assert.match(said, /exit 78/, text)
  }
})
