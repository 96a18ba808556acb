// One name for several elements: who belongs to a pool, whom a client can use, and whose turn it is. Pure.

import { hexOf } from '../base/hex.ts'
import type { Slot } from './slot.ts'

/** A pool as it is configured. */
export interface PoolConfig {
  /** The name that clients ask for; latin1, as every SEN. */
  readonly sen: string
  /** SEIDs, aliases and SENs; a SEN stands for every element of that name. Nobody need be there yet. */
  readonly members: readonly string[]
}

/** The same, to look names up in. */
export interface PoolRules {
  readonly sen: string
  /** What a member is called -> place among the members. */
  readonly ranks: ReadonlyMap<string, number>
}

/** What a pool looks at in a slot. */
export type Candidate = Pick<
  Slot,
  | 'id'
  | 'seid'
  | 'aliases'
  | 'sen'
  | 'aid'
  | 'state'
  | 'holder'
  | 'isOut'
  | 'isAwaitable'
  | 'isRouted'
  | 'maxRecordBytes'
>

export interface Membership<S> {
  /** In the order of the rules, then of arrival. */
  readonly members: readonly S[]
  /** Named by the rules, but with another application than the first member. */
  readonly misfits: readonly S[]
  /** Not members, but with the pool's name for their own: it does not lead to them. */
  readonly shadowed: readonly S[]
}

/** What a client needs of a member. */
export interface Needs<S> {
  /** The record of its ClientHello. */
  readonly recordBytes: number
  /** Members that have failed it before anything of its hello was sent. */
  readonly failed: ReadonlySet<S>
}

export function rulesOf({ sen, members }: PoolConfig): PoolRules {
  return { sen, ranks: new Map(members.map((member, index) => [member, index])) }
}

/** Place of `slot`, as it is called now, among the members; Infinity when the rules do not name it. */
export function rankOf({ ranks }: PoolRules, { seid, aliases, sen }: Candidate): number {
  const names = sen === undefined ? [seid, ...aliases] : [seid, ...aliases, sen]
  return Math.min(...names.map((name) => ranks.get(name) ?? Infinity))
}

/** Who of `slots` is in the pool now. */
export function membershipOf<S extends Candidate>(rules: PoolRules, slots: readonly S[]): Membership<S> {
  const present = slots.filter((slot) => slot.state !== 'absent' && slot.isRouted)
  const named = present
    .map((slot) => ({ slot, rank: rankOf(rules, slot) }))
    .filter(({ rank }) => rank !== Infinity)
    .sort((a, b) => a.rank - b.rank || a.slot.id - b.slot.id)
    .map(({ slot }) => slot)
  const [first] = named
  const application = first && applicationOf(first)
  const members = new Set(named.filter((slot) => applicationOf(slot) === application))
  return {
    members: [...members],
    misfits: named.filter((slot) => !members.has(slot)),
    shadowed: present.filter((slot) => slot.sen === rules.sen && !members.has(slot)),
  }
}

/** Whether `member` could serve a client if it answers. */
export function fits<S extends Candidate>(member: S, { recordBytes, failed }: Needs<S>): boolean {
  return member.maxRecordBytes >= recordBytes && !failed.has(member)
}

/** Whether a client is to have `member` when it is free. */
export function suits<S extends Candidate>(member: S, needs: Needs<S>): boolean {
  return fits(member, needs) && !member.isOut
}

/** The members that a client may wait for. */
export function awaitable<S extends Candidate>(members: readonly S[], needs: Needs<S>): S[] {
  return members.filter((member) => fits(member, needs) && member.isAwaitable)
}

/** The one of `members` that is free and whose last turn is the longest ago; the first of those with none. */
export function nextInTurn<S extends Candidate>(
  members: readonly S[],
  turns: ReadonlyMap<S, number>,
): S | undefined {
  const turnOf = (slot: S): number => turns.get(slot) ?? -1
  return members
    .filter((slot) => slot.holder === undefined && !slot.isOut)
    .reduce<S | undefined>((best, slot) => (best && turnOf(best) <= turnOf(slot) ? best : slot), undefined)
}

/** The application as an operator writes it. */
export function applicationOf({ aid }: Candidate): string {
  return aid === undefined ? 'default' : hexOf(aid)
}
