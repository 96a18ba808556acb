import assert from 'node:assert/strict'
import { AccessError } from '../../src/access/errors.ts'
import { Firewall } from '../../src/access/firewall.ts'
import type { AidRules, Filter, User } from '../../src/access/user.ts'
import { hexOf } from '../../src/base/hex.ts'
import { mutate } from '../support/mutate.ts'
import type { Random } from '../support/random.ts'
import { userOf } from '../support/rules.ts'
import type { FuzzTarget } from './target.ts'

/**
 * Whatever a user sends in whatever order: an element with several applications and channels, as lenient as one can
 * be, never gets a command for an application that the user's rules forbid, nor one that a filter blocks.
 */
export const firewall: FuzzTarget = {
  name: 'firewall',
  run(random) {
    const card = new LenientCard(random)
    const wall = new Firewall([SEID])
    let rules = rulesFrom(random)
    for (let step = 0; step < 24; step++) {
      // A reload: other rules, or the same again.
      if (random.oneIn(12)) rules = random.oneIn(2) ? rulesFrom(random) : { ...rules, user: rulesUser(rules) }
      if (random.oneIn(16)) {
        card.reset()
        wall.wasReset(rules.user)
      }
      const command = commandFrom(random)
      if (!passes(wall, rules.user, command)) continue
      checkPassed(rules, card, command)
      wall.answered(rules.user, SEID, command, card.transmit(command))
    }
  },
}

interface Judged {
  readonly aids: AidRules | undefined
  readonly filters: readonly Filter[]
  readonly user: User
}

function rulesFrom(random: Random): Judged {
  const list = APPLICATIONS.filter(() => random.oneIn(2))
  const aids = random.pick([undefined, { allow: list }, { deny: list }])
  const filters = Array.from({ length: random.int(3) }, () => {
    const mask = random.pick([0xffff0000, 0x00ff0000, 0xffffffff, 0xff000000, random.u32()])
    const header = (random.pick(CLASSES) << 24) | (random.pick(INSTRUCTIONS) << 16) | random.int(4)
    return { aid: random.pick([undefined, ...APPLICATIONS]), mask, value: (header & mask) >>> 0 }
  })
  return { aids, filters, user: rulesUser({ aids, filters }) }
}

function rulesUser({ aids, filters }: Pick<Judged, 'aids' | 'filters'>): User {
  return userOf({ aids, filters })
}

function commandFrom(random: Random): Uint8Array {
  const aid = Buffer.from(random.pick(APPLICATIONS), 'hex')
  const data = random.oneIn(3) ? aid.subarray(0, random.int(aid.length + 1)) : aid
  const channel = random.pick([0, 0, 0, 1, 3, 0x40])
  switch (random.int(6)) {
    case 0:
    case 1:
      return Uint8Array.from([channel, 0xa4, 0x04, 0x00, data.length, ...data])
    case 2: {
      const p2 = random.pick([0x00, 0x02, 0x0c, 0x01, 0xf0])
      return Uint8Array.from([random.pick(CLASSES), 0xa4, 0x04, p2, data.length, ...data])
    }
    case 3:
      return Uint8Array.from([
        channel,
        0x70,
        random.pick([0x00, 0x80, 0x40, 0xc0]),
        random.pick([0, 1, 3, 4, 0x81]),
      ])
    case 4:
      return mutate(random, Uint8Array.from([channel, 0xa4, 0x04, 0x00, data.length, ...data]))
    default:
      return Uint8Array.from([random.pick(CLASSES), random.pick(INSTRUCTIONS), random.int(2), random.int(4)])
  }
}

function passes(wall: Firewall, user: User, command: Uint8Array): boolean {
  try {
    wall.check(user, SEID, command)
    return true
  } catch (error) {
    assert.ok(error instanceof AccessError, String(error))
    assert.ok(error.code === 'access.no-aid' || error.code === 'access.filtered')
    return false
  }
}

function checkPassed({ aids, filters }: Judged, card: LenientCard, command: Uint8Array): void {
  const [cla = 0, ins = 0, p1 = 0, p2 = 0] = command
  assert.notEqual(cla, 0xff)
  const channel = channelOf(cla)
  const selected = card.selectedOn(channel)
  if (!isSelect(command)) {
    assert.ok(selected !== undefined, 'nothing is selected')
    if (aids !== undefined) {
      const isAllowed = 'allow' in aids ? aids.allow.includes(selected) : !aids.deny.includes(selected)
      assert.ok(isAllowed, `${selected} is not allowed`)
    }
  }
  for (const { aid, mask, value } of filters) {
    // Before anything was selected by a command, no application is known, and only a SELECT passes.
    if (aid !== undefined && (aid !== selected || isSelect(command))) continue
    for (const form of formsOf(cla)) {
      const header = ((form << 24) | (ins << 16) | (p1 << 8) | p2) >>> 0
      assert.notEqual((header & mask) >>> 0, value, hexOf(command))
    }
  }
}

/** The class as it stands, and the one of the same meaning on channel 0, in clear, unchained. */
function formsOf(cla: number): number[] {
  if (cla < 0x80) return [cla, 0x00]
  return [cla, cla < 0xc0 ? cla & 0xf0 : 0x80]
}

/** Takes SELECT in every form, matches the beginning of a name, opens channels unasked, may fail half-way. */
class LenientCard {
  readonly #random: Random
  readonly #selected = new Map<number, string>()

  constructor(random: Random) {
    this.#random = random
    this.reset()
  }

  reset(): void {
    this.#selected.clear()
    this.#selected.set(0, this.#anyApplication())
  }

  selectedOn(channel: number): string | undefined {
    return this.#selected.get(channel)
  }

  transmit(command: Uint8Array): number {
    const [cla = 0, ins = 0, p1 = 0, p2 = 0] = command
    if (isSelect(command)) return this.#select(channelOf(cla), command.subarray(5), p2)
    if (cla >= 0x80 || ins !== 0x70) return 0x9000
    const named = (p2 & 0x1f) === 0 ? channelOf(cla) : p2 & 0x1f
    if ((p1 & 0xc0) !== 0) this.#selected.delete(named)
    const opened = p1 === 0x40 ? named : p1 === 0 ? p2 || 2 : undefined
    if (opened !== undefined && !this.#selected.has(opened))
      this.#selected.set(opened, this.#anyApplication())
    return 0x9000
  }

  #select(channel: number, data: Uint8Array, p2: number): number {
    const name = hexOf(data)
    const matches = APPLICATIONS.filter((aid) => aid.startsWith(name))
    const found = (p2 & 0x03) === 0 ? matches[0] : this.#random.pick(APPLICATIONS)
    if (found === undefined) return 0x6a82
    const failsAt = this.#random.int(6)
    if (failsAt === 0) return 0x6999
    this.#selected.set(channel, found)
    return failsAt === 1 && this.#selected.has(channel) ? 0x6a82 : this.#random.pick([0x9000, 0x6110, 0x6283])
  }

  #anyApplication(): string {
    return this.#random.pick(APPLICATIONS)
  }
}

function isSelect([cla = 0, ins = 0, p1 = 0]: Uint8Array): boolean {
  return cla < 0x80 && ins === 0xa4 && p1 === 0x04
}

function channelOf(cla: number): number {
  return (cla & 0x40) === 0 ? cla & 0x03 : 4 + (cla & 0x0f)
}

const SEID = 'sim1'
const APPLICATIONS = ['010203040500', '010203040600', 'A0000000030000', 'A000000004']
const CLASSES = [
  0x00, 0x01, 0x04, 0x0c, 0x10, 0x20, 0x40, 0x4f, 0x60, 0x80, 0x83, 0x84, 0x90, 0x94, 0xa0, 0xb4, 0xc0, 0xe0,
  0xff,
]
const INSTRUCTIONS = [0x20, 0xe4, 0xa4, 0x70, 0xd6]
