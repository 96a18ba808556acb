// One element behind the administration plane, a user and an operator, and what they try.

import { type FailureStore, MemoryFailures } from '../../src/access/failures.ts'
import type { UserRules } from '../../src/access/user.ts'
import { hex } from './hex-fields.ts'
import { RacsPeer, RacsPlane } from './racs-plane.ts'
import { ScriptedElement } from './scripted-element.ts'

const AID = '010203040500'
export const SELECT = `APDU sim1 00A4040006${AID}`
export const VERIFY = 'APDU sim1 002000000430303030'
export const VERIFY_OTHER = 'APDU sim1 002000010430303030'
export const BEGIN_AUTHENTICATION = 'APDU sim1 8050000008010203040506070800'
export const PROVE = 'APDU sim1 848200001000112233445566778899AABBCCDDEEFF'
export const KEY_VERSION_1 = `${'00'.repeat(10)} 01 02 ${'00'.repeat(16)} 90 00`
export const KEY_VERSION_2 = `${'00'.repeat(10)} 02 02 ${'00'.repeat(16)} 90 00`

export const DONE = /^\+006 00\d 9000$/
export const WRONG = /^\+006 001 63C2$/
export const NO_MORE_PINS =
  '-606 001 2 wrong PINs in a row: the element could block itself for ever; an operator clears this with TRIES sim1 CLEAR'
export const NO_MORE_KEYS =
  '-606 001 3 wrong keys in a row: the element could block itself for ever; an operator clears this with TRIES sim1 CLEAR'

/** One element, `sim1` or `key1`, a user and an operator of it. */
export async function triesBench(failures?: FailureStore) {
  const element = new ScriptedElement('sim1')
  const written: number[] = []
  const memory = new MemoryFailures()
  const store: FailureStore = failures ?? {
    get: (seid) => memory.get(seid),
    set: (seid, changed) => {
      written.push([...changed.authentication.values(), ...changed.verification.values()].length)
      return memory.set(seid, changed)
    },
  }
  const users = [rulesOf('ada', 'client', 'operator'), rulesOf('bob', 'client2', 'user')]
  const elements = [{ element, seid: 'sim1', aliases: ['key1'] }]
  const plane = await RacsPlane.start({ users, elements, failures: store })
  const operator = await RacsPeer.open(plane.port, 'client')
  const user = await RacsPeer.open(plane.port, 'client2')
  return {
    ...{ plane, operator, user, element, written },
    answers(text: string): void {
      element.onTransmit = () => hex(text)
    },
    /** How it stands, as the operator sees it. */
    async standing(): Promise<string> {
      return ((await operator.ask('TRIES sim1'))[0] ?? '').replace('+014 001 ', '')
    },
    /** Waits until nobody has the element. */
    async freed(): Promise<void> {
      while (plane.inventory.slots[0]?.isHeld === true) await tick()
    },
    [Symbol.asyncDispose]: async () => {
      await user[Symbol.asyncDispose]()
      await operator[Symbol.asyncDispose]()
      await plane[Symbol.asyncDispose]()
    },
  }
}

function rulesOf(name: string, cn: string, role: UserRules['role']): UserRules {
  return { name, cn, role, seids: '*', aids: undefined, filters: [], elements: new Map() }
}

export function tick(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
