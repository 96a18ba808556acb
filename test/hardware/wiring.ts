// A netlist against a board file: what is not wired as the board file says, in words that name the slot and the wire.

import type { Netlist } from '../../scripts/hardware/kicad/netlist.ts'
import type { Board, BoardSlot } from '../../src/config/board.ts'
import type { DecoderOutput, Line } from '../../src/config/lines.ts'
import { pinOf } from '../../src/hardware/header.ts'

/** Nothing, or one line for each wire that is wrong: `J1 LED: ...`. */
export function wrongWires(board: Board, netlist: Netlist): string[] {
  return board.slots.flatMap((slot) => new SlotWires(board, netlist, slot).wrong())
}

class SlotWires {
  readonly #board: Board
  readonly #netlist: Netlist
  readonly #slot: BoardSlot
  readonly #wrong: string[] = []

  constructor(board: Board, netlist: Netlist, slot: BoardSlot) {
    this.#board = board
    this.#netlist = netlist
    this.#slot = slot
  }

  wrong(): string[] {
    const { entry } = this.#slot
    if (entry.driver !== 'i2c' || entry.segment === undefined)
      return [`${this.#slot.designator}: not behind a multiplexer`]
    const { mux, channel, reset } = entry.segment
    this.#bus(entry.bus, mux)
    this.#same('multiplexer reset', this.#lineNet(reset), this.#netlist.at(MUX, '~{RESET}'))
    const chip = this.#chipOn(channel)
    if (chip !== undefined) {
      this.#supply(chip)
      this.#reset(chip)
      this.#level(chip)
    }
    this.#front(entry.front)
    return this.#wrong
  }

  #bus(bus: number, mux: number): void {
    const pins = BUS_LINES[bus]?.map((line) => this.#header(line))
    this.#same('bus', pins?.[0], this.#netlist.at(MUX, 'SDA'))
    this.#same('bus', pins?.[1], this.#netlist.at(MUX, 'SCL'))
    const strapped = ['A0', 'A1', 'A2'].reduce(
      (sum, name, bit) => sum | (this.#netlist.at(MUX, name) === RAIL ? 1 << bit : 0),
      0x70,
    )
    this.#same('multiplexer address', hex(mux), hex(strapped))
  }

  /** The part that speaks on channel `channel`: the element itself, or the bridge before it. */
  #chipOn(channel: number): string | undefined {
    const { designator, entry, pullUpOhms } = this.#slot
    const found = ['SDA', 'SCL'].map((wire) => {
      const net = this.#netlist.at(MUX, `${wire.slice(0, 1)}${wire === 'SDA' ? 'D' : 'C'}${channel}`)
      const ohms = this.#netlist.throughResistor(net).map(({ value }) => ohmsOf(value))
      this.#same(`pull-up of ${wire}`, String(pullUpOhms), ohms.join(' and '))
      return this.#netlist.pinsOn(net).find(({ designator: one, name }) => one !== MUX && name.endsWith(wire))
    })
    const [data, clock] = found
    this.#same('channel', data?.designator, clock?.designator)
    const isBridge = entry.framing === 'bridge'
    const element = isBridge ? this.#cardOf(data?.designator) : data?.designator
    return this.#same(`channel ${channel}`, designator, element) ? data?.designator : undefined
  }

  /** From the bridge over its level shifter to the card. */
  #cardOf(bridge: string | undefined): string | undefined {
    const shifter = this.#shifterOf(bridge)
    const ends = ['SIM_I/O', 'SIM_CLK', 'SIM_RST', 'SIM_VCC'].map((pin, index) => {
      const name = ['I/O', 'CLK', 'RST', 'VCC'][index]
      const pins = this.#netlist.pinsOn(this.#netlist.at(shifter ?? '', pin))
      return pins.find((one) => one.designator !== shifter && one.name === name)?.designator
    })
    const [first] = ends
    return ends.every((end) => end === first) ? first : undefined
  }

  #shifterOf(bridge: string | undefined): string | undefined {
    const pins = this.#netlist.pinsOn(this.#netlist.at(bridge ?? '', 'PB6/USART1_TX'))
    return pins.find(({ name, designator }) => name === 'I/O' && designator !== bridge)?.designator
  }

  #supply(chip: string): void {
    const { entry, limitMa } = this.#slot
    const rail = this.#netlist.at(chip, 'VDD') ?? this.#netlist.at(chip, 'VIN')
    const loadSwitch =
      this.#netlist.pinsOn(rail).find(({ name }) => name === 'VOUT')?.designator ?? 'no switch'
    this.#same('power switch', this.#wireNet(entry.wiring.power), this.#netlist.at(loadSwitch, 'ON'))
    this.#same('power switch', RAIL, this.#netlist.at(loadSwitch, 'VIN'))
    const value = this.#netlist.values.get(loadSwitch) ?? 'none'
    this.#same('current limit', String(limitMa), String(LIMITS[value]))
  }

  #reset(chip: string): void {
    const pin = this.#netlist.at(chip, '~{NRST}') ?? this.#netlist.at(chip, 'ENA')
    const diode = this.#netlist.pinsOn(pin).find(({ name }) => name === 'A')?.designator ?? 'no diode'
    this.#same('reset', this.#wireNet(this.#slot.entry.wiring.reset), this.#netlist.at(diode, 'K'))
  }

  #level(chip: string): void {
    const shifter = this.#shifterOf(chip)
    if (shifter === undefined) {
      this.#same('level', this.#slot.level, '3.3V')
      return
    }
    const [strap] = this.#netlist.throughResistor(this.#netlist.at(shifter, 'MOD_VCC'))
    this.#same('level', this.#slot.level, strap?.net === 'GND' ? '1.8V' : '3V')
  }

  #front({ led, button }: BoardSlot['entry']['front']): void {
    const own = this.#board.slots.indexOf(this.#slot) + 1
    const series = this.#netlist.throughResistor(this.#lineNet(led))
    const lamps = series.flatMap(({ net }) => this.#netlist.pinsOn(net)).filter(({ name }) => name === 'A')
    this.#same('LED', `D${own}`, lamps[0]?.designator)
    const switches = this.#netlist
      .pinsOn(this.#lineNet(button))
      .filter(({ designator }) => designator.startsWith('SW'))
    this.#same('button', `SW${own}`, switches[0]?.designator)
  }

  #wireNet(used: Line | DecoderOutput | undefined): string | undefined {
    if (used === undefined || !('output' in used)) return this.#lineNet(used)
    const address = used.address.map(({ line }) => this.#header(line))
    for (const [bit, net] of address.entries())
      this.#same(`decoder input ${bit}`, net, this.#netlist.at(DECODER, `A${bit}`))
    this.#same('decoder enable', this.#header(used.enable.line), this.#netlist.at(DECODER, '~{E0}'))
    return this.#netlist.at(DECODER, `~{Y${used.output}}`)
  }

  #lineNet(used: Line | DecoderOutput | undefined): string | undefined {
    return used === undefined || 'output' in used ? undefined : this.#header(used.line)
  }

  #header(line: number): string | undefined {
    return this.#netlist.at(HEADER, String(pinOf(line)))
  }

  #same(what: string, wanted: string | undefined, found: string | undefined): boolean {
    const isSame = wanted !== undefined && wanted === found
    const text = `${this.#slot.designator} ${what}: ${wanted ?? 'nothing'} in the board file, ${found ?? 'nothing'} in the netlist`
    if (!isSame && !this.#wrong.includes(text)) this.#wrong.push(text)
    return isSame
  }
}

function hex(address: number): string {
  return `0x${address.toString(16)}`
}

/** `4.7 kohm` */
function ohmsOf(value: string): number {
  const [number = '', unit] = value.split(' ')
  return Math.round(Number(number) * (unit === 'kohm' ? 1000 : 1))
}

const [HEADER, MUX, DECODER, RAIL] = ['J5', 'U9', 'U10', '+3V3']
/** SDA and SCL of I2C buses on the header. */
const BUS_LINES: Readonly<Record<number, readonly number[]>> = { 0: [0, 1], 1: [2, 3] }
/** In mA, by part. */
const LIMITS: Readonly<Record<string, number>> = { TPS22945DCKR: 100 }
