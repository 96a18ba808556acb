import assert from 'node:assert/strict'
import { MemoryFailures } from '../../src/access/failures.ts'
import { Firewall } from '../../src/access/firewall.ts'
import type { User } from '../../src/access/user.ts'
import { codeOf } from '../../src/base/errors.ts'
import { Guard } from '../../src/racs/guard.ts'
import { TryWatch } from '../../src/racs/try-watch.ts'
import type { Seid } from '../../src/slots/identity.ts'
import type { Random } from '../support/random.ts'
import { RecordedLog } from '../support/recorded-log.ts'
import { userOf } from '../support/rules.ts'
import { CountingCard } from './counting-card.ts'
import type { FuzzTarget } from './target.ts'

/**
 * Whatever a user sends in whatever order, with an application of his own that answers as he likes, and keys and PINs
 * that he knows: no other key or PIN is tried wrongly more often in a row than the limits say.
 */
export const tries: FuzzTarget = {
  name: 'tries',
  weight: 10,
  run(random) {
    const log = new RecordedLog()
    const guard = new Guard({ limits: LIMITS, store: new MemoryFailures(), log })
    const card = new CountingCard(random)
    for (let lease = 0; lease < 3; lease++) {
      const firewall = new Firewall([SEID])
      const watch = new TryWatch(guard, SEID, firewall)
      for (let step = 0; step < 40; step++) {
        if (random.oneIn(20)) reset(card, firewall, watch)
        send(commandFrom(random), { card, firewall, watch })
        for (const [secret, failed] of card.failures) {
          const limit = secret.includes('pin') ? LIMITS.verification : LIMITS.authentication
          assert.ok(failed <= limit, `${secret}: ${failed} in a row`)
        }
      }
      watch.end()
      card.reset()
    }
  },
}

interface Bench {
  readonly card: CountingCard
  readonly firewall: Firewall
  readonly watch: TryWatch
}

/** As `ApduExchange` does. */
function send(command: Uint8Array, { card, firewall, watch }: Bench): void {
  let attempt
  try {
    firewall.check(USER, SEID, command)
    attempt = watch.begin(command, { user: USER, seid: SEID })
  } catch (error) {
    assert.match(codeOf(error), /^access\./)
    return
  }
  const answer = card.transmit(command)
  watch.settle(attempt, command, answer)
  if (answer === undefined) reset(card, firewall, watch)
  else firewall.answered(USER, SEID, command, ((answer.at(-2) ?? 0) << 8) | (answer.at(-1) ?? 0))
}

function reset(card: CountingCard, firewall: Firewall, watch: TryWatch): void {
  firewall.wasReset(USER)
  watch.abandon()
  card.reset()
}

function commandFrom(random: Random): Uint8Array {
  const channel = random.pick([0, 0, 0, 1])
  const [interindustry, proprietary] = [channel, 0x80 | channel]
  const chained = random.oneIn(8) ? 0x10 : 0
  const right = random.oneIn(2) ? RIGHT : WRONG
  switch (random.int(8)) {
    case 0:
    case 1: {
      const aid = Buffer.from(random.pick(CountingCard.applications), 'hex')
      const data = random.oneIn(3) ? aid.subarray(0, random.int(aid.length + 1)) : aid
      const form = random.oneIn(6) ? random.pick([0x80, 0x10, 0x0c]) : 0
      return Uint8Array.of(channel | form, 0xa4, 0x04, random.pick([0, 0, 0, 2]), data.length, ...data)
    }
    case 2:
      return random.oneIn(2)
        ? Uint8Array.of(interindustry, 0xa4, 0x00, 0x00, 1, random.int(4))
        : Uint8Array.of(interindustry, 0x22, 0x41, 0xa4, 1, random.int(2))
    case 3:
      return Uint8Array.of(interindustry, 0x70, random.pick([0x00, 0x80, 0x40]), random.int(2))
    case 4:
      return Uint8Array.of(proprietary, 0x50, random.int(3), 0, 1, 0xaa)
    case 5:
      return Uint8Array.of(random.pick([interindustry, proprietary]) | chained, 0x82, 0, 0, 1, right)
    default: {
      const ins = random.pick([0x20, 0x20, 0x21, 0x24, 0x2c])
      return Uint8Array.of(
        random.pick([interindustry, interindustry, proprietary]) | chained,
        ins,
        0,
        random.int(2),
        1,
        right,
      )
    }
  }
}

const SEID = 'sim1' as Seid
const USER: User = userOf()
const LIMITS = { authentication: 3, verification: 2 }
const RIGHT = CountingCard.right
const WRONG = 0x31
