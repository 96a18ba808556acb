import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import { Card } from '../../src/simulator/card.ts'
import { serveCard } from '../../src/simulator/card-server.ts'
import { LATENCY_PROFILES } from '../../src/simulator/latency.ts'
import { at, GpBench } from '../support/gp-bench.ts'

test('iose gp load: --timeout is for each block, however many go together', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'gp-slow-'))
  const path = join(directory, 'card')
  const latency = { ...LATENCY_PROFILES.none, other: 200 }
  const card = new Card({ applet: 'none', protocol: 't1' })
  const server = await serveCard({ card, clock: systemClock, latency, path })
  {
    await using bench = await GpBench.start(
      `[[slots]]\ndriver = "simulator"\nseid = "slow"\nsocket = "${path}"\n`,
    )
    const cap = await bench.demoCap()
    // Eight blocks take 1.6 s.
    const order = ['load', cap, ...at('slow'), '--block-bytes', '16', '--timeout', '1']
    assert.equal(await bench.done(...order), '0102030405 is on slow: 188 bytes\n')
  }
  await server[Symbol.asyncDispose]()
  rmSync(directory, { recursive: true })
})
