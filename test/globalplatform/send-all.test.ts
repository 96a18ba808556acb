// Several commands in one go: what they say, who their answers belong to, and what a refusal in the middle leaves.

import assert from 'node:assert/strict'
import test from 'node:test'
import { hexOf } from '../../src/base/hex.ts'
import { readCap } from '../../src/globalplatform/cap/cap.ts'
import { demoCap } from '../../src/globalplatform/cap/demo.ts'
import type { TransmitAll } from '../../src/globalplatform/exchange.ts'
import { loadPackage } from '../../src/globalplatform/operations.ts'
import { readRegistry } from '../../src/globalplatform/registry.ts'
import { type CardLine, cardLine, IIN, isOver, openOn, refusal, STATUS } from '../support/gp-card.ts'
import { hex } from '../support/hex-fields.ts'

const LEVELS = [0x00, 0x01, 0x03, 0x11, 0x13, 0x33] as const

/** One after the other until one is not answered by 9000, as a gateway does it under CONTINUE=9000. */
function allOver(line: CardLine): TransmitAll {
  return async (commands) => {
    const answers: Uint8Array[] = []
    for (const command of commands) {
      const answer = await line.transmit(command)
      answers.push(answer)
      if (hexOf(answer.subarray(-2)) !== '9000') break
    }
    return answers
  }
}

for (const level of LEVELS) {
  test(`send all: each answer is that of its command, level ${hexOf(Uint8Array.of(level))}`, async () => {
    const commands = [STATUS, IIN, STATUS, IIN]
    const apart = await openOn(cardLine({ scp: 'scp03' }), { level })
    const expected = []
    for (const command of commands) expected.push(await apart.send(command))
    const line = cardLine({ scp: 'scp03' })
    const session = await openOn(line, { level })
    const answers = await session.sendAll(commands, allOver(line))
    assert.deepEqual(
      answers.map(({ data, sw }) => [hexOf(data), sw]),
      expected.map(({ data, sw }) => [hexOf(data), sw]),
    )
    // It goes on as if they had been sent apart.
    assert.equal((await session.send(STATUS)).sw, 0x9000)
  })
}

test('send all: after a refusal in the middle nothing was sent, and nothing can be', async () => {
  const line = cardLine({ scp: 'scp03' })
  const session = await openOn(line)
  const before = line.sent.length
  const unknown = { ...IIN, p2: 0x99 }
  const answers = await session.sendAll([STATUS, unknown, STATUS, STATUS], allOver(line))
  assert.deepEqual(
    answers.map(({ sw }) => sw),
    [0x9000, 0x6a88],
  )
  assert.equal(line.sent.length, before + 2)
  await isOver(session, line.sent)
})

test('send all: answers in another order are not taken', async () => {
  const line = cardLine({ scp: 'scp03' })
  const session = await openOn(line)
  const swapped: TransmitAll = async (commands) => (await allOver(line)(commands)).toReversed()
  await assert.rejects(session.sendAll([STATUS, IIN], swapped), { code: 'gp.wrong-mac' })
  await isOver(session, line.sent)
})

test('send all: without a way to send several, one goes after the other', async () => {
  const line = cardLine({ scp: 'scp03' })
  const session = await openOn(line)
  const answers = await session.sendAll([STATUS, { ...IIN, p2: 0x99 }, STATUS])
  assert.deepEqual(
    answers.map(({ sw }) => sw),
    [0x9000, 0x6a88],
  )
  assert.equal((await session.send(STATUS)).sw, 0x9000)
})

test('load: in one go as block by block; a refusal says which block, and the package is not there', async () => {
  const { loadFileData } = await readCap(await demoCap())
  const loading = {
    package: hex('0102030405'),
    domain: hex('A000000151000000'),
    loadFileData,
    blockBytes: 16,
  }
  const line = cardLine({ scp: 'scp03' })
  const session = await openOn(line)
  const steps: string[] = []
  const onProgress = (done: number, total: number): number => steps.push(`${done}/${total}`)
  await loadPackage(session, { ...loading, transmitAll: allOver(line), onProgress })
  assert.deepEqual(steps, ['8/12', '12/12'])
  assert.deepEqual(
    (await readRegistry(session, 'packages'))?.map(({ aid }) => aid),
    ['0102030405'],
  )
  const small = cardLine({ scp: 'scp03' }, { memoryBytes: 100 })
  const refused = await openOn(small)
  await assert.rejects(loadPackage(refused, { ...loading, transmitAll: allOver(small) }), {
    ...refusal('LOAD', 0x6a84),
    message: 'LOAD, block 7 of 12: 6A84',
  })
  await isOver(refused, small.sent)
})
