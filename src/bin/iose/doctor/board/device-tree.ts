// What the device tree of this machine does with the lines of a board: its overlay, and peripherals that take them.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Board } from '../../../../config/board.ts'
import { headerUses } from '../../../../hardware/pins.ts'
import { type Finding, fine, warning, wrong } from '../finding.ts'
import { contentOf } from '../reading.ts'

/** A property of the device tree, by its path: `__symbols__/spi0`. */
export type TreeFile = (name: string) => string | undefined

/** Of this machine. Texts end with a zero there. */
export const presentTree: TreeFile = (name) => contentOf(`/proc/device-tree/${name}`)?.replace(/\0+$/, '')

/** Where the overlay of the board is, as source or compiled. */
export interface OverlayPlace {
  readonly folder: string
  readonly has: (path: string) => boolean
}

/** @param source  the board file */
export function overlayPlace(source: string): OverlayPlace {
  return { folder: join(source, '../../overlay'), has: existsSync }
}

/** Nothing where there is no device tree: that the board is not there has been said then. */
export function overlayFinding(board: Board, tree: TreeFile, { folder, has }: OverlayPlace): Finding[] {
  const names = propertyOf(tree, 'gpio', 'gpio-line-names')?.split('\0')
  if (board.hat === undefined || names === undefined) return []
  const { overlay } = board.hat
  const isApplied = [...headerUses(board)].every(([line, { net }]) => names[line] === net)
  if (isApplied) return [fine(OVERLAY, `${overlay} is applied: lines have its names`)]
  const compiled = join(folder, `${overlay}.dtbo`)
  const target = `/boot/firmware/overlays/${overlay}.dtbo`
  const copy = has(compiled)
    ? `sudo cp ${compiled} /boot/firmware/overlays/`
    : `sudo dtc -@ -I dts -O dtb -o ${target} ${join(folder, `${overlay}.dts`)}`
  const enable = `echo dtoverlay=${overlay} | sudo tee -a /boot/firmware/config.txt`
  return [
    warning(OVERLAY, {
      found: `${overlay} is not applied`,
      meaning: 'the bus has the clock of the system, or is off, and tools show no names of lines',
      remedy: `${copy} && ${enable}, then restart; an ID EEPROM that is written makes the second part needless`,
    }),
  ]
}

/** A peripheral of the header that is on although the board has its lines for something else. */
export function takenFindings(board: Board, tree: TreeFile): Finding[] {
  const uses = headerUses(board)
  return PERIPHERALS.flatMap(({ labels, name, lines, parameter }) => {
    const own =
      parameter === 'spi' && board.slots.some(({ entry }) => entry.driver === 'spi' && entry.bus === 0)
    const taken = lines.filter((line) => uses.has(line))
    if (own || taken.length === 0 || !labels.some((label) => isOn(tree, label))) return []
    const nets = taken.map((line) => uses.get(line)?.net ?? '')
    return [
      wrong('lines', {
        found: `${name} is on and has lines ${taken.join(', ')}`,
        meaning: `here they are ${nets.join(', ')}`,
        remedy: `take dtparam=${parameter}=on out of /boot/firmware/config.txt, then restart`,
      }),
    ]
  })
}

function isOn(tree: TreeFile, label: string): boolean {
  if (tree(`__symbols__/${label}`) === undefined) return false
  // Devicetree specification 2.3.4: without this property a node is on.
  const status = propertyOf(tree, label, 'status') ?? 'okay'
  return status === 'okay' || status === 'ok'
}

/** Of the node with a label: overlays name nodes by it, so a tree that takes overlays has all of them. */
function propertyOf(tree: TreeFile, label: string, property: string): string | undefined {
  const path = tree(`__symbols__/${label}`)
  return path === undefined ? undefined : tree(`${path.slice(1)}/${property}`)
}

const OVERLAY = 'overlay'
/**
 * Those that config.txt switches on by a parameter of the base device tree, with their lines in its default. Labels: of
 * Raspberry Pi's device trees, and of the kernel's own.
 */
const PERIPHERALS = [
  { labels: ['spi0', 'spi'], name: 'SPI 0', lines: [7, 8, 9, 10, 11], parameter: 'spi' },
  { labels: ['i2s'], name: 'I2S', lines: [18, 19, 20, 21], parameter: 'i2s' },
] as const
