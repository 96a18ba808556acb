// What goes wrong with cards and with pcscd: the session that it happens to ends with an error, the neighbour loses
// nothing, and the slot is served again soon after the cause has gone.

import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { Gateway } from '../support/gateway.ts'
import { type CardInSlot, PrivatePcscd } from '../support/pcscd.ts'
import { askOnce, askUntilServed, NodePeer, RECOVERY_MS } from '../support/peers.ts'
import { RacsPeer } from '../support/racs-plane.ts'

const skip = PrivatePcscd.isMissing('pcsclite')
const pcscd = skip === false ? await PrivatePcscd.started(['Rig A', 'Rig B']) : undefined
after(() => pcscd?.[Symbol.asyncDispose]())

const TOML = `tls_se.handshake_timeout_ms = 1500
racs.apdu_timeout_ms = 1500
[[slots]]
driver = "pcsc"
reader = "Rig A*"
[[slots]]
driver = "pcsc"
reader = "Rig B*"
`
const [SICK, WELL] = [0, 2]
const SEID = 'Rig-A-00-00'
/** What the gateway asks an application first. */
const TLS_RESET = '00d80000'
/** What it asks for first of the flight of a card with T=1. */
const FETCH = '00c000001c'

interface Row {
  readonly fault: string
  readonly card: CardInSlot
  /** To be sent over the administration plane, and the status of its answer. */
  readonly apdu: string
  readonly status: RegExp
}

const ROWS: readonly Row[] = [
  {
    fault: 'an answer of one byte',
    card: { answers: { [TLS_RESET]: '90' } },
    ...{ apdu: TLS_RESET, status: /^-[89]06 / },
  },
  {
    fault: 'an answer that is too long',
    card: { answers: { [TLS_RESET]: `${'00'.repeat(300)}9000` } },
    ...{ apdu: TLS_RESET, status: /^-[89]06 / },
  },
  {
    fault: '61xx without end',
    card: { answers: { [FETCH]: '611c' } },
    ...{ apdu: `${FETCH} MORE=61`, status: /^-[89]06 / },
  },
  {
    fault: '6Cxx without end',
    card: { answers: { [FETCH]: '6c1c' } },
    ...{ apdu: FETCH, status: /^\+006 .*6C1C/ },
  },
  {
    fault: 'no answer',
    card: { silentOn: TLS_RESET },
    ...{ apdu: TLS_RESET, status: /^-[89]06 / },
  },
]

/** Two cards, the one in slot SICK as given; and a client that uses the other one all the time. */
class Stand implements AsyncDisposable {
  readonly gateway: Gateway
  readonly #steady: Promise<string[]>
  #isOver = false

  private constructor(gateway: Gateway) {
    this.gateway = gateway
    this.#steady = this.#useNeighbour()
  }

  static async start(card: CardInSlot): Promise<Stand> {
    await pcscd!.clear()
    const gateway = await Gateway.start(TOML, pcscd!.env)
    await pcscd!.insert(SICK, { sen: 'sick.com', ...card })
    await pcscd!.insert(WELL, { sen: 'well.com' })
    await gateway.loggedTimes(2, 'slot.ready')
    return new Stand(gateway)
  }

  /** A good card of the same name takes the place of the sick one. */
  async heal(): Promise<void> {
    await pcscd!.release()
    await pcscd!.pull(SICK)
    await this.gateway.logged('slot.vacated', { seid: SEID })
    await pcscd!.insert(SICK, { sen: 'sick.com' })
    await askUntilServed(this.gateway.port, 'sick.com')
  }

  /** The session of `racs` gets the element, which may just be recovering. */
  async isPoweredOn(racs: RacsPeer): Promise<void> {
    const expiresAt = performance.now() + RECOVERY_MS
    for (;;) {
      const [answer = ''] = await racs.ask(`POWERON ${SEID}`)
      if (answer.startsWith('+')) break
      assert.ok(performance.now() < expiresAt, answer)
      await delay(20)
    }
  }

  /** All answers that the neighbour's client has had. */
  neighbours(): Promise<string[]> {
    this.#isOver = true
    return this.#steady
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await pcscd!.release()
      await this.neighbours()
    } finally {
      // A gateway that is left running would keep this process alive.
      await this.gateway[Symbol.asyncDispose]()
    }
  }

  /** Never rejects: a session that cannot be opened is an answer that `isUntouched` does not want. */
  async #useNeighbour(): Promise<string[]> {
    const answers: string[] = []
    try {
      await using peer = await NodePeer.open(this.gateway.port, 'well.com')
      while (!this.#isOver) {
        answers.push(await peer.ask('?01hello').catch(String))
        await delay(5)
      }
    } catch (error) {
      answers.push(String(error))
    }
    return answers
  }
}

function isUntouched(answers: readonly string[]): void {
  assert.ok(answers.length > 5, `${answers.length} answers`)
  assert.deepEqual([...new Set(answers)], ['hello'])
}

for (const { fault, card, apdu, status } of ROWS) {
  test(`pcsc: ${fault} ends its session on both planes, and nobody else's`, { skip }, async () => {
    await using stand = await Stand.start(card)
    await assert.rejects(askOnce(stand.gateway.port, 'sick.com'), /internal error|closed|disconnected/)
    await pcscd!.release()
    await using racs = await RacsPeer.open(stand.gateway.racsPort, 'operator')
    await stand.isPoweredOn(racs)
    await racs.ask(`APDU ${SEID} 00A4040006010203040500`)
    const [answer = ''] = await racs.ask(`APDU ${SEID} ${apdu}`)
    assert.match(answer, status)
    await racs[Symbol.asyncDispose]()
    await stand.heal()
    isUntouched(await stand.neighbours())
  })
}

test('pcsc: a card pulled in the middle of a record ends its session', { skip }, async () => {
  await using stand = await Stand.start({ latencyMs: 100 })
  const session = askOnce(stand.gateway.port, 'sick.com')
  session.catch(() => undefined)
  await stand.gateway.logged('session.routed', { sen: 'sick.com' })
  await delay(150)
  await pcscd!.pull(SICK)
  await assert.rejects(session)
  await stand.gateway.logged('slot.vacated', { seid: SEID })
  await pcscd!.insert(SICK, { sen: 'sick.com' })
  await askUntilServed(stand.gateway.port, 'sick.com')
  isUntouched(await stand.neighbours())
})

test('pcsc: a card that gives no ATR any more is mute until another one comes', { skip }, async () => {
  await using stand = await Stand.start({})
  await pcscd!.mute(SICK)
  await askOnce(stand.gateway.port, 'sick.com').catch(String)
  await stand.gateway.logged('slot.muted', { seid: SEID })
  await stand.heal()
  isUntouched(await stand.neighbours())
})

test('pcsc: after SIGKILL and a new start of pcscd all cards are served', { skip }, async () => {
  await using stand = await Stand.start({})
  await using session = await NodePeer.open(stand.gateway.port, 'sick.com')
  await pcscd!.end('SIGKILL')
  await assert.rejects(session.ask('?01hello'))
  await stand.gateway.logged('pcsc.lost')
  await stand.gateway.logged('slot.vacated', { seid: SEID })
  await pcscd!.start()
  await askUntilServed(stand.gateway.port, 'sick.com')
  await askUntilServed(stand.gateway.port, 'well.com')
})
