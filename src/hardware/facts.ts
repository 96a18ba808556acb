// A slot of a board in words: for pictures and for the doctor. Pure.

import type { Board, BoardSlot } from '../config/board.ts'
import type { DecoderOutput, Line } from '../config/lines.ts'
import { pinOf } from './header.ts'
import { decoderKey, decodersOf } from './pins.ts'

export interface Fact {
  readonly name:
    | 'mux reset'
    | 'bus'
    | 'address'
    | 'channel'
    | 'select'
    | 'reset'
    | 'power'
    | 'current'
    | 'ready'
    | 'LED'
    | 'button'
    | 'level'
  readonly text: string
}

/** All that the board file says of the slot's wires. */
export function slotFacts({ entry, level, maxMa, limitMa }: BoardSlot, board: Pick<Board, 'slots'>): Fact[] {
  const { reset, power, select, ready } = entry.wiring
  const { led, button } = entry.front
  const segment = entry.driver === 'i2c' ? entry.segment : undefined
  const wire = (used: Line | DecoderOutput | undefined): string | undefined => used && wireText(used, board)
  const current = [maxMa && `up to ${maxMa} mA`, limitMa && `limit ${limitMa} mA`].filter(Boolean).join(', ')
  // What is behind a bridge has a supply of its own.
  const where = entry.framing === 'bridge' ? ' at the card' : ''
  const facts: { name: Fact['name']; text: string | undefined }[] = [
    {
      name: 'bus',
      text: entry.driver === 'i2c' ? `I2C ${entry.bus}` : `SPI ${entry.bus}.${entry.chipSelect}`,
    },
    { name: 'address', text: entry.driver === 'i2c' ? hex(entry.address) : undefined },
    { name: 'channel', text: channelText(entry) },
    { name: 'mux reset', text: wire(segment?.reset) },
    { name: 'select', text: wire(select) },
    { name: 'reset', text: wire(reset) },
    { name: 'power', text: wire(power) },
    { name: 'current', text: current || undefined },
    { name: 'ready', text: wire(ready) },
    { name: 'LED', text: wire(led) },
    { name: 'button', text: wire(button) },
    { name: 'level', text: level && `${level}${where}` },
  ]
  return facts.flatMap(({ name, text }) => (text === undefined ? [] : [{ name, text }]))
}

/** Each decoder of a board in words, by the name that its outputs have in `slotFacts`. */
export function decoderTexts(board: Pick<Board, 'slots'>): string[] {
  const outputs = board.slots.flatMap(({ entry: { wiring } }) =>
    [wiring.reset, wiring.power, wiring.select].filter((used) => used !== undefined && 'output' in used),
  )
  return [...decodersOf(board)].flatMap(([key, name]) => {
    const one = outputs.find((used) => decoderKey(used) === key)
    if (one === undefined) return []
    const address = one.address.map((line) => wireText(line, board)).join('; ')
    return [`${name}: address, lowest bit first, ${address}; enabled by ${wireText(one.enable, board)}`]
  })
}

/** `GPIO 17, pin 11`, or `output 3 of DEC` */
export function wireText(used: Line | DecoderOutput, board: Pick<Board, 'slots'>): string {
  if ('output' in used)
    return `output ${used.output} of ${decodersOf(board).get(decoderKey(used)) ?? 'a decoder'}`
  const { line, chip, active } = used
  const place = chip === undefined ? `GPIO ${line}, pin ${pinOf(line) ?? 'none'}` : `line ${line} of ${chip}`
  return active === 'low' ? `${place}, low` : place
}

function channelText(entry: BoardSlot['entry']): string | undefined {
  if (entry.driver !== 'i2c' || entry.segment === undefined) return undefined
  return `${entry.segment.channel} of ${hex(entry.segment.mux)}`
}

function hex(address: number): string {
  return `0x${address.toString(16).padStart(2, '0')}`
}
