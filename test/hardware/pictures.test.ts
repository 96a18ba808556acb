// The pictures are for everybody: text as text, readable in both looks, nothing from elsewhere.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { pinoutPicture } from '../../scripts/hardware/pinout.ts'
import { headerPins, pinOf } from '../../src/hardware/header.ts'
import { headerUses } from '../../src/hardware/pins.ts'
import { slotMapPicture } from '../../src/hardware/slot-map.ts'
import { isBrowserMissing } from '../support/browser.ts'
import { contrastOf } from '../support/contrast.ts'
import { chromium } from '../support/playwright.ts'
import { BOARD_FILE, HARDWARE, hatBoard, STEM } from './bench.ts'

const PICTURES = ['pinout', 'slots'].map((name) => join(HARDWARE, `pictures/${STEM}-${name}.svg`))

test('header: each of the 28 lines has one pin, and power and ground are where they are', () => {
  const pins = headerPins()
  assert.equal(pins.length, 40)
  const lines = pins.flatMap(({ line }) => (line === undefined ? [] : [line]))
  assert.deepEqual(
    [...lines].sort((a, b) => a - b),
    Array.from({ length: 28 }, (_, line) => line),
  )
  const of = (kind: string): number[] => pins.filter((one) => one.kind === kind).map(({ pin }) => pin)
  assert.deepEqual(of('ground'), [6, 9, 14, 20, 25, 30, 34, 39])
  assert.deepEqual(
    [of('3.3 V'), of('5 V')],
    [
      [1, 17],
      [2, 4],
    ],
  )
  assert.deepEqual([2, 3, 17, 26, 21, 0, 1].map(pinOf), [3, 5, 11, 37, 40, 27, 28])
  assert.equal(pinOf(28), undefined)
})

for (const file of PICTURES) {
  const name = file.replace(/.*\//, '')
  const picture = readFileSync(file, 'utf8')

  test(`pictures: ${name} has a title and a description, and asks nobody for anything`, () => {
    assert.match(
      picture,
      /<svg [^>]*role="img" aria-labelledby="title desc">\n<title id="title">[^<]+<\/title>\n<desc id="desc">[^<]+<\/desc>/,
    )
    assert.doesNotMatch(picture, /href|url\(|@import|<script|<image|<foreignObject/)
    assert.ok(picture.length < 60_000, `${picture.length} bytes`)
  })

  test(`pictures: ${name} can be read in both looks, and nothing is cut off`, {
    skip: isBrowserMissing,
  }, async () => {
    const browser = await chromium.launch({
      executablePath: '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-gpu'],
    })
    try {
      for (const colorScheme of ['light', 'dark'] as const) {
        const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, colorScheme })
        await page.goto(`file://${file}`)
        const texts = (await page.evaluate(LOOK)) as {
          text: string
          fill: string
          ground: string
          isInside: boolean
        }[]
        assert.ok(texts.length > 40)
        for (const { text, fill, ground, isInside } of texts) {
          assert.ok(
            contrastOf(fill, ground) >= 4.5,
            `${colorScheme}: "${text}" has ${contrastOf(fill, ground)}`,
          )
          assert.ok(isInside, `"${text}" is cut off`)
        }
      }
    } finally {
      await browser.close()
    }
  })
}

test('pictures: the pinout has every net at its pin, also for who does not see it', () => {
  const picture = pinoutPicture(hatBoard())
  const description = /<desc[^>]*>([^<]*)/.exec(picture)?.[1] ?? ''
  for (const [line, { net }] of headerUses(hatBoard())) {
    assert.ok(picture.includes(`>${net}</text>`), net)
    assert.ok(description.includes(`pin ${pinOf(line)}, GPIO ${line}: ${net}`), net)
  }
})

test('pictures: the slot map has a card for each slot, also for who does not see it', () => {
  const picture = slotMapPicture(hatBoard())
  for (const { designator } of hatBoard().slots) {
    assert.ok(picture.includes(`<g aria-label="${designator}">`))
    assert.match(picture, new RegExp(`<desc[^>]*>[^<]*${designator}: bus I2C 1, address 0x`))
  }
})

test('pictures: names with markup in them are text', () => {
  const board = hatBoard(
    BOARD_FILE.replace('name = "IoSE HAT"', 'name = "<b>&HAT"').replace('part = "', 'part = "<i>'),
  )
  for (const picture of [pinoutPicture(board), slotMapPicture(board)]) {
    assert.ok(picture.includes('&lt;b&gt;&amp;HAT'))
    assert.doesNotMatch(picture, /<b>|<i>/)
  }
})

/** In the page: each text with its colour, that of the shape below it, and whether it lies within that shape or paper. */
const LOOK = `(() => {
  const shapes = [...document.querySelectorAll('rect')].map((one) => ({ box: one.getBoundingClientRect(), fill: getComputedStyle(one).fill }))
  const contains = (outer, inner) => outer.left <= inner.left && outer.right >= inner.right && outer.top <= inner.top && outer.bottom >= inner.bottom
  return [...document.querySelectorAll('text')].map((one) => {
    const box = one.getBoundingClientRect()
    const middle = { left: box.left, right: box.left + 1, top: box.top + box.height / 2, bottom: box.top + box.height / 2 }
    const below = shapes.filter((shape) => contains(shape.box, middle)).at(-1)
    return { text: one.textContent, fill: getComputedStyle(one).fill, ground: below?.fill ?? '', isInside: below !== undefined && contains(below.box, box) }
  })
})()`
