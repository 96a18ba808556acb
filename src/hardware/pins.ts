// Which line of the header a board uses for what, under names that all artefacts share. Pure.

import type { Board, BoardSlot } from '../config/board.ts'
import type { DecoderOutput, Line } from '../config/lines.ts'

/** A line of the header in use. */
export interface HeaderUse {
  /** As overlay, schematic and pictures call it: `U1_LED`; `_N` when it is active low. */
  readonly net: string
  readonly kind: 'bus' | 'identity' | 'decoder' | 'reset' | 'power' | 'led' | 'button' | 'ready'
}

/** By BCM number; lines of other chips are none of the header. */
export function headerUses(board: Board): Map<number, HeaderUse> {
  const uses = new Map<number, HeaderUse>()
  if (board.hat !== undefined) {
    uses.set(0, { net: 'ID_SD', kind: 'identity' })
    uses.set(1, { net: 'ID_SC', kind: 'identity' })
  }
  if (board.slots.some(({ entry }) => entry.driver === 'i2c' && entry.bus === 1)) {
    uses.set(2, { net: 'SDA1', kind: 'bus' })
    uses.set(3, { net: 'SCL1', kind: 'bus' })
  }
  const decoders = decodersOf(board)
  const add = ({ line, chip, active }: Line, name: string, kind: HeaderUse['kind']): void => {
    if (chip === undefined) uses.set(line, { net: active === 'low' ? `${name}_N` : name, kind })
  }
  for (const slot of board.slots) {
    for (const { used, name, kind } of wiresOf(slot)) {
      if (!('output' in used)) {
        add(used, name, kind)
        continue
      }
      const decoder = decoders.get(decoderKey(used)) ?? ''
      for (const [bit, line] of used.address.entries()) add(line, `${decoder}_A${bit}`, 'decoder')
      add(used.enable, `${decoder}_EN`, 'decoder')
    }
  }
  return uses
}

/** The decoders of a board, in order of their first use, and what they are called: `DEC`, then `DEC2`. */
export function decodersOf(board: Pick<Board, 'slots'>): Map<string, string> {
  const decoders = new Map<string, string>()
  for (const { used } of board.slots.flatMap(wiresOf)) {
    if (!('output' in used) || decoders.has(decoderKey(used))) continue
    decoders.set(decoderKey(used), decoders.size === 0 ? 'DEC' : `DEC${decoders.size + 1}`)
  }
  return decoders
}

/** The same for all outputs of a decoder. */
export function decoderKey({ address, enable }: DecoderOutput): string {
  return JSON.stringify([address, enable])
}

function wiresOf({ entry, designator }: BoardSlot) {
  const { reset, power, select, ready } = entry.wiring
  const { led, button } = entry.front
  const segment = entry.driver === 'i2c' ? entry.segment : undefined
  const mux = `MUX${segment?.mux.toString(16) ?? ''}`
  const wires: { used: Line | DecoderOutput | undefined; name: string; kind: HeaderUse['kind'] }[] = [
    { used: segment?.reset, name: `${mux}_RESET`, kind: 'reset' },
    { used: reset, name: `${designator}_RESET`, kind: 'reset' },
    { used: power, name: `${designator}_POWER`, kind: 'power' },
    { used: select, name: `${designator}_SELECT`, kind: 'decoder' },
    { used: ready, name: `${designator}_READY`, kind: 'ready' },
    { used: led, name: `${designator}_LED`, kind: 'led' },
    { used: button, name: `${designator}_BUTTON`, kind: 'button' },
  ]
  return wires.flatMap(({ used, ...wire }) => (used === undefined ? [] : [{ used, ...wire }]))
}
