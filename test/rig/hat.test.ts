// The gateway with the board file of revision A, on the buses and lines that it describes.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { HARDWARE } from '../hardware/bench.ts'
import { isBrowserMissing, PageBench } from '../support/browser.ts'
import { Gateway } from '../support/gateway.ts'
import { askOnce } from '../support/peers.ts'
import { RacsPeer } from '../support/racs-plane.ts'
import { Chip } from './chip.ts'
import { Pca9548a, Rig } from './rig.ts'

const skip = Rig.isMissing('i2c-bus') || Rig.isMissing('koffi')
const NAMES = ['u1.com', 'u2.com', 'u3.com', 'u4.com', 'j1.com', 'j2.com', 'j3.com', 'j4.com']
const BOARD = 'gateway.board = "boards/hat-rev-a.toml"\n'

/** An element in each slot: those of J are behind bridges. */
async function hat() {
  const chips = NAMES.map((name, channel) => new Chip(name, channel < 4 ? 'nxp' : 'bridge'))
  const channels = chips.map((chip, channel) => [channel, { [channel < 4 ? 0x48 : 0x10]: chip }])
  const mux = new Pca9548a(Object.fromEntries(channels) as ConstructorParameters<typeof Pca9548a>[0])
  const rig = await Rig.start({
    timing: 'none',
    buses: { 1: { clockHz: 400_000, devices: { 0x70: mux } } },
    gpio: { 0: { label: 'pinctrl-bcm2711', count: 58, lines: { 11: { resets: [mux] } } } },
  })
  const pulses: number[] = []
  /** Slots whose power went while they were connected: through the wires of their bus they pull it low. */
  const dragging: number[] = []
  const address = [5, 6, 13, 19].map((line) => rig.line(0, line))
  rig.line(0, 26).watch((level) => {
    if (level !== 0) return
    const output = address.reduce((sum, line, bit) => sum + (line.level << bit), 0)
    pulses.push(output)
    if (output >= 8 && (mux.control & (1 << (output % 8))) !== 0) dragging.push(output % 8)
    chips[output % 8]?.reset()
  })
  return { rig, pulses, dragging, [Symbol.asyncDispose]: () => rig[Symbol.asyncDispose]() }
}

test('hat: each element is behind its channel, and reset and powered by its outputs of the decoder', {
  skip,
}, async () => {
  await using board = await hat()
  const { rig, pulses } = board
  await using gateway = await Gateway.start(BOARD, rig.env)
  await gateway.loggedTimes(8, 'slot.ready')
  for (const name of NAMES) {
    assert.equal(await askOnce(gateway.port, name), 'hello')
  }
  await using racs = await RacsPeer.open(gateway.racsPort, 'operator')
  await racs.ask('POWERON i2c-1-48-ch2')
  pulses.length = 0
  await racs.ask('RESET i2c-1-48-ch2')
  assert.deepEqual(pulses, [10, 2])
  // It was reset, so its channel was the last in use.
  await racs.ask('RESET i2c-1-48-ch2')
  assert.deepEqual(board.dragging, [])
  await racs.ask('POWERON i2c-1-10-ch7')
  pulses.length = 0
  await racs.ask('RESET i2c-1-10-ch7 WARM')
  assert.deepEqual(pulses, [7])
})

test('hat: an element that holds the bus loses its power all the same, and answers again', {
  skip,
}, async () => {
  await using board = await hat()
  const { rig, pulses } = board
  await using gateway = await Gateway.start(BOARD, rig.env)
  await gateway.loggedTimes(8, 'slot.ready')
  await using racs = await RacsPeer.open(gateway.racsPort, 'operator')
  await racs.ask('POWERON i2c-1-48-ch2', 'RESET i2c-1-48-ch2')
  // Longer than an adapter waits.
  rig.stick(1, 60_000)
  rig.line(0, 26).watch(() => rig.free(1))
  pulses.length = 0
  await racs.ask('RESET i2c-1-48-ch2')
  assert.deepEqual(pulses.slice(0, 2), [10, 2])
  assert.deepEqual(board.dragging, [], 'the multiplexer was reset, so nothing feeds it through its channel')
  assert.equal(await askOnce(gateway.port, 'u1.com'), 'hello')
})

test('hat: the page shows where each slot is on the board, and how it is wired', {
  skip: skip || isBrowserMissing,
}, async () => {
  await using board = await hat()
  const { rig } = board
  await using gateway = await Gateway.start(BOARD, rig.env)
  await gateway.loggedTimes(8, 'slot.ready')
  await using bench = await PageBench.open(`http://127.0.0.1:${gateway.statusPort}/`)
  const { page } = bench
  await bench.shows('i2c-1-48-ch0', 'place', /^U1$/)
  await bench.shows('i2c-1-48-ch0', 'state', /^ready$/)
  await bench.shows('i2c-1-10-ch4', 'place', /^J1$/)
  await page.locator('.slot[data-seid="i2c-1-48-ch0"] [data-field="name"]').click()
  const wiring = page.locator('#wiring')
  await wiring.locator('dd', { hasText: /^GPIO 17, pin 11$/ }).waitFor()
  const names = await wiring.locator('dt').allTextContents()
  assert.deepEqual(names, ['bus', 'address', 'channel', 'mux reset', 'reset', 'power', 'LED', 'button'])
  assert.deepEqual(bench.complaints, [])
})

test('hat: the page shows the slot map of the board, drawn from its file, to eyes and in words', {
  skip: skip || isBrowserMissing,
}, async () => {
  await using board = await hat()
  await using gateway = await Gateway.start(BOARD, board.rig.env)
  await gateway.loggedTimes(8, 'slot.ready')
  const status = `http://127.0.0.1:${gateway.statusPort}`
  await using bench = await PageBench.open(`${status}/`)
  const { page } = bench
  const summary = page.locator('#board-map summary', { hasText: /^Slot map of IoSE HAT, revision A$/ })
  const picture = page.locator('#board-map img')
  await summary.waitFor()
  assert.equal(await picture.isVisible(), false)
  await summary.focus()
  await page.keyboard.press('Enter')
  await picture.waitFor()
  const shown = await page.evaluate(
    '(async (img) => { await img.decode(); return [img.alt, img.naturalWidth > 0] })(document.querySelector("#board-map img"))',
  )
  assert.deepEqual(shown, [
    'Slot map of IoSE HAT, revision A. The details of each slot say the same in words.',
    true,
  ])
  const served = await fetch(`${status}/page/board-map.svg`)
  assert.equal(await served.text(), readFileSync(join(HARDWARE, 'pictures/hat-rev-a-slots.svg'), 'utf8'))
  await bench.shoot('board-map')
  // On its own, it may do nothing but look as it does.
  await page.goto(`${status}/page/board-map.svg`)
  assert.equal(
    await page.evaluate('getComputedStyle(document.querySelector(".paper")).fill'),
    'rgb(20, 23, 27)',
  )
  assert.deepEqual(bench.complaints, [])
})

test('hat: without a board the page has no slot map', { skip: skip || isBrowserMissing }, async () => {
  await using gateway = await Gateway.start('[[slots]]\ndriver = "simulator"\nsen = "a.com"\n')
  const status = `http://127.0.0.1:${gateway.statusPort}`
  await using bench = await PageBench.open(`${status}/`)
  assert.equal(await bench.page.locator('#board-map').isVisible(), false)
  assert.equal((await fetch(`${status}/page/board-map.svg`)).status, 404)
})
