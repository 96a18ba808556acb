import assert from 'node:assert/strict'
import { componentsIn } from '../../src/globalplatform/cap/archive.ts'
import { type CapFile, capOf, readCap } from '../../src/globalplatform/cap/cap.ts'
import { COMPONENTS } from '../../src/globalplatform/cap/components.ts'
import { demoCap } from '../../src/globalplatform/cap/demo.ts'
import { CapError } from '../../src/globalplatform/cap/errors.ts'
import { directoryOf } from '../support/cap-bench.ts'
import { mutate } from '../support/mutate.ts'
import type { Random } from '../support/random.ts'
import type { FuzzTarget } from './target.ts'

/** A CAP file is refused with a reason, or read into parts within their bounds: the archive, or its components. */
export const capFile: FuzzTarget = {
  name: 'cap-file',
  run(random) {
    if (random.oneIn(10)) return runArchive(random)
    runComponents(random)
    return undefined
  },
}

async function runArchive(random: Random): Promise<void> {
  try {
    check(await readCap(mutate(random, demo)))
  } catch (error) {
    assert.ok(error instanceof CapError, String(error))
  }
}

/** Below the checksums, and often with sizes put right, so that damages further in are reached. */
function runComponents(random: Random): void {
  const components = new Map(demoComponents)
  for (let damages = 1 + random.int(2); damages > 0; damages--) {
    const { name } = random.pick(COMPONENTS)
    const damaged = mutate(random, components.get(name) ?? new Uint8Array(3))
    const size = damaged.length - 3
    if (random.oneIn(2) && size >= 0) damaged.set([size >> 8, size], 1)
    components.set(name, damaged)
  }
  if (random.oneIn(2)) components.set('Directory', directoryOf(components))
  try {
    check(capOf(components))
  } catch (error) {
    assert.ok(error instanceof CapError, String(error))
  }
}

function check(cap: CapFile): void {
  assert.match(cap.version, /^2\.[123]$/)
  for (const { aid } of [cap.package, ...cap.applets, ...cap.imports]) {
    assert.ok(aid.length >= 5 && aid.length <= 16)
  }
  assert.doesNotMatch(cap.package.name ?? '', /\p{Cc}/u)
  // Header is first, and its size leads to Directory.
  const { loadFileData } = cap
  assert.equal(loadFileData[0], 1)
  assert.equal(loadFileData[3 + ((loadFileData[1] ?? 0) << 8) + (loadFileData[2] ?? 0)], 2)
}

const demo = await demoCap()
const demoComponents = await componentsIn(demo)
