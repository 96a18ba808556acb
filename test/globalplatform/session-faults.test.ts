// Faults between the host and the simulated card within a session: something else comes back than the card said, or
// nothing. Whatever happens, a wrapped command goes out once, and none follows a fault.

import assert from 'node:assert/strict'
import test from 'node:test'
import { hexOf } from '../../src/base/hex.ts'
import { readCap } from '../../src/globalplatform/cap/cap.ts'
import { demoCap } from '../../src/globalplatform/cap/demo.ts'
import { loadPackage } from '../../src/globalplatform/operations.ts'
import type { SecurityLevel } from '../../src/globalplatform/protection.ts'
import { readRegistry } from '../../src/globalplatform/registry.ts'
import {
  cardLine,
  faultyLine,
  flipped,
  gpError,
  IIN,
  isOver,
  openOn,
  refusal,
  STATUS,
  wrappedOf,
} from '../support/gp-card.ts'
import { hex } from '../support/hex-fields.ts'

const { loadFileData } = await readCap(await demoCap())
const LOADING = { package: hex('0102030405'), domain: hex('A000000151000000'), loadFileData, blockBytes: 64 }

const RESPONSE_MAC_LEVELS: readonly SecurityLevel[] = [0x11, 0x13, 0x33]

for (const level of RESPONSE_MAC_LEVELS) {
  const name = `faults: at level ${hexOf(Uint8Array.of(level))}`

  test(`${name} no bit of an answer may be another, and the session is over`, async () => {
    const bits = (await statusAnswer(level)).length * 8
    for (let bit = 0; bit < bits; bit++) {
      const line = faultyLine(cardLine({ scp: 'scp03' }))
      const session = await openOn(line, { level })
      line.begin((answer) => flipped(answer, bit))
      await assert.rejects(session.send(STATUS), gpError('gp.wrong-mac'), `bit ${bit}`)
      await isOver(session, line.sent)
      assert.equal(line.sent.length, 1)
    }
  })

  test(`${name} no beginning of an answer is taken, but an error without data`, async () => {
    const whole = await statusAnswer(level)
    for (let length = 0; length < whole.length - 2; length++) {
      const line = faultyLine(cardLine({ scp: 'scp03' }))
      const session = await openOn(line, { level })
      line.begin((answer) => Uint8Array.of(...answer.subarray(0, length), 0x90, 0x00))
      await assert.rejects(session.send(STATUS), gpError('gp.wrong-mac'))
      await isOver(session, line.sent)
    }
  })

  test(`${name} the answer to another command is not taken`, async () => {
    for (const [first, second] of [
      [STATUS, STATUS],
      [STATUS, IIN],
      [IIN, IIN],
    ] as const) {
      const line = faultyLine(cardLine({ scp: 'scp03' }))
      const session = await openOn(line, { level })
      let kept = new Uint8Array(0)
      line.begin((answer) => {
        kept = answer.slice()
        return answer
      })
      assert.equal((await session.send(first)).sw, 0x9000)
      line.begin(() => kept)
      await assert.rejects(session.send(second), gpError('gp.wrong-mac'))
      await isOver(session, line.sent)
    }
  })

  test(`${name} an error with data is not from the card, which sends none`, async () => {
    const line = faultyLine(cardLine({ scp: 'scp03' }))
    const session = await openOn(line, { level })
    line.begin((answer) => Uint8Array.of(...answer.subarray(0, -2), 0x6a, 0x88))
    await assert.rejects(session.send(STATUS), gpError('gp.wrong-mac'))
    await isOver(session, line.sent)
  })
}

/** What the card says to STATUS as the first command, status word included. */
async function statusAnswer(level: SecurityLevel): Promise<Uint8Array> {
  const line = faultyLine(cardLine({ scp: 'scp03' }))
  const session = await openOn(line, { level })
  let whole = new Uint8Array(0)
  line.begin((answer) => {
    whole = answer.slice()
    return answer
  })
  await session.send(STATUS)
  return whole
}

for (const protocol of ['t0', 't1'] as const) {
  test(`faults: when LOAD is not answered nothing is repeated, over ${protocol}`, async () => {
    const gone = new Error('the reader is gone')
    const card = cardLine({ scp: 'scp03' }, { protocol })
    const whole = faultyLine(card)
    const total = await countOf(whole)
    // Each place in turn; the last answer lost is that of a package which is there.
    for (let place = 0; place < total; place++) {
      const one = cardLine({ scp: 'scp03' }, { protocol })
      const line = faultyLine(one)
      const session = await openOn(line)
      line.begin((answer, n) => {
        if (n === place) throw gone
        return answer
      })
      await assert.rejects(loadPackage(session, LOADING), gone)
      await isOver(session, line.sent)
      assert.equal(line.sent.length, place + 1)
      assert.equal(new Set(wrappedOf(line.sent)).size, wrappedOf(line.sent).length)
      const packages = await readRegistry(await openOn(one), 'packages')
      const isThere = wrappedOf(line.sent).length === 4
      assert.equal(packages?.length, isThere ? 1 : 0, `command ${place}`)
    }
  })

  test(`faults: too little memory ends LOAD with 6A84, and the package is not there, over ${protocol}`, async () => {
    const line = cardLine({ scp: 'scp03' }, { protocol, memoryBytes: 100 })
    const session = await openOn(line)
    line.sent.length = 0
    await assert.rejects(loadPackage(session, LOADING), {
      ...refusal('LOAD', 0x6a84),
      message: /^LOAD, block 2 of 3: 6A84$/,
    })
    assert.equal(wrappedOf(line.sent).length, 3)
    assert.deepEqual(await readRegistry(session, 'packages'), [])
    // The session goes on; the load does not.
    await assert.rejects(loadPackage(session, { ...LOADING, blockBytes: 239 }), refusal('LOAD', 0x6a84))
    assert.deepEqual(await readRegistry(session, 'packages'), [])
  })
}

/** How many commands it takes to load the package. */
async function countOf(line: ReturnType<typeof faultyLine>): Promise<number> {
  const session = await openOn(line)
  line.begin((answer) => answer)
  await loadPackage(session, LOADING)
  return line.sent.length
}

test('faults: over T=0 answers within the secure channel are fetched in class 00, each once', async () => {
  const line = cardLine({ scp: 'scp03' }, { protocol: 't0' })
  const session = await openOn(line, { level: 0x33 })
  line.sent.length = 0
  assert.equal((await readRegistry(session, 'domain'))?.length, 1)
  assert.equal(line.sent.length, 2)
  assert.match(line.sent[0] ?? '', /^84F28002/)
  assert.match(line.sent[1] ?? '', /^00C00000..$/)
})

test('faults: a second command while one is under way is refused, and the first is answered', async () => {
  const line = cardLine({ scp: 'scp03' })
  const session = await openOn(line)
  const first = session.send(STATUS)
  await assert.rejects(session.send(IIN), gpError('gp.session-over'))
  assert.equal((await first).sw, 0x9000)
  assert.equal((await session.send(IIN)).sw, 0x9000)
})
