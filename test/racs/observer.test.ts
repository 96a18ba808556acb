// What is told of a client: who did what to which element, never what was said; and nothing is done, or answered, that
// cannot be kept.

import assert from 'node:assert/strict'
import test from 'node:test'
import type { PlaneEvent, PlaneObserver } from '../../src/base/plane-events.ts'
import { RacsPeer, RacsPlane } from '../support/racs-plane.ts'
import { ScriptedElement } from '../support/scripted-element.ts'

const SECRET = '31323334AABBCCDD'

class Observer implements PlaneObserver {
  readonly told: PlaneEvent[] = []
  failure: Error | undefined
  isFull = false

  tell(event: PlaneEvent): Promise<void> {
    this.told.push(event)
    return this.failure === undefined ? Promise.resolve() : Promise.reject(this.failure)
  }

  check(): void {
    if (this.isFull) throw new Error('the disk is full')
  }

  /** Kind, command, seid, header and code of what was told since the last call. */
  take(): (readonly unknown[])[] {
    return this.told.splice(0).map((event) => {
      const { kind, command, seid, header, code, user } = event as unknown as Record<string, unknown>
      return [kind, user, command, seid, header, code].filter((field) => field !== undefined)
    })
  }
}

async function benchOf(observer: Observer) {
  const element = new ScriptedElement('0')
  const rules = { aids: undefined, filters: [], elements: new Map() }
  const users = [{ ...rules, name: 'ada', cn: 'client', role: 'operator', seids: '*' }] as const
  const plane = await RacsPlane.start({ users, elements: [{ element, seid: '0' }], observer })
  const peer = await RacsPeer.open(plane.port, 'client')
  return {
    element,
    peer,
    async [Symbol.asyncDispose]() {
      await peer[Symbol.asyncDispose]()
      await plane[Symbol.asyncDispose]()
    },
  }
}

test('racs: tells who did what to which element, without what was said', async () => {
  const observer = new Observer()
  await using bench = await benchOf(observer)
  await bench.peer.ask(
    'LIST',
    'POWERON 0',
    'APDU 0 00A40400051122334455',
    `APDU 0 0020000008${SECRET}`,
    'GET-SEN 0',
  )
  assert.deepEqual(observer.take(), [
    ['client.opened', 'ada'],
    ['command.started', 'ada', 'POWERON', '0'],
    ['command.started', 'ada', 'APDU', '0', '00A40400'],
    ['command.started', 'ada', 'APDU', '0', '00200000'],
  ])
  await bench.peer.ask(`APDU ${'x'.repeat(80)} 00`)
  const [started, failed] = observer.told
  assert.ok(started?.kind === 'command.started' && failed?.kind === 'command.failed')
  assert.deepEqual([started.seid, started.header, failed.code], ['?', undefined, 'request.syntax'])
  assert.ok(!JSON.stringify(observer.told).includes(SECRET))
})

test('racs: does nothing that could not be kept', async () => {
  const observer = new Observer()
  await using bench = await benchOf(observer)
  await bench.peer.ask('POWERON 0')
  const calls = bench.element.takeCalls().length
  assert.ok(calls > 0)
  observer.isFull = true
  assert.deepEqual(await bench.peer.ask('APDU 0 00A40400051122334455'), [
    '-906 001 system error, the log of the gateway has more',
  ])
  assert.deepEqual(bench.element.takeCalls(), [])
  assert.deepEqual(await bench.peer.ask('LIST'), ['+004 001 0'])
  observer.isFull = false
  assert.deepEqual(await bench.peer.ask('APDU 0 00A40400051122334455'), ['+006 001 9000'])
})

test('racs: answers nothing before it is kept, and not at all when it cannot be', async () => {
  const observer = new Observer()
  await using bench = await benchOf(observer)
  await bench.peer.ask('POWERON 0')
  observer.failure = new Error('fsync failed')
  assert.match((await bench.peer.ask('APDU 0 00A40400051122334455'))[0]!, /^-906 001 system error/)
})
