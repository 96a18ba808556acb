// Any commands, any level, one fault at any place. fast-check prints the seed and the path of a run that fails.

import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { hexOf } from '../../src/base/hex.ts'
import { GlobalPlatformError } from '../../src/globalplatform/errors.ts'
import type { PlainCommand } from '../../src/globalplatform/protection.ts'
import type { SecureSession } from '../../src/globalplatform/session.ts'
import { type CardLine, cardLine, flipped, gpError, lineTo, openOn, wrappedOf } from '../support/gp-card.ts'
import { hex } from '../support/hex-fields.ts'

const PACKAGE = '05 0102030405'
const COMMANDS: readonly PlainCommand[] = [
  { ins: 0xf2, p1: 0x80, p2: 0x02, data: hex('4F00') },
  { ins: 0xf2, p1: 0x40, p2: 0x02, data: hex('4F00') },
  { ins: 0xf2, p1: 0x80, p2: 0x07, data: hex('4F00') },
  { ins: 0xca, p1: 0x00, p2: 0x42 },
  { ins: 0xca, p1: 0x9f, p2: 0x7f },
  { ins: 0xca, p1: 0x00, p2: 0x43 },
  { ins: 0xe6, p1: 0x02, p2: 0x00, data: hex(`${PACKAGE} 00 00 00 00`) },
  { ins: 0xe8, p1: 0x00, p2: 0x00, data: new Uint8Array(239).fill(0xc4) },
  { ins: 0xe4, p1: 0x00, p2: 0x00, data: hex(`4F ${PACKAGE}`) },
]

/** What the host cannot but notice, whatever the level is. */
const LOSSES = [
  'command lost',
  'answer lost',
  'no status word',
  'command damaged',
  '6982',
  '6983',
  '6988',
] as const
/** What it notices by the MAC of the answer. */
const FORGERIES = ['bit flipped', 'answer repeated', 'answer cut off'] as const

const LEVELS = [
  { scp: 'scp02', level: 0x01, kinds: LOSSES },
  { scp: 'scp02', level: 0x03, kinds: LOSSES },
  { scp: 'scp03', level: 0x01, kinds: LOSSES },
  { scp: 'scp03', level: 0x03, kinds: LOSSES },
  { scp: 'scp03', level: 0x11, kinds: [...LOSSES, ...FORGERIES] },
  { scp: 'scp03', level: 0x13, kinds: [...LOSSES, ...FORGERIES] },
  { scp: 'scp03', level: 0x33, kinds: [...LOSSES, ...FORGERIES] },
] as const

const cases = fc.record({
  setting: fc.constantFrom(...LEVELS),
  protocol: fc.constantFrom('t0' as const, 't1' as const),
  commands: fc.array(fc.nat(COMMANDS.length - 1), { minLength: 2, maxLength: 12 }),
  /** Which of the wrapped commands meets the fault. */
  place: fc.nat(11),
  kind: fc.nat(),
  /** Which bit, or how much is left. */
  where: fc.nat(),
})

type Kind = (typeof LOSSES)[number] | (typeof FORGERIES)[number]

class Lost extends Error {}

/** A line whose fault comes with the wrapped command number `place`, or as soon after as it can. */
function faultyLine(line: CardLine, kind: Kind, { place, where }: { place: number; where: number }) {
  let wrapped = -1
  let before: Uint8Array | undefined
  let faultAt: number | undefined
  const faulty = lineTo((command) => {
    if (command[0] === 0x84 && command[1] !== 0x82) wrapped++
    const isDue = wrapped >= place && faultAt === undefined
    const received = isDue ? atCard(command, kind, where) : command
    const answer = received === undefined ? undefined : line.card.process(received).response
    const changed = isDue && answer !== undefined ? changedAnswer(answer, kind, { before, where }) : undefined
    if (isDue && (received !== command || changed !== undefined)) faultAt = faulty.sent.length
    if (answer === undefined || changed === 'lost') throw new Lost()
    if (answer.length > 2) before = answer
    return changed ?? answer
  })
  return { ...faulty, faultAt: () => faultAt }
}

/** What the card is asked; undefined: nothing. */
function atCard(command: Uint8Array, kind: Kind, where: number): Uint8Array | undefined {
  if (kind === 'command lost') return undefined
  if (kind !== 'command damaged' || command[0] !== 0x84) return command
  // Data and MAC. The header is another matter: it may make a command of it that needs no session.
  return flipped(command, 40 + (where % ((command.length - 6) * 8)))
}

/** Undefined where this fault cannot be: what has no MAC can be forged by anybody. */
function changedAnswer(
  answer: Uint8Array,
  kind: Kind,
  { before, where }: { before: Uint8Array | undefined; where: number },
): Uint8Array | 'lost' | undefined {
  if (kind === 'answer lost') return 'lost'
  if (kind === 'no status word') return answer.subarray(0, where % 2)
  if (kind === '6982' || kind === '6983' || kind === '6988') return hex(kind)
  const data = answer.subarray(0, -2)
  if (data.length === 0) return undefined
  // The status word as it was: another one might ask for GET RESPONSE.
  if (kind === 'bit flipped') return flipped(answer, where % (data.length * 8))
  if (kind === 'answer cut off')
    return Uint8Array.of(...data.subarray(0, where % data.length), ...answer.subarray(-2))
  return kind === 'answer repeated' ? before : undefined
}

/** @returns whether the session has ended */
async function isEndedBy(session: SecureSession, command: PlainCommand): Promise<boolean> {
  try {
    const { sw } = await session.send(command)
    return sw === 0x6982 || sw === 0x6983 || sw === 0x6988
  } catch (error) {
    const isExpected = error instanceof GlobalPlatformError || error instanceof Lost
    assert.ok(isExpected, String(error))
    return true
  }
}

test('faults: no wrapped command is ever sent twice, and after the first fault none at all', async () => {
  const seen = new Set<string>()
  const property = fc.asyncProperty(cases, async ({ setting, protocol, commands, place, kind, where }) => {
    const { scp, level, kinds } = setting
    const fault = kinds[kind % kinds.length] ?? 'answer lost'
    const line = faultyLine(cardLine({ scp }, { protocol }), fault, { place, where })
    const session = await openOn(line, { level })
    let ended: number | undefined
    for (const index of commands) {
      const isEnded = await isEndedBy(session, COMMANDS[index] ?? assert.fail())
      if (isEnded) ended ??= line.sent.length
      assert.ok(ended === undefined || line.faultAt() !== undefined, 'ended without a fault')
    }
    const wrapped = wrappedOf(line.sent)
    assert.equal(new Set(wrapped).size, wrapped.length, 'a wrapped command was sent twice')
    const at = line.faultAt()
    if (at === undefined) {
      assert.equal(wrapped.length, commands.length + 1)
      return
    }
    seen.add(`${fault} ${hexOf(Uint8Array.of(level))}`)
    assert.equal(wrappedOf(line.sent.slice(at)).length, 0, `sent after: ${fault}`)
    assert.notEqual(ended, undefined, `not noticed: ${fault}`)
    await assert.rejects(session.send(COMMANDS[0] ?? assert.fail()), gpError('gp.session-over'))
    assert.equal(line.sent.length, ended)
  })
  await fc.assert(property, { numRuns: 600, seed: 20261129 })
  // Each kind of fault was met at each level that knows it.
  const wanted = LEVELS.reduce((levels, { level, kinds }) => {
    for (const kind of kinds) levels.add(`${kind} ${hexOf(Uint8Array.of(level))}`)
    return levels
  }, new Set<string>())
  assert.deepEqual(
    [...wanted].filter((each) => !seen.has(each)),
    [],
  )
})
