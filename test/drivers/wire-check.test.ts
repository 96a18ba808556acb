// A look at an idle element at the end of a wire: what is asked, and what comes of an answer that is none.

import assert from 'node:assert/strict'
import test from 'node:test'
import { codeOf } from '../../src/base/errors.ts'
import { hexOf } from '../../src/base/hex.ts'
import { dialectOf, type FramingName, type Medium } from '../../src/drivers/dialects.ts'
import { RESPONSE_BYTES } from '../../src/drivers/driver.ts'
import type { Link } from '../../src/drivers/link.ts'
import { WireElement } from '../../src/drivers/wire-element.ts'
import { type WireCard, type WireCardOptions, wireCardOf } from '../../src/simulator/wire-card.ts'
import { hex } from '../support/hex-fields.ts'
import { JumpingClock } from '../support/jumping-clock.ts'
import { Random } from '../support/random.ts'
import { withEdc } from '../support/t1-bench.ts'
import { FRAMES } from '../support/t1-vectors.ts'
import { roteCard } from '../support/wire-bench.ts'

const FAR = 1e9

/** What is asked, with its EDC: ISO/IEC 7816-3, T=1 rule 4; test/vectors/t1-blocks.txt, sections B, D, E and F. */
const QUESTIONS: Readonly<Record<FramingName, string>> = {
  iso: '00 C1 01 | 20 | E0',
  nxp: '5A C1 01 | FE | 09 A2',
  gp: '21 C1 00 02 | 0F F9 | 6A C9',
  bridge: '5A C0 02 | AA 55 | 7B 2F',
}

const T1_FRAMINGS = ['iso', 'nxp', 'gp'] as const
const PLACES: readonly (readonly [FramingName, Medium])[] = [
  ['iso', 'i2c'],
  ['nxp', 'i2c'],
  ['nxp', 'spi'],
  ['gp', 'i2c'],
  ['gp', 'spi'],
  ['bridge', 'i2c'],
]

const S_IFS = 0xc1
const SAME_IFSD = { iso: '00 E1 01 | 20', nxp: 'A5 E1 01 | FE', gp: '12 E1 00 02 | 0F F9' }
const OTHER_IFSD = { iso: '00 E1 01 | 1F', nxp: 'A5 E1 01 | FD', gp: '12 E1 00 01 | FE' }
const R_BLOCK = { iso: '00 80 00', nxp: 'A5 80 00', gp: '12 80 00 00' }

/** A freshly reset element on a simulated chip whose wire can be cut, or bring something else. */
async function benchOf(framing: FramingName, medium: Medium, options: Partial<WireCardOptions> = {}) {
  const clock = new JumpingClock()
  const busy = medium === 'i2c' && framing !== 'bridge' ? 'nack' : 'zero-bytes'
  const card = wireCardOf({ framing, medium, card: roteCard(), clock, latency: () => 0, busy, ...options })
  const written: string[] = []
  let [reads, wire]: [number, Pick<WireCard, 'read' | 'write'>] = [0, card]
  const link: Link = {
    name: 'chip',
    isRefusable: medium === 'i2c',
    adjust: () => undefined,
    write(bytes) {
      clock.pass(0.1)
      written.push(hexOf(bytes))
      return Promise.resolve(wire.write(bytes) ? 'done' : 'busy')
    },
    read(into) {
      clock.pass(0.1)
      reads++
      const bytes = wire.read(into.length)
      into.set(bytes ?? [])
      return Promise.resolve(bytes === undefined ? 'busy' : 'done')
    },
    reset() {
      card.reset()
      return Promise.resolve('reset')
    },
  }
  const element = new WireElement({ name: 'chip', link, clock, dialect: dialectOf(framing, medium) })
  await element.reset('cold', FAR)
  return {
    ...{ clock, card, element },
    reconnect: (other: Pick<WireCard, 'read' | 'write'> = card) => (wire = other),
    /** What `work` writes, and how often it reads. */
    during: async (work: () => Promise<unknown>) => {
      const [before, readsBefore] = [written.length, reads]
      await work()
      return { written: written.slice(before), reads: reads - readsBefore }
    },
    send: async (commandBytes = 5): Promise<string> => {
      const response = new Uint8Array(RESPONSE_BYTES)
      const length = await element.transmit(element.scratch.subarray(0, commandBytes), response, FAR)
      return hexOf(response.subarray(0, length))
    },
  }
}

/** Answers each write with the same block, given without its EDC; the first `damaged` times it arrives damaged. */
function parrot(framing: FramingName, block: string, damaged = 0): Pick<WireCard, 'read' | 'write'> {
  const whole = withEdc(FRAMES[framing]!, hex(block))
  let [left, at] = [damaged, 0]
  return {
    write() {
      at = 0
      return true
    },
    read: (length) =>
      Uint8Array.from({ length }, () => {
        const byte = whole[at++] ?? 0
        return at === whole.length && left-- > 0 ? byte ^ 0xff : byte
      }),
  }
}

for (const [framing, medium] of PLACES) {
  const place = `${framing} on ${medium}`

  test(`wire check: over ${place} an element is asked one question that it answers`, async () => {
    const { element, during } = await benchOf(framing, medium)
    const { written } = await during(() => element.check(FAR))
    assert.deepEqual(written, [hexOf(hex(QUESTIONS[framing]))])
  })

  test(`wire check: over ${place} commands before and after it are answered`, async () => {
    const { card, element, send } = await benchOf(framing, medium)
    for (let n = 1; n <= 4; n++) {
      assert.equal(await send(), '9000')
      await element.check(FAR)
      assert.equal(card.executed.length, n)
    }
  })

  const cuts = {
    acknowledges: { write: () => true, read: (length: number) => new Uint8Array(length) },
    'does not acknowledge': { write: () => false, read: () => undefined },
  }
  for (const [manner, cut] of Object.entries(cuts)) {
    test(`wire check: over ${place} who ${manner} and says nothing has failed by the deadline`, async () => {
      const { clock, element, during, reconnect, send } = await benchOf(framing, medium)
      reconnect(cut)
      const deadline = clock.now() + 500
      await assert.rejects(element.check(deadline), (error) => /^(t1|link)\./.test(codeOf(error)))
      assert.ok(clock.now() < deadline + 20, `${clock.now() - deadline} ms late`)
      // It is back, but takes nothing before a reset.
      reconnect()
      const { written } = await during(async () => {
        await assert.rejects(send(), { code: 'element.mute' })
        await assert.rejects(element.check(FAR), { code: 'element.mute' })
      })
      assert.deepEqual(written, [])
      await element.reset('cold', FAR)
      await element.check(FAR)
      assert.equal(await send(), '9000')
    })
  }
}

for (const framing of T1_FRAMINGS) {
  test(`wire check: between two chains over ${framing} the numbers of I-blocks go on (rules 2.1 and 2.2)`, async () => {
    const responses = [1, 2].map((n) => Uint8Array.of(...new Uint8Array(256).fill(n), 0x90, 0x00))
    const { card, element, during, send } = await benchOf(framing, 'i2c', {
      ...{ ifsc: 32, card: roteCard(responses) },
    })
    const answers: string[] = []
    const { written } = await during(async () => {
      answers.push(await send(80))
      await element.check(FAR)
      answers.push(await send(80))
    })
    assert.deepEqual(answers, responses.map(hexOf))
    assert.equal(card.executed.length, 2)
    const pcbs = written.map((block) => Number.parseInt(block.slice(2, 4), 16)).filter((pcb) => !isR(pcb))
    assert.deepEqual(pcbs, [0x20, 0x60, 0x00, S_IFS, 0x60, 0x20, 0x40])
  })

  test(`wire check: over ${framing} a question whose answer is damaged is asked again (rule 7.3)`, async () => {
    const { element, during, reconnect } = await benchOf(framing, 'i2c')
    reconnect(parrot(framing, SAME_IFSD[framing], 2))
    const question = hexOf(hex(QUESTIONS[framing]))
    const { written } = await during(() => element.check(FAR))
    assert.deepEqual(written, [question, question, question])
  })

  for (const [what, block, damaged, code] of [
    ['another IFSD than asked', OTHER_IFSD[framing], 0, 't1.sequence'],
    ['an answer that is always damaged', SAME_IFSD[framing], Infinity, 't1.edc'],
    ['an acknowledgement for ever', R_BLOCK[framing], 0, 't1.sequence'],
  ] as const) {
    test(`wire check: over ${framing} ${what} is no answer, and three questions are enough`, async () => {
      const { element, during, reconnect, send } = await benchOf(framing, 'i2c')
      reconnect(parrot(framing, block, damaged))
      const { written } = await during(() => assert.rejects(element.check(FAR), { code }))
      assert.deepEqual(written, new Array<string>(3).fill(hexOf(hex(QUESTIONS[framing]))))
      reconnect()
      await assert.rejects(send(), { code: 'element.mute' })
    })
  }
}

for (const [what, block, damaged, code] of [
  ['echo of something else', 'A5 C0 02 | AA 56', 0, 't1.sequence'],
  ['shorter echo', 'A5 C0 01 | AA', 0, 't1.sequence'],
  ['damaged echo, twice,', 'A5 C0 02 | AA 55', Infinity, 't1.edc'],
  ['report of an error', 'A5 82 00', 0, 't1.aborted'],
] as const) {
  test(`wire check: a ${what} of the bridge is no answer`, async () => {
    const { element, reconnect, send } = await benchOf('bridge', 'i2c')
    reconnect(parrot('bridge', block, damaged))
    await assert.rejects(element.check(FAR), { code })
    reconnect()
    await assert.rejects(send(), { code: 'element.mute' })
  })
}

test('wire check: what comes back from a wire is noise, and the check ends', async () => {
  for (const [framing, medium] of PLACES) {
    for (let seed = 1; seed <= 50; seed++) {
      const { clock, element, reconnect } = await benchOf(framing, medium)
      const random = new Random(seed)
      reconnect({
        write: () => true,
        read: (length) => Uint8Array.from({ length }, () => random.int(256)),
      })
      const deadline = clock.now() + 1000
      await assert.rejects(element.check(deadline), (error) => /^(t1|link)\./.test(codeOf(error)))
      assert.ok(clock.now() < deadline + 20, `seed ${seed}: ${clock.now() - deadline} ms late`)
    }
  }
})

test('wire check: what is learnt of a command, and when to ask for its answer, is not touched', async () => {
  const { element, during, send } = await benchOf('nxp', 'i2c', { latency: () => 40 })
  for (let n = 0; n < 20; n++) await send()
  const { reads } = await during(() => send())
  for (let n = 0; n < 20; n++) await element.check(FAR)
  assert.equal((await during(() => send())).reads, reads)
})

function isR(pcb: number): boolean {
  return (pcb & 0xc0) === 0x80
}
