import assert from 'node:assert/strict'
import test from 'node:test'
import { loadPackage } from '../../src/globalplatform/operations.ts'
import { readRegistry } from '../../src/globalplatform/registry.ts'
import { cardLine, gpError, openOn } from '../support/gp-card.ts'
import { hex } from '../support/hex-fields.ts'

const DOMAIN = hex('A000000151000000')

test('session: a package is not loaded in no blocks at all by an element that takes 8 bytes', async () => {
  for (const [level, maxCommandBytes] of [
    [0x01, 5],
    [0x01, 8],
    [0x33, 8],
  ] as const) {
    const line = cardLine({ scp: 'scp03' })
    const session = await openOn(line, { level, maxCommandBytes })
    const loading = { package: hex('0102030405'), domain: DOMAIN, loadFileData: new Uint8Array(100) }
    line.sent.length = 0
    await assert.rejects(loadPackage(session, loading), gpError('gp.request'))
    assert.deepEqual(line.sent, [])
    assert.equal((await readRegistry(session, 'domain'))?.length, 1)
  }
})
