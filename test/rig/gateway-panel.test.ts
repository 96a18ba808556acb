// The whole gateway with LEDs and buttons: what the LEDs show, and which slot a press acts on.

import assert from 'node:assert/strict'
import test from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { Gateway } from '../support/gateway.ts'
import { askOnce } from '../support/peers.ts'
import { RacsPeer } from '../support/racs-plane.ts'
import { until } from '../support/until.ts'
import { Chip } from './chip.ts'
import type { GpioLine } from './line.ts'
import { Rig } from './rig.ts'

const skip = Rig.isMissing('i2c-bus')
const SELECT = '00A4040006010203040500'
const LEFT = 'i2c-1-48'
const RIGHT = 'i2c-1-49'

for (const gpio of ['cdev', 'onoff'] as const) {
  test(`panel: a short press resets the idle element of its slot and no other, by ${gpio}`, {
    skip,
  }, async () => {
    await using stand = await Stand.start(gpio)
    const before = stand.resets
    await stand.hold(stand.leftButton, 60)
    const press = await stand.gateway.logged('button.pressed', { seid: LEFT, outcome: 'it answers' })
    assert.ok(Number(press['heldMs']) < 3_000)
    assert.deepEqual(
      stand.resets.map((count, n) => count - (before[n] ?? 0)),
      [1, 0],
    )
    assert.equal(stand.gateway.all('button.pressed').length, 1)
  })
}

test('panel: an element that is held is not reset by a short press, and loses its holder by one of 3 s', {
  skip,
}, async () => {
  await using stand = await Stand.start('cdev')
  await using racs = await RacsPeer.open(stand.gateway.racsPort, 'operator')
  await racs.ask(`APDU ${LEFT} ${SELECT}`, `APDU ${RIGHT} ${SELECT} APPEND`)
  const before = stand.resets
  await stand.hold(stand.leftButton, 60)
  await stand.gateway.logged('button.pressed', { seid: LEFT, outcome: /^held by racs operator / })
  assert.deepEqual(stand.resets, before)
  await stand.hold(stand.leftButton, 3_100)
  await stand.gateway.logged('button.pressed', { outcome: /^revoked the lease of racs operator / })
  assert.match((await racs.ask(`APDU ${LEFT} ${SELECT}`))[0]!, /revoked by the button/)
  assert.match((await racs.ask(`APDU ${RIGHT} ${SELECT}`))[0]!, /^\+006 001 /)
  await until(() => (stand.resets[0] ?? 0) > (before[0] ?? 0))
  assert.equal(stand.resets[1], before[1])
})

test('panel: ten seconds set an element aside, and the LEDs show who is what', { skip }, async () => {
  await using stand = await Stand.start('cdev')
  assert.deepEqual([stand.leftLed.level, stand.rightLed.level], [1, 1])
  await stand.hold(stand.leftButton, 10_100)
  await stand.gateway.logged('slot.quarantined', { seid: LEFT, cause: 'set aside by the button' })
  assert.equal(await askOnce(stand.gateway.port, 'right.com'), 'hello')
  await using racs = await RacsPeer.open(stand.gateway.racsPort, 'operator')
  await racs.ask(`APDU ${RIGHT} ${SELECT}`)
  // Two seconds: a double blink twice a second and a bit, and one of 4 Hz.
  const [left, right] = await Promise.all([edges(stand.leftLed, 2_000), edges(stand.rightLed, 2_000)])
  assert.ok(left >= 6 && left <= 10, `${left} edges of a double blink`)
  assert.ok(right >= 13 && right <= 18, `${right} edges of a fast blink`)
  assert.match((await racs.ask(`QUARANTINE ${LEFT} OFF`))[0]!, /is ready$/)
  assert.equal(await askOnce(stand.gateway.port, 'left.com'), 'hello')
})

async function edges(line: GpioLine, forMs: number): Promise<number> {
  let count = 0
  const unwatch = line.watch(() => count++)
  await delay(forMs)
  unwatch()
  return count
}

class Stand implements AsyncDisposable {
  readonly #rig: Rig
  readonly gateway: Gateway
  readonly #chips: readonly Chip[]

  private constructor(rig: Rig, gateway: Gateway, chips: readonly Chip[]) {
    this.#rig = rig
    this.gateway = gateway
    this.#chips = chips
  }

  static async start(gpio: 'cdev' | 'onoff'): Promise<Stand> {
    const chips = [new Chip('left.com'), new Chip('right.com')]
    const pull = 'up' as const
    const lines = { 17: { resets: [chips[0]!] }, 27: { resets: [chips[1]!] }, 5: { pull }, 6: { pull } }
    const rig = await Rig.start({
      timing: 'none',
      buses: { 1: { clockHz: 400_000, devices: { 0x48: chips[0]!, 0x49: chips[1]! } } },
      gpio: { 0: { label: 'pinctrl-bcm2711', count: 58, lines } },
    })
    const slot = (address: number, [reset, led, button]: readonly number[]): string =>
      `[[slots]]\ndriver = "i2c"\naddress = ${address}\nframing = "nxp"\n` +
      `reset = { line = ${reset} }\nled = { line = ${led} }\nbutton = { line = ${button} }\n`
    const toml = `panel.gpio = "${gpio}"\nhealth.poll_ms = 0\n${slot(0x48, [17, 20, 5])}${slot(0x49, [27, 21, 6])}`
    const gateway = await Gateway.start(toml, rig.env)
    await gateway.loggedTimes(2, 'slot.ready')
    return new Stand(rig, gateway, chips)
  }

  get resets(): number[] {
    return this.#chips.map(({ resets }) => resets)
  }

  get leftLed(): GpioLine {
    return this.#rig.line(0, 20)
  }

  get rightLed(): GpioLine {
    return this.#rig.line(0, 21)
  }

  get leftButton(): GpioLine {
    return this.#rig.line(0, 5)
  }

  /** Presses a button, as contacts do: they bounce. */
  async hold(button: GpioLine, forMs: number): Promise<void> {
    for (let bounce = 0; bounce < 3; bounce++) {
      button.press()
      button.release()
    }
    button.press()
    await delay(forMs)
    button.release()
    button.press()
    button.release()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.gateway[Symbol.asyncDispose]()
    await this.#rig[Symbol.asyncDispose]()
  }
}
