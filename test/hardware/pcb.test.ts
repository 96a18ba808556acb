// The board as KiCad's file has it: what must fit the Raspberry Pi, and what must be the netlist's.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import {
  childrenOf,
  type Expression,
  expressionIn,
  valueOf,
} from '../../scripts/hardware/kicad/expressions.ts'
import { Netlist } from '../../scripts/hardware/kicad/netlist.ts'
import { HARDWARE, STEM } from './bench.ts'

type Point = readonly [number, number]

const board = expressionIn(readFileSync(join(HARDWARE, `kicad/${STEM}.kicad_pcb`), 'utf8'))
const netlist = new Netlist(readFileSync(join(HARDWARE, `kicad/${STEM}.net`), 'utf8'))
const parts = new Map(childrenOf(board, 'footprint').map((part) => [designatorOf(part), part]))

test('board: its outline is 65 mm by 56.5 mm, with corners of 3 mm', () => {
  const lines = childrenOf(board, 'gr_line').filter((line) => valueOf(line, 'layer') === 'Edge.Cuts')
  const arcs = childrenOf(board, 'gr_arc').filter((arc) => valueOf(arc, 'layer') === 'Edge.Cuts')
  const points = [...lines, ...arcs].flatMap((item) => [pointOf(item, 'start'), pointOf(item, 'end')])
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)]
  assert.deepEqual([Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)], [0, 65, 0, 56.5])
  assert.equal(lines.length, 4)
  const sizes = arcs.map((arc) => Math.abs(pointOf(arc, 'start')[0] - pointOf(arc, 'end')[0]))
  assert.deepEqual(sizes, [3, 3, 3, 3])
})

test('board: four holes of 2.7 mm, 58 mm and 49 mm apart, the first 3.5 mm from two edges', () => {
  const holes = ['H1', 'H2', 'H3', 'H4'].map((name) => partOf(name))
  assert.deepEqual(
    holes.map((hole) => pointOf(hole, 'at')),
    [
      [3.5, 3.5],
      [61.5, 3.5],
      [3.5, 52.5],
      [61.5, 52.5],
    ],
  )
  for (const hole of holes) {
    assert.deepEqual(
      childrenOf(hole, 'pad').map((pad) => valueOf(pad, 'drill')),
      ['2.7'],
    )
  }
})

test('board: the header is in line with the upper holes and in their middle, pin 1 in the inner row on the left', () => {
  const pads = new Map(
    childrenOf(partOf('J5'), 'pad').map((pad) => [String(pad[1]), padAt(partOf('J5'), pad)]),
  )
  assert.deepEqual(pads.get('1'), [8.37, 4.77])
  assert.deepEqual(pads.get('2'), [8.37, 2.23])
  assert.deepEqual(pads.get('3'), [10.91, 4.77])
  assert.deepEqual(pads.get('40'), [56.63, 2.23])
  assert.equal(valueOf(partOf('J5'), 'layer'), 'B.Cu')
})

test('board: each part of the netlist is on it once, inside the outline, each pad on the net of its pin', () => {
  const fitted = [...parts.keys()].filter((name) => !/^H\d$/.test(name))
  assert.deepEqual(fitted.sort(), [...netlist.values.keys()].sort())
  for (const name of fitted) {
    const [x, y] = pointOf(partOf(name), 'at')
    assert.ok(x > 0 && x < 65 && y > 0 && y < 56.5, `${name} at ${x}, ${y}`)
    for (const pad of childrenOf(partOf(name), 'pad')) {
      const net = childrenOf(pad, 'net')[0]?.[2]
      const wanted = netlist.at(name, String(pad[1]))
      if (wanted !== undefined) assert.equal(net, wanted, `${name}.${String(pad[1])}`)
    }
  }
})

function partOf(name: string): readonly Expression[] {
  return parts.get(name) ?? assert.fail(`no ${name}`)
}

function designatorOf(part: Expression): string {
  const reference = childrenOf(part, 'property').find(([, name]) => name === 'Reference')
  return String(reference?.[2])
}

function pointOf(item: Expression, head: string): Point {
  const [, x, y] = childrenOf(item, head)[0] ?? []
  return [Number(x), Number(y)]
}

/** Where a pad is on the board: KiCad turns parts counter-clockwise, with y downwards. */
function padAt(part: Expression, pad: Expression): Point {
  const [x, y] = pointOf(part, 'at')
  const angle = (Number(childrenOf(part, 'at')[0]?.[3] ?? 0) * Math.PI) / 180
  const [padX, padY] = pointOf(pad, 'at')
  const turned: Point = [
    padX * Math.cos(angle) + padY * Math.sin(angle),
    padY * Math.cos(angle) - padX * Math.sin(angle),
  ]
  return [rounded(x + turned[0]), rounded(y + turned[1])]
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000
}
