// What operators may do, and others may not: take an element away from its holder, and set it aside.

import assert from 'node:assert/strict'
import test from 'node:test'
import { RacsPeer, RacsPlane } from '../support/racs-plane.ts'
import { ScriptedElement } from '../support/scripted-element.ts'

const REVOKED = /^-706 001 in use: revoked by operator ada$/

test('racs: SHUTDOWN by an operator revokes the lease of another, whose next command is told so', async () => {
  await using bench = await planeBench()
  const { holder, operator, element } = bench
  assert.deepEqual(await holder.ask('POWERON 0', 'APDU 0 00A40400051122334455'), ['+006 002 9000'])
  const [answer = ''] = await operator.ask('SHUTDOWN 0')
  assert.match(answer, /^\+007 001 0: revoked the lease of racs bob 127\.0\.0\.1:\d+$/)
  assert.match((await holder.ask('APDU 0 00A40400051122334455'))[0]!, REVOKED)
  assert.match((await holder.ask('RESET 0'))[0]!, /^-705 001 /)
  assert.deepEqual(
    bench.plane.log.of('lease.revoked').map(({ fields }) => fields['cause']),
    ['revoked by operator ada'],
  )
  assert.deepEqual(element.takeCalls().slice(2), ['00A40400051122334455', 'cold'])
  assert.deepEqual(await operator.ask('POWERON 0'), ['+008 001 0 is on'])
  assert.match((await holder.ask('POWERON 0'))[0]!, /^-708 001 in use: held by racs ada/)
  assert.deepEqual(await operator.ask('SHUTDOWN 0'), ['+007 001 0 is off'])
  assert.deepEqual(await holder.ask('POWERON 0'), ['+008 001 0 is on'])
})

test('racs: SHUTDOWN by an operator of what nobody holds is as by everybody', async () => {
  await using bench = await planeBench()
  assert.deepEqual(await bench.operator.ask('SHUTDOWN 0'), ['+007 001 0 is off'])
  assert.deepEqual(bench.element.takeCalls(), ['cold', 'warm'])
})

test('racs: QUARANTINE takes the element from everybody until an operator ends it', async () => {
  await using bench = await planeBench()
  const { holder, operator } = bench
  await holder.ask('POWERON 0')
  assert.deepEqual(await operator.ask('QUARANTINE 0 ON'), ['+013 001 0 is quarantined'])
  assert.match(
    (await holder.ask('APDU 0 00A40400051122334455'))[0]!,
    /^-706 001 in use: set aside by operator ada$/,
  )
  assert.match((await operator.ask('POWERON 0'))[0]!, /^-908 001 .*quarantined: set aside by operator ada/)
  assert.deepEqual(await operator.ask('QUARANTINE 0 OFF'), ['+013 001 0 is ready'])
  assert.deepEqual(await holder.ask('POWERON 0'), ['+008 001 0 is on'])
})

test('racs: QUARANTINE is for operators, for elements that are there, and takes ON or OFF', async () => {
  await using bench = await planeBench()
  const { holder, operator, plane } = bench
  assert.match((await holder.ask('QUARANTINE 0 ON'))[0]!, /^-613 001 /)
  for (const line of ['QUARANTINE 0', 'QUARANTINE 0 ON OFF']) {
    assert.match((await operator.ask(line))[0]!, /^-513 001 usage: QUARANTINE seid ON\|OFF$/)
  }
  assert.match((await operator.ask('QUARANTINE 0 on'))[0]!, /^-413 001 /)
  assert.match((await operator.ask('QUARANTINE 7 ON'))[0]!, /^-613 001 /)
  plane.inventory.leave(bench.element, 'pulled')
  assert.match((await operator.ask('QUARANTINE 0 ON'))[0]!, /^-913 001 .*0 is empty/)
})

async function planeBench() {
  const element = new ScriptedElement('0')
  const users = [
    { ...rulesOf('ada', 'client'), role: 'operator' as const },
    { ...rulesOf('bob', 'client2'), role: 'user' as const },
  ]
  const plane = await RacsPlane.start({ users, elements: [{ element, seid: '0' }] })
  const operator = await RacsPeer.open(plane.port, 'client')
  const holder = await RacsPeer.open(plane.port, 'client2')
  return {
    ...{ plane, operator, holder, element },
    [Symbol.asyncDispose]: async () => {
      await holder[Symbol.asyncDispose]()
      await operator[Symbol.asyncDispose]()
      await plane[Symbol.asyncDispose]()
    },
  }
}

function rulesOf(name: string, cn: string) {
  return { name, cn, seids: '*', aids: undefined, filters: [], elements: new Map() } as const
}
