// The APDU firewall of the administration plane: nothing before a SELECT, only allowed applications, no filtered
// command. It knows what is selected by what passed through it, separately for each logical channel.

import { createHash } from 'node:crypto'
import { commandOf } from '../apdu/command.ts'
import { hexOf } from '../base/hex.ts'
import { AccessError } from './errors.ts'
import {
  CLA_INVALID,
  channelLeftBy,
  channelOf,
  channelOpenedBy,
  claOf,
  headerOf,
  isMove,
  isPlainSelect,
  isSelectByName,
  isSelectOfFirst,
} from './header.ts'
import { type Candidates, isBlocked, Judge } from './judge.ts'
import type { Filter, User } from './user.ts'

/**
 * What one holder has selected on one element; a new lease starts with a new one. The user may be another object
 * at each call, with other rules: they judge what is selected then.
 */
export class Firewall {
  readonly #seids: readonly string[]
  readonly #selections = new Map<number, Selection>()
  #judge: Judge | undefined

  /** @param seids  every SEID of the element: its own and its aliases */
  constructor(seids: readonly string[]) {
    this.#seids = [...seids]
  }

  /**
   * Returns when `command` may be sent. Whether the user may use `seid` at all is not asked here.
   * @param seid  the name by which the element was addressed
   * @throws AccessError access.no-aid | access.filtered, before anything is sent
   */
  check(user: User, seid: string, command: Uint8Array): void {
    const header = headerOf(command)
    if (claOf(header) === CLA_INVALID)
      throw new AccessError('access.filtered', 'class FF is not for elements')
    const judge = this.#judgeFor(user)
    const channel = channelOf(header)
    const selection = this.#selectionOn(channel, judge)
    const isOpen = selection?.seid === seid && selection.isAllowed
    // Without a selection, only the one plain form is a SELECT.
    if (!isOpen && !isPlainSelect(header))
      throw new AccessError('access.no-aid', reasonOf(selection, seid, channel))
    if (isSelectByName(header)) checkSelect(judge, header, command)
    if (isBlocked(header, selection?.filters ?? judge.filtersOf(NOTHING))) {
      throw new AccessError('access.filtered', 'blocked by a filter')
    }
  }

  /**
   * Tells what the element finally answered to a command that was checked.
   * @param sw  the status word; 0 when there was no answer
   */
  answered(user: User, seid: string, command: Uint8Array, sw: number): void {
    const header = headerOf(command)
    if (isSelectByName(header)) this.#selectAnswered(user, seid, command, sw)
    else if (isMove(header)) this.#moved(user, command, sw)
    const left = channelLeftBy(header)
    // Whatever it answered: without a selection the next command must be a SELECT, which is always safe.
    if (left !== undefined) this.#forget(left)
    const opened = channelOpenedBy(header)
    if (opened !== undefined && isAccepted(sw)) this.#forget(opened)
  }

  /** Tells that the element was reset, within the lease: the default application is selected now. */
  wasReset(user: User): void {
    const judge = this.#judgeFor(user)
    const basic = this.#selections.get(0)
    this.#selections.clear()
    if (basic === undefined || judge.hasAidRules || judge.hasFilters) return
    this.#selections.set(0, selectionOf({ seid: basic.seid, candidates: 'unknown', path: '' }, judge))
  }

  /** Where `command` goes, as far as the firewall knows. */
  placeOf(command: Uint8Array): Place {
    return this.#selections.get(channelOf(headerOf(command))) ?? NOWHERE
  }

  #selectAnswered(user: User, seid: string, command: Uint8Array, sw: number): void {
    const header = headerOf(command)
    const aid = aidOf(header, command)
    const judge = this.#judgeFor(user)
    const channel = channelOf(header)
    if (isAccepted(sw)) {
      const candidates = aid === undefined ? 'unknown' : new Set([aid])
      this.#selections.set(channel, selectionOf({ seid, candidates, path: '' }, judge))
      return
    }
    const before = this.#selections.get(channel)
    if (before === undefined) return
    // Elements differ: after a SELECT that failed, the old application may be there, or the new one.
    const candidates = union(before.candidates, aid)
    const path = pathAfter(before.path, command, sw)
    this.#selections.set(channel, selectionOf({ seid: before.seid, candidates, path }, judge))
  }

  #moved(user: User, command: Uint8Array, sw: number): void {
    const channel = channelOf(headerOf(command))
    const before = this.#selectionOn(channel, this.#judgeFor(user))
    if (before === undefined) return
    this.#selections.set(channel, { ...before, path: pathAfter(before.path, command, sw) })
  }

  #forget(channel: number | 'all'): void {
    if (channel === 'all') this.#selections.clear()
    else this.#selections.delete(channel)
  }

  #judgeFor(user: User): Judge {
    if (this.#judge?.user !== user) this.#judge = new Judge(user, this.#seids)
    return this.#judge
  }

  #selectionOn(channel: number, judge: Judge): Selection | undefined {
    const selection = this.#selections.get(channel)
    if (selection === undefined || selection.judge === judge) return selection
    const judged = selectionOf(selection, judge)
    this.#selections.set(channel, judged)
    return judged
  }
}

/** What is selected on one channel. */
export interface Place {
  /** The applications of which one is selected. */
  readonly candidates: Candidates
  /**
   * What was done since it was selected to choose a file or a key in it, and how it ended, as 16 hex digits; empty:
   * nothing. After equal steps with equal answers the same file and key are chosen.
   */
  readonly path: string
}

/** That, and how `judge` sees it. */
interface Selection extends Place {
  readonly seid: string
  readonly judge: Judge
  readonly isAllowed: boolean
  readonly filters: readonly Filter[]
}

function selectionOf(
  { seid, candidates, path }: Pick<Selection, 'seid' | 'candidates' | 'path'>,
  judge: Judge,
): Selection {
  const isAllowed = judge.allowsAll(candidates)
  return { seid, candidates, path, judge, isAllowed, filters: judge.filtersOf(candidates) }
}

function pathAfter(path: string, command: Uint8Array, sw: number): string {
  const step = createHash('sha256')
    .update(`${path} ${hexOf(command)} ${sw}`)
    .digest('hex')
  return step.slice(0, PATH_DIGITS).toUpperCase()
}

function checkSelect(judge: Judge, header: number, command: Uint8Array): void {
  if (!judge.hasAidRules) return
  const aid = aidOf(header, command)
  if (judge.allows(aid)) return
  if (aid === undefined) throw new AccessError('access.filtered', 'a SELECT that cannot be judged')
  const name = aid === '' ? 'the default application' : `application ${aid.slice(0, MAX_SHOWN_DIGITS)}`
  throw new AccessError('access.filtered', `${name} is not allowed`)
}

/** The AID that a SELECT by name asks for, or undefined when the gateway cannot tell. */
function aidOf(header: number, command: Uint8Array): string | undefined {
  const parsed = isSelectOfFirst(header) ? commandOf(command) : undefined
  return parsed === undefined ? undefined : hexOf(parsed.data)
}

function union(candidates: Candidates, aid: string | undefined): Candidates {
  if (candidates === 'unknown' || aid === undefined) return 'unknown'
  if (candidates.has(aid)) return candidates
  return candidates.size < MAX_CANDIDATES ? new Set([...candidates, aid]) : 'unknown'
}

/** A warning (62xx, 63xx) comes with a selection, too. */
function isAccepted(sw: number): boolean {
  return sw === 0x9000 || [0x61, 0x62, 0x63, 0x9f].includes(sw >> 8)
}

function reasonOf(selection: Selection | undefined, seid: string, channel: number): string {
  const where = `channel ${channel}`
  if (selection === undefined) return `no AID has been selected on ${where}`
  if (selection.seid !== seid) return `no AID has been selected on ${where} under this SEID`
  return `what is selected on ${where} is not allowed`
}

const NOTHING: Candidates = new Set()
const NOWHERE: Place = { candidates: 'unknown', path: '' }
const PATH_DIGITS = 16
/** SELECTs in a row that failed; beyond, every filter applies. Bounds memory and the work of judging. */
const MAX_CANDIDATES = 256
const MAX_SHOWN_DIGITS = 32
