// The package onoff on what the steps say; lines are offsets of the chip that LABEL names.

import { readdirSync, readFileSync } from 'node:fs'
import { Gpio } from 'onoff'
import { runSteps } from './steps.js'

const ROOT = '/sys/class/gpio'
const LABEL = 'pinctrl-bcm2711'
const lines = new Map()
const edges = []

function numberOf(offset) {
  const chips = readdirSync(ROOT).filter((name) => name.startsWith('gpiochip'))
  const chip = chips.find((name) => readFileSync(`${ROOT}/${name}/label`, 'utf8').trim() === LABEL)
  return Number(readFileSync(`${ROOT}/${chip}/base`, 'utf8')) + offset
}

function open(offset, direction, edge) {
  const line = new Gpio(numberOf(offset), direction, edge)
  lines.set(offset, line)
  if (edge !== 'none') line.watch((_error, value) => edges.push(value))
}

await runSteps({
  open,
  accessible: () => Number(Gpio.accessible),
  number: numberOf,
  read: (offset) => lines.get(offset).read(),
  readSync: (offset) => lines.get(offset).readSync(),
  write: (offset, value) => lines.get(offset).writeSync(value),
  direction: (offset) => lines.get(offset).direction(),
  edges: async (count) => {
    while (edges.length < count) await new Promise((resolve) => setImmediate(resolve))
    return edges.splice(0).join(' ')
  },
  unexport: (offset) => lines.get(offset).unexport(),
})
