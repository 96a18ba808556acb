import { codeOf } from '../../src/base/errors.ts'
import type { Arrival } from '../../src/drivers/driver.ts'
import { type Sen } from '../../src/slots/identity.ts'
import { Inventory } from '../../src/slots/inventory.ts'
import type { Lease } from '../../src/slots/lease.ts'
import type { PoolLine } from '../../src/slots/pool-line.ts'
import { ManualClock, settle } from './manual-clock.ts'
import { RecordedLog } from './recorded-log.ts'
import { arrivalOf, ScriptedElement } from './scripted-element.ts'
import { NEVER } from './slot-bench.ts'
import { slotEnvironment } from './slot-environment.ts'

/** A pool `signer` of `members`, and elements `names`, there already, each with the SEN `NAME.com`; two may wait for each. */
export async function poolBench(members: readonly string[], names: readonly string[] = members) {
  const clock = new ManualClock()
  const log = new RecordedLog()
  const inventory = new Inventory(slotEnvironment({ clock, log, queueLength: 2 }), undefined, [
    { sen: 'signer', members },
  ])
  const pool = inventory.pool('signer' as Sen) as PoolLine
  const elements = new Map<string, ScriptedElement>()
  const arrive = async (name: string, changes: Partial<Arrival> = {}): Promise<ScriptedElement> => {
    const element = elements.get(name) ?? new ScriptedElement(name, `${name}.com`)
    elements.set(name, element)
    await inventory.arrive(arrivalOf(element, changes), 'simulator')
    return element
  }
  for (const name of names) await arrive(name)
  return {
    ...{ clock, log, inventory, pool, arrive },
    element: (name: string): ScriptedElement => elements.get(name)!,
    slot: (name: string) => inventory.bySeid(name)!,
    leave: (name: string): void => inventory.leave(elements.get(name)!, 'pulled'),
    acquire: (holder: string, deadline = Infinity, signal = NEVER): Promise<Lease> =>
      pool.acquire({ holder, deadline }, 300, signal),
  }
}

/** Where each of `leases` came to, in the order in which they were granted from now on. */
export async function grantsOf(leases: readonly Promise<Lease>[]): Promise<() => string[]> {
  const grants: string[] = []
  leases.forEach((lease, index) => {
    lease.then(
      ({ slot }) => grants.push(`${index}:${slot.seid}`),
      (error: unknown) => grants.push(`${index}:${codeOf(error)}`),
    )
  })
  await settle()
  return () => grants.splice(0)
}

/** Ends a lease and lets those who wait have what it frees. */
export async function end(lease: Lease): Promise<void> {
  await lease[Symbol.asyncDispose]()
  await settle()
}
