// The 40-pin header as a board uses it.

import type { Board } from '../../src/config/board.ts'
import { type HeaderPin, headerPins } from '../../src/hardware/header.ts'
import { type HeaderUse, headerUses } from '../../src/hardware/pins.ts'
import { svg, words } from '../../src/hardware/svg.ts'

export function pinoutPicture(board: Board): string {
  const uses = headerUses(board)
  const pins = headerPins()
  const title = `${board.name}, revision ${board.revision}: pins of the header`
  const height = TOP + (pins.length / 2) * ROW + 14
  const body = [
    words(16, 28, title, 'class="head"'),
    words(16, 48, 'Odd pins on the left, pin 1 at the top; _N: active low', 'class="small"'),
    ...pins.map((pin) => pinShape(pin, useOf(pin, uses))),
  ].join('')
  const list = pins
    .filter(({ kind }) => kind === 'gpio')
    .map((pin) => `pin ${pin.pin}, GPIO ${pin.line ?? ''}: ${useOf(pin, uses)?.net ?? 'free'}`)
  return svg({ title, description: `${list.join('; ')}.`, width: WIDTH, height, body })
}

function pinShape({ pin, kind, line }: HeaderPin, use: HeaderUse | undefined): string {
  const isLeft = pin % 2 === 1
  const y = TOP + Math.floor((pin - 1) / 2) * ROW
  const x = isLeft ? MIDDLE - PIN - 2 : MIDDLE + 2
  const look = kind === 'gpio' ? (use === undefined ? '' : ' used') : kind === 'ground' ? ' ground' : ' power'
  const place = isLeft
    ? { near: x - 10, far: x - 90, end: 'end' }
    : { near: x + PIN + 10, far: x + PIN + 90, end: '' }
  const shape = `<rect class="pin${look}" x="${x}" y="${y}" width="${PIN}" height="${ROW - 4}" rx="4"/>\n`
  const number = words(x + PIN / 2, y + 15, String(pin), 'class="small middle"')
  const first = words(
    place.near,
    y + 15,
    line === undefined ? kind : `GPIO ${line}`,
    `class="small ${place.end}"`,
  )
  if (kind !== 'gpio') return shape + number + first
  const name = words(
    place.far,
    y + 15,
    use?.net ?? 'free',
    `class="${use === undefined ? 'small' : 'name'} ${place.end}"`,
  )
  return shape + number + first + name
}

function useOf({ line }: HeaderPin, uses: ReadonlyMap<number, HeaderUse>): HeaderUse | undefined {
  return line === undefined ? undefined : uses.get(line)
}

const WIDTH = 560
const MIDDLE = WIDTH / 2
const PIN = 34
const ROW = 26
const TOP = 62
