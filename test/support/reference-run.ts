// The set-up in which the transcripts of the reference server were recorded, in our words.

import type { UserRules } from '../../src/access/user.ts'
import { systemClock } from '../../src/base/clock.ts'
import type { DialectName } from '../../src/racs/dialect.ts'
import { RacsPeer, RacsPlane } from './racs-plane.ts'
import { allowing, filterOf, rulesOf } from './rules.ts'
import { TranscriptCard } from './transcript-card.ts'

const APPLICATION = '010203040500'

/** Where the reference lets any application pass because an element has no policy file, only what is named may. */
export const REFERENCE_USERS: readonly UserRules[] = [
  {
    name: 'client',
    cn: 'client',
    role: 'user',
    seids: ['999', '0', '1', '2', '3', 'key1', 'ghost'],
    ...rulesOf(allowing(APPLICATION)),
    elements: new Map([
      ['1', rulesOf()],
      ['2', rulesOf({ ...allowing(APPLICATION), filters: [filterOf('00FF0000 00200000', APPLICATION)] })],
    ]),
  },
  {
    name: 'client2',
    cn: 'client2',
    role: 'user',
    seids: ['0', '2'],
    ...rulesOf(allowing('1111111111')),
    elements: new Map(),
  },
  { name: 'alluser', cn: 'alluser', role: 'user', seids: '*', ...rulesOf(), elements: new Map() },
]

export interface ReferenceRun extends AsyncDisposable {
  readonly plane: RacsPlane
  readonly cards: readonly TranscriptCard[]
}

export async function referenceRun(
  dialect: DialectName = 'reference',
  apduTimeoutMs = 5_000,
): Promise<ReferenceRun> {
  const cards = [1, 2, 3, 4].map((n) => new TranscriptCard(`card${n}`, `key${n}.com`, systemClock))
  const aliases = [['999', 'key1'], ['key2'], [], []]
  const elements = cards.map((element, n) => ({ element, seid: String(n), aliases: aliases[n] ?? [] }))
  const plane = await RacsPlane.start({ dialect, users: REFERENCE_USERS, elements, apduTimeoutMs })
  return { plane, cards, [Symbol.asyncDispose]: () => plane[Symbol.asyncDispose]() }
}

/** The set-up with a client in it. */
export async function openRun(dialect: DialectName, cn = 'client') {
  const run = await referenceRun(dialect)
  const peer = await RacsPeer.open(run.plane.port, cn)
  return {
    ...run,
    peer,
    async [Symbol.asyncDispose]() {
      await peer[Symbol.asyncDispose]()
      await run[Symbol.asyncDispose]()
    },
  }
}
