// A bridge against hardware/bridge/README.md, clause by clause: the simulated one, or the part that IOSE_BRIDGE_BUS names.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { after, describe } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import { LATENCY_PROFILES } from '../../src/simulator/latency.ts'
import { type ApduCard, wireCardOf } from '../../src/simulator/wire-card.ts'
import { type Device, Rig } from '../rig/rig.ts'
import { hex } from '../support/hex-fields.ts'
import {
  BridgeBench,
  type BridgeTarget,
  realTarget,
  SIMULATED_ADDRESS,
  SIMULATED_BOOT_MS,
  simulatedTarget,
} from './bridge-bench.ts'
import { CLAUSES } from './bridge-clauses.ts'
import type { Clause } from './bridge-frames.ts'
import { FAULTS, type Fault, FaultyBridge } from './faulty-bridge.ts'

const real = realTarget(process.env)
const skip = real === undefined && Rig.isMissing('i2c-bus')
const SPECIFICATION = readFileSync(join(import.meta.dirname, '../../hardware/bridge/README.md'), 'utf8')

test('bridge specification: each clause of a group with tests has one, of the same words', () => {
  const written = [...SPECIFICATION.matchAll(/^\| ([BFCRP]\d+) +\| ([^|]+?) +\|/gm)].map(([, id, title]) => [
    id,
    title,
  ])
  assert.deepEqual(
    written,
    CLAUSES.map(({ id, title }) => [id, title]),
  )
})

test('bridge specification: each clause fails for at least one wrong bridge', () => {
  const caught = new Set(FAULTS.flatMap(([, ids]): readonly string[] => ids))
  assert.deepEqual(
    CLAUSES.filter(({ id }) => !caught.has(id)).map(({ id }) => id),
    [],
  )
})

test('bridge: a part is named by the environment, and its reset is a shell command', {
  skip: real !== undefined,
}, async () => {
  const place = { IOSE_BRIDGE_BUS: '7', IOSE_BRIDGE_ADDRESS: '0x10' }
  assert.equal(realTarget({}), undefined)
  assert.throws(() => realTarget(place), /IOSE_BRIDGE_RESET/)
  const target = realTarget({ ...place, IOSE_BRIDGE_RESET: 'exit 3' })
  assert.deepEqual([target?.bus, target?.address, target?.read], [7, 0x10, undefined])
  await assert.rejects(target?.reset() ?? Promise.resolve(), { code: 3 })
})

if (real !== undefined) tryAll(`bus ${real.bus}, address ${real.address}`, () => Promise.resolve(real))
else {
  for (const busy of ['zero-bytes', 'nack'] as const) {
    tryAll(`simulated, ${busy} while it computes`, () => simulated(simulatedBridge(busy)))
  }
  tryAll('the bridge of these tests, without a fault', () => simulated(new FaultyBridge()))
  for (const [fault, ids] of FAULTS) {
    test(`bridge: one that ${fault} fails ${ids.join(', ')}`, { skip }, async () => {
      assert.deepEqual(await failuresOf(fault, ids[0]), ids)
    })
  }
}

/** One test a clause. */
function tryAll(name: string, targetOf: () => Promise<BridgeTarget>): void {
  describe(`bridge: ${name}`, { skip }, () => {
    let opened: Promise<BridgeBench> | undefined
    after(async () => (await opened)?.[Symbol.asyncDispose]())
    for (const { id, title, check, needsRead } of CLAUSES) {
      test(`bridge ${id}: ${title}`, async (context) => {
        opened ??= targetOf().then((target) => new BridgeBench(target))
        const bench = await opened
        if (needsRead === true && bench.target.read === undefined)
          context.skip('SKIPPED: IOSE_BRIDGE_READ names no command whose Le the card obeys')
        else await check(bench)
      })
    }
  })
}

/** The clauses of the group of `first` that a bridge with `fault` does not keep. */
async function failuresOf(fault: Fault, first: string): Promise<string[]> {
  const device = new FaultyBridge(fault)
  const beside = fault === 'answers at the address beside it' ? { [SIMULATED_ADDRESS + 1]: device } : {}
  const { rig, target } = await simulatedTarget(device, beside)
  rigs.push(rig)
  await using bench = new BridgeBench(target)
  const failures: string[] = []
  for (const clause of CLAUSES.filter(({ id }) => id[0] === first[0])) {
    if (await fails(clause, bench)) failures.push(clause.id)
  }
  return failures
}

async function fails({ check }: Clause, bench: BridgeBench): Promise<boolean> {
  try {
    await check(bench)
    return false
  } catch (error) {
    if (error instanceof assert.AssertionError) return true
    throw error
  }
}

const rigs: Rig[] = []
after(async () => {
  for (const rig of rigs) await rig[Symbol.asyncDispose]()
})

async function simulated(device: Device): Promise<BridgeTarget> {
  const { rig, target } = await simulatedTarget(device)
  rigs.push(rig)
  return target
}

function simulatedBridge(busy: 'zero-bytes' | 'nack'): Device {
  const latency = { ...LATENCY_PROFILES.none, reset: SIMULATED_BOOT_MS, other: 10 }
  const common = { framing: 'bridge', medium: 'i2c', clock: systemClock } as const
  return wireCardOf({ ...common, busy, card: countingCard(), latency })
}

/** Answers with how many commands it has run, and a read with as many bytes as it asks for. */
function countingCard(): ApduCard {
  let runs = 0
  return {
    reset: () => hex('3B 02 80 31'),
    process: ([, ins, , , le = 0]) => {
      const content = ins === 0xb0 ? new Uint8Array(le === 0 ? 256 : le) : Uint8Array.of(++runs)
      return { response: Uint8Array.of(...content, 0x90, 0x00), step: 'other' }
    },
  }
}
