import assert from 'node:assert/strict'
import { settle } from './manual-clock.ts'

/** Waits for real input and output, such as sockets, to make `claim` true; fails after `limitMs` of real time. */
export async function until(claim: () => boolean, limitMs = 5000): Promise<void> {
  const limit = performance.now() + limitMs
  while (!claim()) {
    assert.ok(performance.now() < limit, `not within ${limitMs} ms: ${claim.toString()}`)
    await settle()
  }
}
