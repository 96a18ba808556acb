// kill -9 in the middle of an APDU, a hundred times: the next start finds every element as if nothing had been, and
// serves at once. The elements keep power and state meanwhile.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { hexOf } from '../../src/base/hex.ts'
import { Gateway } from '../support/gateway.ts'
import { hex } from '../support/hex-fields.ts'
import { LastingCard } from '../support/lasting-card.ts'
import { askOnce, NodePeer } from '../support/peers.ts'
import { RacsPeer } from '../support/racs-plane.ts'
import { Random } from '../support/random.ts'

const ROUNDS = 100
const SEED = 20261125
const SELECT = '00A4040006010203040500'
const VERIFY_USER = '002000000430303030'
const READ_KEY = '0087000004'
const NOT_VERIFIED = '6380'

test(`after each of ${ROUNDS} kill -9 in mid-APDU all elements are reset, and served within a second`, async () => {
  const random = new Random(SEED)
  const directory = mkdtempSync(join(tmpdir(), 'iose-kill-'))
  const cards: LastingCard[] = []
  for (let n = 1; n <= 4; n++) {
    cards.push(await LastingCard.serve(join(directory, `${n}.sock`), `key${n}.com`, 10))
  }
  const slots = cards.map(
    ({ path }, n) => `[[slots]]\ndriver = "simulator"\nseid = "sim${n + 1}"\nsocket = "${path}"\n`,
  )
  let gateway = await Gateway.start(slots.join(''))
  const servedAfterMs: number[] = []
  let verified = 0
  try {
    await bind(gateway)
    for (let round = 0; round < ROUNDS; round++) {
      const victim = 1 + random.int(4)
      await dirty(gateway, victim, random)
      if (hexOf(cards[victim - 1]!.ask(hex(READ_KEY))) !== NOT_VERIFIED) verified++
      const resets = cards.map((card) => card.resets)
      const startedAt = performance.now()
      gateway = await gateway.restart('SIGKILL')
      await gateway.logged('slot.ready', { seid: `sim${victim}` })
      const sen = victim === 4 ? 'bound.com' : `key${victim}.com`
      assert.equal(await askOnce(gateway.port, sen), 'hello', `round ${round}`)
      servedAfterMs.push(performance.now() - startedAt)
      for (const n of [1, 2, 3, 4]) {
        await gateway.logged('slot.ready', { seid: `sim${n}` })
        const card = cards[n - 1]!
        assert.ok(card.resets > (resets[n - 1] ?? 0), `round ${round}: sim${n} was not reset`)
        // Another one has asked for the key since, and may have been the one who is asked.
        assert.equal(
          hexOf(card.ask(hex(READ_KEY))),
          NOT_VERIFIED,
          `round ${round}: sim${n} is still verified`,
        )
      }
    }
    assert.ok(verified > ROUNDS / 4, `only ${verified} times there was something to be undone`)
    const [median = 0, worst = 0] = [0.5, 1].map((share) => quantile(servedAfterMs, share))
    assert.ok(median < 1_000, `served after ${Math.round(median)} ms, ${Math.round(worst)} ms at worst`)
  } finally {
    await gateway[Symbol.asyncDispose]()
    for (const card of cards) await card[Symbol.asyncDispose]()
    rmSync(directory, { recursive: true })
  }
})

/** The name of sim4 for good. */
async function bind(gateway: Gateway): Promise<void> {
  await using racs = await RacsPeer.open(gateway.racsPort, 'operator')
  assert.match((await racs.ask('SEN sim4 bound.com'))[0]!, /^\+010 /)
}

/** Leaves a PIN verified, an application selected and perhaps a TLS session open, and something under way. */
async function dirty(gateway: Gateway, victim: number, random: Random): Promise<void> {
  const other = 1 + (victim % 3)
  const session = await NodePeer.open(gateway.port, `key${other}.com`)
  const racs = await RacsPeer.open(gateway.racsPort, 'operator')
  const seid = `sim${victim}`
  session.ask('?01hello').catch(() => undefined)
  const lines = [`APDU ${seid} ${SELECT}`, `APDU ${seid} ${VERIFY_USER}`, `APDU ${seid} ${READ_KEY} APPEND`]
  await racs.send(`BEGIN\r\n${lines.join('\r\n')}\r\nEND\r\n`)
  await delay(random.int(40))
}

function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.ceil(share * (values.length - 1))] ?? 0
}
