import assert from 'node:assert/strict'
import test from 'node:test'
import type { Seid, Sen, SlotId } from '../../src/slots/identity.ts'
import {
  awaitable,
  type Candidate,
  fits,
  membershipOf,
  nextInTurn,
  rankOf,
  rulesOf,
  suits,
} from '../../src/slots/pool.ts'
import { hex } from '../support/hex-fields.ts'

const RULES = rulesOf({ sen: 'signer.example', members: ['sim3', 'key.com', 'sim1'] })

/** A slot as a pool sees it; its SEID is `sim` and its number. */
const slot = (id: number, changes: Partial<Candidate> = {}): Candidate => ({
  id: id as SlotId,
  seid: `sim${id}` as Seid,
  aliases: [],
  sen: undefined,
  aid: undefined,
  state: 'ready',
  holder: undefined,
  isOut: false,
  isAwaitable: true,
  isRouted: true,
  maxRecordBytes: 512,
  ...changes,
})

const named = (sen: string): Partial<Candidate> => ({ sen: sen as Sen })
const idsOf = (slots: readonly Candidate[]): number[] => slots.map(({ id }) => id)
const noneFailed = (recordBytes: number) => ({ recordBytes, failed: new Set<Candidate>() })

test('pool: a member is called by SEID, alias or name, and the first of these places is its own', () => {
  assert.equal(rankOf(RULES, slot(3)), 0)
  assert.equal(rankOf(RULES, slot(7, named('key.com'))), 1)
  assert.equal(rankOf(RULES, slot(7, { aliases: ['sim1' as Seid] })), 2)
  assert.equal(rankOf(RULES, slot(3, named('key.com'))), 0)
  assert.equal(rankOf(RULES, slot(7, named('KEY.com'))), Infinity)
  assert.equal(rankOf(RULES, slot(7)), Infinity)
})

test('pool: members are in the order of the rules, all elements of one name in that of arrival', () => {
  const slots = [slot(9, named('key.com')), slot(1), slot(2, named('key.com')), slot(3), slot(4)]
  const { members, misfits, shadowed } = membershipOf(RULES, slots)
  assert.deepEqual([idsOf(members), idsOf(misfits), idsOf(shadowed)], [[3, 2, 9, 1], [], []])
})

test('pool: who is absent or taken off the service plane is no member, who is mute or held is one', () => {
  const slots = [
    slot(1, { state: 'absent' }),
    slot(2, { ...named('key.com'), isRouted: false }),
    slot(3, { state: 'mute', isOut: true, isAwaitable: false }),
    slot(4, { ...named('key.com'), state: 'leased', holder: 'somebody' }),
  ]
  assert.deepEqual(idsOf(membershipOf(RULES, slots).members), [3, 4])
})

test('pool: another application than that of the first member that is there is left out', () => {
  const aid = hex('01 02 03 04 05')
  const slots = [slot(3, { aid }), slot(2, named('key.com')), slot(1, { aid: hex('01 02 03 04 05') })]
  const { members, misfits } = membershipOf(RULES, slots)
  assert.deepEqual([idsOf(members), idsOf(misfits)], [[3, 1], [2]])
  const later = membershipOf(RULES, [slot(3, { aid, state: 'absent' }), ...slots.slice(1)])
  assert.deepEqual([idsOf(later.members), idsOf(later.misfits)], [[2], [1]])
})

test('pool: its name shadows elements that have it for their own, members excepted', () => {
  const twin = rulesOf({ sen: 'twin', members: ['twin'] })
  assert.deepEqual(membershipOf(twin, [slot(1, named('twin'))]).shadowed, [])
  const outsider = slot(4, named('signer.example'))
  assert.deepEqual(idsOf(membershipOf(RULES, [slot(1), outsider]).shadowed), [4])
  const misfit = slot(2, { ...named('twin'), aid: hex('01 02 03 04 05') })
  assert.deepEqual(idsOf(membershipOf(twin, [slot(1, named('twin')), misfit]).shadowed), [2])
})

test('pool: a hello as large as the member takes fits, one byte more does not', () => {
  assert.ok(fits(slot(1), noneFailed(512)))
  assert.ok(!fits(slot(1), noneFailed(513)))
})

test('pool: a member that is out suits nobody, and is waited for only while the gateway is at work on it', () => {
  const out = slot(1, { isOut: true, isAwaitable: false })
  const tried = slot(2, { isOut: true })
  const small = slot(3, { maxRecordBytes: 400 })
  const members = [out, tried, small]
  assert.deepEqual(idsOf(members.filter((member) => suits(member, noneFailed(400)))), [3])
  assert.deepEqual(idsOf(awaitable(members, noneFailed(400))), [2, 3])
  assert.deepEqual(idsOf(awaitable(members, noneFailed(401))), [2])
  assert.deepEqual(idsOf(awaitable(members, { recordBytes: 400, failed: new Set(members) })), [])
})

test('pool: the turn is of the free member that has rested longest, those without a turn before in their order', () => {
  const [a, b, c] = [slot(1), slot(2), slot(3)]
  const turns = new Map<Candidate, number>()
  assert.equal(nextInTurn([a, b, c], turns), a)
  turns.set(a, 0)
  assert.equal(nextInTurn([a, b, c], turns), b)
  turns.set(b, 1).set(c, 2)
  assert.equal(nextInTurn([a, b, c], turns), a)
  assert.equal(nextInTurn([{ ...a, holder: 'somebody' }, b, c], turns), b)
  assert.equal(nextInTurn([{ ...a, holder: 'somebody' }], turns), undefined)
  assert.equal(nextInTurn([{ ...a, isOut: true }], turns), undefined)
})
