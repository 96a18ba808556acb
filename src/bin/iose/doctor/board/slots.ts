// What is to be said of each slot of a board: what it has, what of that is on this machine, and what to measure. Pure.

import type { Board, BoardSlot } from '../../../../config/board.ts'
import { linesOfSlot, riseTimeOf } from '../../../../config/board-checks.ts'
import type { Line } from '../../../../config/lines.ts'
import type { LineHolder } from '../../../../drivers/gpio.ts'
import { RESET_MS } from '../../../../drivers/lines.ts'
import { type Fact, slotFacts, wireText } from '../../../../hardware/facts.ts'
import { pinOf } from '../../../../hardware/header.ts'
import type { Finding, Outcome } from '../finding.ts'

/** All that is said of one slot. */
export interface SlotReport {
  readonly designator: string
  readonly part: string | undefined
  readonly outcome: Outcome
  /** Of the board file. */
  readonly facts: readonly Fact[]
  /** The node of its bus, as everywhere in the doctor. */
  readonly node: Finding
  readonly lines: readonly LineReport[]
  /** What to do with a meter if the element does not answer, in that order. */
  readonly measure: readonly string[]
}

export interface LineReport {
  readonly use: string
  readonly line: number
  readonly chip: string | undefined
  /** Of the 40-pin header. */
  readonly pin: number | undefined
  readonly state: 'free' | 'held' | 'unknown'
  /** Who has it, or why that is not known. */
  readonly detail: string | undefined
  readonly outcome: Outcome
}

/** What this machine says of a line; undefined: it could not be asked. */
export type Ask = (line: Line) => LineHolder | undefined

export function slotReport(slot: BoardSlot, board: Board, machine: { node: Finding; ask: Ask }): SlotReport {
  const { node, ask } = machine
  const lines = [...usesByLine(slot)].map(([line, uses]) => lineReport(line, uses.join(', '), ask(line)))
  const outcomes = [node.outcome, ...lines.map(({ outcome }) => outcome)]
  const outcome = outcomes.includes('wrong') ? 'wrong' : outcomes.includes('warning') ? 'warning' : 'ok'
  return {
    ...{ designator: slot.designator, part: slot.part, outcome, node, lines },
    facts: slotFacts(slot, board),
    measure: measurements(slot, board),
  }
}

/** A decoder's lines have several uses. */
function usesByLine(slot: BoardSlot): Map<Line, string[]> {
  const uses = new Map<string, { line: Line; of: string[] }>()
  for (const { line, use } of linesOfSlot(slot)) {
    const known = uses.get(keyOf(line))
    if (known === undefined) uses.set(keyOf(line), { line, of: [use] })
    else known.of.push(use)
  }
  return new Map([...uses.values()].map(({ line, of }) => [line, of]))
}

/** What tells a line from others, whatever its level. */
export function keyOf({ line, chip }: Line): string {
  return `${chip ?? ''} ${line}`
}

function lineReport(line: Line, use: string, answer: LineHolder | undefined): LineReport {
  const pin = line.chip === undefined ? pinOf(line.line) : undefined
  const about = { use, line: line.line, chip: line.chip, pin }
  if (answer === undefined || 'obstacle' in answer) {
    return { ...about, state: 'unknown', detail: answer?.obstacle.message, outcome: 'warning' }
  }
  const { holder } = answer
  if (holder === undefined) return { ...about, state: 'free', detail: undefined, outcome: 'ok' }
  // A gateway that runs has its lines.
  return { ...about, state: 'held', detail: holder, outcome: holder === OWN_NAME ? 'ok' : 'wrong' }
}

function measurements(slot: BoardSlot, board: Board): string[] {
  const { entry, designator, level, limitMa } = slot
  const { reset, power, ready } = entry.wiring
  const { led, button } = entry.front
  const isBridge = entry.framing === 'bridge'
  const supply = isBridge
    ? `supply of ${designator}, behind its switch: ${BRIDGE_LEVEL} against ground`
    : `supply of ${designator}: ${level ?? 'what its part wants'} against ground`
  const card = `supply of the card in ${designator}: ${level ?? 'what it wants'} from its bridge, 0 V while the bridge has not activated the card`
  const without = power === undefined ? '' : `, 0 V while ${wireText(power, board)} is active`
  const limit = limitMa === undefined ? '' : `; if it is lower, the switch may limit at ${limitMa} mA`
  return [
    `${supply}${without}${limit}`,
    ...(isBridge ? [card] : []),
    ...busMeasurements(slot, board),
    ...(reset === undefined
      ? []
      : [
          `reset: ${wireText(reset, board)} is active for ${RESET_MS} ms at each reset of the element, inactive otherwise`,
        ]),
    ...(ready === undefined ? [] : [`ready: ${wireText(ready, board)} is active while it has an answer`]),
    ...(led === undefined
      ? []
      : [`LED: ${wireText(led, board)}: ${led.active === 'low' ? '0' : '3.3'} V lights it`]),
    ...(button === undefined
      ? []
      : [`button: ${wireText(button, board)}: ${button.active === 'low' ? '0' : '3.3'} V while pressed`]),
  ]
}

function busMeasurements(slot: BoardSlot, { bus }: Board): string[] {
  const { entry } = slot
  if (entry.driver === 'spi')
    return [`SPI: clock and data move while chip select ${entry.chipSelect} of bus ${entry.bus} is low`]
  const { segment, address } = entry
  const where =
    segment === undefined ? `bus ${entry.bus}` : `channel ${segment.channel} of ${hex(segment.mux)}`
  const rise = bus?.number === entry.bus ? riseTimeOf(bus, slot) : undefined
  const within =
    rise === undefined
      ? ''
      : `, and rise from 30 to 70 % in ${Math.round(rise.nanoseconds)} ns by calculation, ${rise.limitNanoseconds} ns at most`
  const idle = `SDA and SCL of ${where}: high when idle${within}`
  const choose =
    segment === undefined
      ? ''
      : `sudo i2cset -y ${entry.bus} ${hex(segment.mux)} ${hex(1 << segment.channel)} && `
  const stop = 'with the gateway stopped (sudo systemctl stop iosed-tls-se.socket iosed-racs.socket iosed)'
  return [
    idle,
    ...(segment === undefined
      ? []
      : [
          `multiplexer, ${stop}: sudo i2cdetect -y ${entry.bus} ${hex(segment.mux)} ${hex(segment.mux)} shows it`,
        ]),
    `answer, ${stop}: ${choose}sudo i2cdetect -y ${probeOf(entry)} ${entry.bus} ${hex(address)} ${hex(address)} shows it`,
  ]
}

/** An idle element of T=1 over I2C acknowledges no read; a bridge always does. */
function probeOf({ framing }: { readonly framing: string }): '-q' | '-r' {
  return framing === 'bridge' ? '-r' : '-q'
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(2, '0')}`
}

/** Clause M2 of hardware/bridge/README.md: a bridge is at the level of the header, whatever its card gets. */
const BRIDGE_LEVEL = '3.3V'
/** Whom the kernel names as the holder of the gateway's lines: see drivers/gpio-cdev. */
const OWN_NAME = 'iose'
