// The front panel in the booted image: its own kernel, service, sandbox and addons on the lines of a simulated chip.

import assert from 'node:assert/strict'
import test from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { Disk } from '../support/image/disk.ts'
import { cannotSimulateGpio, GpioSim, gpioSimModules } from '../support/image/gpio-sim.ts'
import { type Inside, powerOnInside } from '../support/image/inside.ts'

const CONFIGURATION = `
[status]
listen = "127.0.0.1:8080"
[health]
poll_ms = 0
[[slots]]
driver = "simulator"
seid = "left"
sen = "left.example"
led = { line = 17 }
button = { line = 22 }
[[slots]]
driver = "simulator"
seid = "right"
sen = "right.example"
led = { line = 27 }
button = { line = 23 }
`
const LEDS = [17, 27]
const [LEFT, RIGHT] = [22, 23]

test('panel: in the image, a button resets its own slot, and the LED beside it follows', {
  skip: cannotSimulateGpio(),
}, async (t) => {
  const modules = await gpioSimModules()
  using disk = new Disk()
  await using inside = await powerOnInside(disk)
  await inside.board.waitFor(/iose: up, slot A/)
  // By this name the configuration means the header of a Raspberry Pi, which QEMU cannot press buttons on.
  const chip = await GpioSim.make(inside, modules, 'pinctrl-bcm2835')
  await chip.release([LEFT, RIGHT])
  assert.deepEqual(await chip.watch(LEDS, 1), [[0, 0]])
  await inside.write('/run/test/gateway.toml', CONFIGURATION)
  await inside.success(
    'mount --bind /run/test/gateway.toml /etc/iose/gateway.toml && systemctl restart iosed',
  )
  assert.deepEqual(await states(inside), { left: 'ready', right: 'ready' })
  t.diagnostic(`ready ${inside.board.seconds.toFixed(1)} s after power on`)
  assert.deepEqual(await ledsOver(chip), ['lit', 'lit'])

  // Short: a warm reset of the slot, and of no other.
  const before = await resets(inside)
  await chip.press(RIGHT, 0.3)
  assert.match(await pressed(inside, 1), /"seid":"right".*"outcome":"it answers"/)
  assert.deepEqual(await resets(inside), { left: before['left'], right: (before['right'] ?? 0) + 1 })
  await chip.press(LEFT, 0.3)
  assert.match(await pressed(inside, 2), /"seid":"left".*"outcome":"it answers"/)
  assert.deepEqual(await resets(inside), {
    left: (before['left'] ?? 0) + 1,
    right: (before['right'] ?? 0) + 1,
  })
  assert.deepEqual(await ledsOver(chip), ['lit', 'lit'])

  // Very long: set aside, which its LED shows by blinking; again, and it is back.
  await chip.press(RIGHT, 11)
  await pressed(inside, 3)
  assert.deepEqual(await states(inside), { left: 'ready', right: 'quarantined' })
  assert.deepEqual(await ledsOver(chip), ['lit', 'blinks'])
  await chip.press(RIGHT, 11)
  await pressed(inside, 4)
  assert.deepEqual(await states(inside), { left: 'ready', right: 'ready' })
  assert.deepEqual(await ledsOver(chip), ['lit', 'lit'])

  await inside.success('systemctl stop iosed iosed-racs.socket iosed-tls-se.socket')
  assert.deepEqual(await ledsOver(chip), ['dark', 'dark'])
  t.diagnostic(`done ${inside.board.seconds.toFixed(1)} s after power on`)
})

interface Row {
  readonly seid: string
  readonly state: string
  readonly resets: number
}

async function rows(inside: Inside): Promise<Row[]> {
  return JSON.parse(await inside.success('iose slots --json')) as Row[]
}

async function states(inside: Inside): Promise<Record<string, string>> {
  return Object.fromEntries((await rows(inside)).map(({ seid, state }) => [seid, state]))
}

async function resets(inside: Inside): Promise<Record<string, number>> {
  return Object.fromEntries((await rows(inside)).map((row) => [row.seid, row.resets]))
}

/** What each LED does in two seconds, which is more than each pattern lasts. */
async function ledsOver(chip: GpioSim): Promise<string[]> {
  const levels = await chip.watch(LEDS, 20)
  return LEDS.map((_, index) => {
    const seen = new Set(levels.map((level) => level[index]))
    if (seen.size > 1) return 'blinks'
    return seen.has(1) ? 'lit' : 'dark'
  })
}

/** The line of the log about press `count`, once it is there. */
async function pressed(inside: Inside, count: number): Promise<string> {
  for (;;) {
    const log = await inside.success('journalctl --no-pager -q -o cat -u iosed --grep button.pressed || true')
    const lines = log.trim().split('\n')
    if (lines.length >= count) return lines[count - 1] ?? ''
    await delay(500)
  }
}
