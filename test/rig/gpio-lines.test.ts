// One suite for both ways to GPIO lines, against what the test sees on the wires.

import assert from 'node:assert/strict'
import test from 'node:test'
import type { GpioKind, LineAddress } from '../../src/drivers/gpio.ts'
import { Lines } from './lines.ts'
import { Rig, type RigOptions } from './rig.ts'

const HEADER = 'pinctrl-bcm2711'
const BUTTON = 17
const LED = 27
/** The header is not the first chip, so that its numbers in sysfs are not its offsets. */
const GPIO: Required<RigOptions>['gpio'] = {
  0: { label: 'other', count: 8, lines: { 3: { pull: 'up' } } },
  1: {
    label: HEADER,
    count: 58,
    lines: { [BUTTON]: { pull: 'up' }, 4: { name: 'IRQ', consumer: 'kernel' } },
  },
}
const KINDS = [
  ['cdev', Rig.isMissing('koffi') || Rig.isMissing('epoll')],
  ['onoff', Rig.isMissing('onoff')],
] as const

async function start(kind: GpioKind, gpio = GPIO): Promise<Lines> {
  return await Lines.start(kind, await Rig.start({ timing: 'none', gpio }))
}

function high(line: number, chip?: string): LineAddress {
  return { line, active: 'high', ...(chip === undefined ? {} : { chip }) }
}

function low(line: number): LineAddress {
  return { line, active: 'low' }
}

/** Connects an output of the process to an input of it. */
function wire(rig: Rig, from: number, to: number): void {
  rig.line(1, to).drive(rig.line(1, from).level)
  rig.line(1, from).watch((level) => rig.line(1, to).drive(level))
}

for (const [kind, skip] of KINDS) {
  const gpio = `gpio by ${kind}`

  test(`${gpio}: outputs are set together, each by what is active for it`, { skip }, async () => {
    await using lines = await start(kind)
    const levels = () => [5, 6, 7].map((line) => lines.rig.line(1, line).level)
    await lines.ask('outputs', 'leds', [high(5), low(6), high(7)], 0b011)
    assert.deepEqual(levels(), [1, 0, 0])
    await lines.ask('set', 'leds', 0b100)
    assert.deepEqual(levels(), [0, 1, 1])
    await lines.ask('set', 'leds', 0xffff_fff0 + 0b010)
    assert.deepEqual(levels(), [0, 0, 0])
  })

  test(`${gpio}: outputs start in their state, without another one before it`, { skip }, async () => {
    await using lines = await start(kind)
    const seen: string[] = []
    for (const line of [5, 6, BUTTON, 18])
      lines.rig.line(1, line).watch((level) => seen.push(`${line}=${level}`))
    // Lines 5, 6 and 18 are low and the button is high before they are taken.
    const leds = [high(5), low(6), high(BUTTON), low(18)]
    await lines.ask('outputs', 'leds', leds, 0b1101)
    assert.deepEqual(seen.sort(), ['5=1', '6=1'])
    await lines.ask('dispose', 'leds')
    await lines.ask('outputs', 'leds', leds, 0b1101)
    assert.deepEqual(seen, ['5=1', '6=1'])
  })

  test(`${gpio}: thirty-two outputs are set together, and not one more`, { skip }, async () => {
    await using lines = await start(kind)
    const many = Array.from({ length: 33 }, (_, i) => high(20 + i))
    assert.match(await lines.error('outputs', 'many', many, 0), /1 to 32 lines .* not 33/)
    assert.match(await lines.error('outputs', 'none', [], 0), /1 to 32 lines .* not 0/)
    await lines.ask('outputs', 'most', many.slice(1), 0x8000_0001)
    const levels = () => many.map((_, i) => lines.rig.line(1, 20 + i).level).join('')
    assert.equal(levels(), `01${'0'.repeat(30)}1`)
    await lines.ask('set', 'most', 0xffff_ffff)
    assert.equal(levels(), `0${'1'.repeat(32)}`)
  })

  test(`${gpio}: an input tells its state, by what is active for it`, { skip }, async () => {
    await using lines = await start(kind)
    await lines.ask('input', 'button', low(BUTTON), 'none')
    await lines.ask('input', 'sensor', high(5), 'none')
    const states = async () => [await lines.ask('isActive', 'button'), await lines.ask('isActive', 'sensor')]
    assert.deepEqual(await states(), [false, false])
    lines.rig.line(1, BUTTON).press()
    assert.deepEqual(await states(), [true, false])
    lines.rig.line(1, BUTTON).release()
    lines.rig.line(1, 5).drive(1)
    assert.deepEqual(await states(), [false, true])
  })

  test(`${gpio}: edges are told both ways, only once watched and until given back`, { skip }, async () => {
    await using lines = await start(kind)
    const button = lines.rig.line(1, BUTTON)
    await lines.ask('input', 'button', low(BUTTON), 'none')
    await lines.ask('input', 'other', high(5), 'none')
    await lines.ask('watch', 'other')
    button.press()
    button.release()
    await lines.ask('watch', 'button')
    button.press()
    assert.deepEqual(await lines.ask('edges', 1), ['button+'])
    button.release()
    assert.deepEqual(await lines.ask('edges', 1), ['button-'])
    assert.match(await lines.error('watch', 'button'), /^internal\.unreachable: .*line 17 .* watched already/)
    await lines.ask('dispose', 'button')
    button.press()
    lines.rig.line(1, 5).drive(1)
    assert.deepEqual(await lines.ask('edges', 1), ['other+'])
  })

  test(`${gpio}: edges faster than the process looks end in the right state`, { skip }, async () => {
    await using lines = await start(kind)
    await lines.ask('outputs', 'led', [high(LED)], 0)
    wire(lines.rig, LED, 5)
    await lines.ask('input', 'echo', high(5), 'none')
    await lines.ask('watch', 'echo')
    await lines.ask('blink', 'led')
    const edges = await lines.ask('edgesUpTo', 'echo-')
    // sysfs has but one flag for all of them.
    if (kind === 'cdev') assert.deepEqual(edges, ['echo+', 'echo-'])
  })

  test(`${gpio}: a listener that gives its line back is not called again`, { skip }, async () => {
    await using lines = await start(kind)
    await lines.ask('outputs', 'led', [high(LED)], 0)
    wire(lines.rig, LED, 5)
    wire(lines.rig, LED, 6)
    await lines.ask('input', 'once', high(5), 'none')
    await lines.ask('input', 'echo', high(6), 'none')
    await lines.ask('watchOnce', 'once')
    await lines.ask('blink', 'led')
    assert.match((await lines.ask('edges', 1)).join(' '), /^once[+-]$/)
    await lines.ask('watch', 'echo')
    assert.deepEqual(await lines.ask('toggle', 'led', 4), ['echo+', 'echo-', 'echo+', 'echo-'])
    assert.match(await lines.error('isActive', 'once'), /^link\.closed: GPIO line 5 .* was given back/)
  })

  test(`${gpio}: a thousand edges, and lines taken often, leak no file`, { skip }, async () => {
    await using lines = await start(kind)
    await lines.ask('outputs', 'led', [high(LED)], 0)
    wire(lines.rig, LED, 5)
    const files = await lines.ask('openFiles')
    for (let round = 0; round < 10; round++) {
      await lines.ask('input', 'echo', high(5), 'none')
      await lines.ask('watch', 'echo')
      const expected = Array.from({ length: 100 }, (_, i) => (i % 2 === 0 ? 'echo+' : 'echo-'))
      assert.deepEqual(await lines.ask('toggle', 'led', 100), expected)
      await lines.ask('dispose', 'echo')
    }
    assert.equal(await lines.ask('openFiles'), files)
  })

  test(`${gpio}: a line is another's until it is given back`, { skip }, async () => {
    await using lines = await start(kind)
    const held = kind === 'cdev' ? 'held by "kernel"' : 'held by somebody'
    const busy = new RegExp(`^link\\.closed: cannot take GPIO lines? .*4 of .* \\(${HEADER}\\): .*${held}`)
    assert.match(await lines.error('input', 'irq', high(4), 'none'), busy)
    const files = await lines.ask('openFiles')
    assert.match(await lines.error('outputs', 'some', [high(5), high(4)], 3), busy)
    assert.equal(await lines.ask('openFiles'), files)
    // Line 5 was not kept.
    await lines.ask('outputs', 'led', [high(5)], 1)
    await lines.ask('dispose', 'led')
    await lines.ask('input', 'led', high(5), 'none')
    assert.equal(lines.rig.line(1, 5).isOutput, false)
  })

  test(`${gpio}: lines that were given back cannot be used, and may be given back twice`, {
    skip,
  }, async () => {
    await using lines = await start(kind)
    await lines.ask('input', 'button', low(BUTTON), 'none')
    await lines.ask('outputs', 'leds', [high(5), high(6)], 0)
    for (const name of ['leds', 'button', 'leds', 'button']) await lines.ask('dispose', name)
    const closed = /^link\.closed: GPIO lines? (5.*|17) of .* was given back$/
    assert.match(await lines.error('set', 'leds', 1), closed)
    assert.match(await lines.error('isActive', 'button'), closed)
    assert.match(await lines.error('watch', 'button'), closed)
    assert.equal(lines.rig.line(1, 5).level, 0)
    // Nor is the line hurt whose file has taken over the number.
    await lines.ask('input', 'next', high(7), 'none')
    await lines.ask('watch', 'next')
    await lines.ask('dispose', 'button')
    await lines.ask('dispose', 'leds')
    lines.rig.line(1, 7).drive(1)
    assert.deepEqual(await lines.ask('edges', 1), ['next+'])
  })

  test(`${gpio}: lines that are not there are refused before anything is touched`, { skip }, async () => {
    await using lines = await start(kind)
    for (const line of [58, -1, 1.5]) {
      const message = await lines.error('input', 'far', high(line), 'none')
      assert.match(message, new RegExp(`^link\\.closed: no GPIO line ${line} of .*${HEADER}.*lines 0 to 57$`))
    }
    const twice = await lines.error('outputs', 'twice', [high(5), low(5)], 0)
    assert.match(twice, /^link\.closed: GPIO line 5 .* is named twice/)
    const two = await lines.error('outputs', 'two', [high(5), high(6, 'other')], 0)
    assert.match(two, /^link\.closed: lines of more than one chip/)
    await lines.ask('outputs', 'led', [high(57)], 1)
    assert.equal(lines.rig.line(1, 57).level, 1)
  })

  test(`${gpio}: a chip is found by its label; that of the header unless told`, { skip }, async () => {
    await using lines = await start(kind)
    await lines.ask('input', 'other', high(3, 'other'), 'none')
    assert.equal(await lines.ask('isActive', 'other'), true)
    await lines.ask('outputs', 'led', [high(3)], 1)
    assert.equal(lines.rig.line(1, 3).level, 1)
    const unknown = await lines.error('input', 'x', high(3, 'gpio-nowhere'), 'none')
    assert.match(unknown, /^link\.closed: no GPIO chip is called "gpio-nowhere"; there are .*\(other\), .*\(/)
  })

  test(`${gpio}: of two headers the newer model's is taken`, { skip }, async () => {
    const chips = { 0: { label: 'pinctrl-bcm2835', lines: {} }, 1: { label: 'pinctrl-rp1', lines: {} } }
    await using lines = await start(kind, chips)
    await lines.ask('outputs', 'led', [high(LED)], 1)
    assert.deepEqual([lines.rig.line(0, LED).level, lines.rig.line(1, LED).level], [0, 1])
  })

  test(`${gpio}: without a header the chip must be named, and by a name of its own`, { skip }, async () => {
    const expander = { label: 'pcf8574', count: 8, lines: {} }
    await using lines = await start(kind, { 0: expander, 1: expander })
    const nameless = await lines.error('input', 'x', high(0), 'none')
    assert.match(nameless, /`chip` must be named; there are gpiochip\d+ \(pcf8574\), gpiochip\d+ \(pcf8574\)/)
    const ambiguous = await lines.error('input', 'x', high(0, 'pcf8574'), 'none')
    assert.match(ambiguous, /more than one GPIO chip is called "pcf8574": gpiochip\d+, gpiochip\d+$/)
  })

  test(`${gpio}: a machine without chips is told as that`, { skip }, async () => {
    await using lines = await start(kind, {})
    const none = await lines.error('input', 'x', high(5), 'none')
    const reason = kind === 'cdev' ? /`chip` must be named; there is none/ : /no GPIO in .*: use "cdev"/
    assert.match(none, /^link\.closed: /)
    assert.match(none, reason)
  })

  test(`${gpio}: the lines of a process that crashed can be taken again`, { skip }, async () => {
    await using rig = await Rig.start({ timing: 'none', gpio: GPIO })
    const before = await Lines.start(kind, rig)
    await before.ask('outputs', 'led', [low(LED)], 1)
    await before.ask('input', 'button', low(BUTTON), 'none')
    await before.ask('watch', 'button')
    await before.crash()
    await using after = await Lines.start(kind, rig)
    const seen: number[] = []
    rig.line(1, BUTTON).watch((level) => seen.push(level))
    await after.ask('outputs', 'was-button', [high(BUTTON)], 1)
    await after.ask('input', 'was-led', high(LED), 'none')
    await after.ask('set', 'was-button', 0)
    assert.deepEqual(seen, [0])
    assert.equal(await after.ask('isActive', 'was-led'), false)
  })

  test(`${gpio}: an addon that is not installed is named`, { skip }, async () => {
    await using lines = await start(kind === 'cdev' ? 'onoff' : 'cdev')
    const addon = kind === 'cdev' ? 'koffi' : 'onoff'
    await lines.ask('hide', addon)
    assert.match(await lines.error('open', kind), new RegExp(`^link\\.closed: .*"${kind}" needs .*${addon}`))
  })
}

const [[, noCdev], [, noOnoff]] = KINDS

test('gpio by cdev: a chip is found by its name, also by one that is a link', { skip: noCdev }, async () => {
  await using lines = await start('cdev', {
    0: { label: 'other', lines: {} },
    1: { label: HEADER, links: ['gpiochip4'], lines: {} },
  })
  for (const [i, chip] of ['gpiochip1', 'gpiochip4', HEADER, undefined].entries())
    await lines.ask('outputs', `led ${i}`, [high(i, chip)], 1)
  const levels = [0, 1, 2, 3, 4].map((line) => lines.rig.line(1, line).level)
  assert.deepEqual(levels, [1, 1, 1, 1, 0])
})

test('gpio by cdev: an edge of a line given back does not stop the next one', { skip: noCdev }, async () => {
  await using lines = await start('cdev')
  await lines.ask('outputs', 'led', [high(LED)], 0)
  wire(lines.rig, LED, 5)
  await lines.ask('input', 'echo', high(5), 'none')
  await lines.ask('watch', 'echo')
  await lines.ask('replace', 'led', 'echo', high(5))
  await lines.ask('set', 'led', 0)
  assert.deepEqual(await lines.ask('edges', 1), ['echo-'])
})

test('gpio by cdev: the resistor of the chip is used as told', { skip: noCdev }, async () => {
  await using lines = await start('cdev')
  await lines.ask('input', 'up', low(5), 'up')
  await lines.ask('watch', 'up')
  await lines.ask('input', 'down', high(6), 'down')
  assert.deepEqual([lines.rig.line(1, 5).level, lines.rig.line(1, 6).level], [1, 0])
  assert.equal(await lines.ask('isActive', 'up'), false)
})

test('gpio by cdev: others are told that the gateway has the line', { skip: noCdev }, async () => {
  await using lines = await start('cdev')
  await lines.ask('outputs', 'led', [high(LED)], 0)
  assert.match(await lines.error('input', 'x', high(LED), 'none'), /: 27 is held by "iose"$/)
})

test('gpio by cdev: a chip that is gone keeps nobody busy', { skip: noCdev }, async () => {
  await using lines = await start('cdev')
  await lines.ask('input', 'button', low(BUTTON), 'none')
  await lines.ask('watch', 'button')
  await lines.rig[Symbol.asyncDispose]()
  assert.match(await lines.error('isActive', 'button'), /^link\.closed: GPIO line 17 .*: EIO$/)
  await lines.endByItself()
})

test('gpio by onoff: the resistor of the chip cannot be had, and "cdev" is named', {
  skip: noOnoff,
}, async () => {
  await using lines = await start('onoff')
  const message = await lines.error('input', 'up', low(5), 'up')
  assert.match(message, /^link\.closed: GPIO line 5 .*: no pull-up by "onoff", only by "cdev"$/)
})

test('gpio by onoff: the names of chips are not those of "cdev"', { skip: noOnoff }, async () => {
  await using lines = await start('onoff')
  for (const name of ['gpiochip0', 'gpiochip512'])
    assert.match(await lines.error('input', 'x', high(3, name), 'none'), /labels only, "cdev" by their names/)
})
