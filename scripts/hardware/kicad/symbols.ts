// The symbols of the schematic: a box with pins left and right. Ours, so that the schematic needs no library of KiCad's.

export type PinType =
  | 'input'
  | 'output'
  | 'bidirectional'
  | 'power_in'
  | 'power_out'
  | 'passive'
  | 'open_collector'
  | 'no_connect'

export interface SymbolPin {
  readonly number: string
  readonly name: string
  readonly type: PinType
  readonly side: 'left' | 'right'
}

/** By name; each pin in the order in which it is drawn, from above. */
export const SYMBOLS: Readonly<Record<string, readonly SymbolPin[]>> = {
  HEADER_2X20: headerPins(),
  R: two('passive'),
  C: two('passive'),
  LED: [pin('2 A passive'), pin('1 K passive', 'right')],
  SCHOTTKY: [pin('2 A passive'), pin('1 K passive', 'right')],
  SWITCH: two('passive'),
  JUMPER: two('passive'),
  TESTPOINT: [pin('1 TP passive')],
  // onsemi CAT24C32, SOIC-8.
  EEPROM: [
    ...left('1 A0 input', '2 A1 input', '3 A2 input', '7 WP input'),
    ...right('8 VCC power_in', '5 SDA bidirectional', '6 SCL input', '4 GND power_in'),
  ],
  // TI TCA9548A, TSSOP-24.
  MUX: [
    ...left('24 VCC power_in', '22 SCL input', '23 SDA bidirectional', '3 ~{RESET} input'),
    ...left('1 A0 input', '2 A1 input', '21 A2 input', '12 GND power_in'),
    ...[5, 7, 9, 11, 14, 16, 18, 20].map((number, channel) => pin(`${number} SC${channel} passive`, 'right')),
    ...[4, 6, 8, 10, 13, 15, 17, 19].map((number, channel) => pin(`${number} SD${channel} passive`, 'right')),
  ],
  // Nexperia 74HC154, TSSOP-24.
  DECODER: [
    ...left('24 VCC power_in', '23 A0 input', '22 A1 input', '21 A2 input', '20 A3 input'),
    ...left('18 ~{E0} input', '19 ~{E1} input', '12 GND power_in'),
    ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16, 17].map((number, output) =>
      pin(`${number} ~{Y${output}} output`, 'right'),
    ),
  ],
  // TI TPS22945, SC-70-5: ON is active high, OC an open drain.
  LOAD_SWITCH: [
    ...left('5 VIN power_in', '4 ON input', '2 GND power_in'),
    ...right('1 VOUT power_out', '3 ~{OC} open_collector'),
  ],
  // NXP SE05x, HX2QFN20; pins that are not here are not connected.
  SE05X: [
    ...left('12 VIN power_in', '15 VOUT power_out', '18 VCC power_in', '11 ENA input', '14 ~{RST} input'),
    ...right('9 SDA bidirectional', '10 SCL input', '19 GND power_in', '21 EP power_in'),
  ],
  // ST STM32G031F8, TSSOP-20.
  STM32G031F: [
    ...left('4 VDD power_in', '6 ~{NRST} input', '16 PA11/I2C2_SCL bidirectional'),
    ...left('17 PA12/I2C2_SDA bidirectional', '18 PA13/SWDIO bidirectional', '19 PA14/SWCLK bidirectional'),
    ...left('5 VSS power_in', '1 PB7 bidirectional', '2 PC14 bidirectional', '3 PC15 bidirectional'),
    ...right('20 PB6/USART1_TX bidirectional', '15 PA8/USART1_CK bidirectional', '12 PA5 bidirectional'),
    ...right('11 PA4 bidirectional', '7 PA0 bidirectional', '8 PA1 bidirectional', '9 PA2 bidirectional'),
    ...right('10 PA3 bidirectional', '13 PA6 bidirectional', '14 PA7 bidirectional'),
  ],
  // onsemi NCN4555, QFN-16.
  SIM_SHIFTER: [
    ...left(
      '5 VBAT power_in',
      '3 VDD power_in',
      '1 ~{STOP} input',
      '2 MOD_VCC input',
      '15 I/O bidirectional',
    ),
    ...left('13 CLK input', '14 RST input', '10 GND power_in', '17 EP power_in'),
    ...right('7 SIM_VCC power_out', '8 SIM_I/O bidirectional', '11 SIM_CLK output', '9 SIM_RST output'),
    ...right('4 NC no_connect', '6 NC no_connect', '12 NC no_connect', '16 NC no_connect'),
  ],
  // ISO/IEC 7816-2 contacts.
  SIM_2FF: [
    ...left('C1 VCC power_in', 'C2 RST input', 'C3 CLK input'),
    ...right('C7 I/O bidirectional', 'C6 VPP passive', 'C5 GND power_in'),
  ],
  // ETSI TS 102 671, MFF2.
  SIM_MFF2: [
    ...left('8 VCC power_in', '7 RST input', '6 CLK input', '5 C4 passive'),
    ...right('3 I/O bidirectional', '2 C6 passive', '4 C8 passive', '1 GND power_in'),
  ],
}

function headerPins(): SymbolPin[] {
  return Array.from({ length: 40 }, (_, index) => {
    const number = index + 1
    // One pin a rail gives the power, the others of the rail are only wires to it.
    const type = number === 1 || number === 6 ? 'power_out' : 'passive'
    return pin(`${number} P${number} ${type}`, number % 2 === 1 ? 'left' : 'right')
  })
}

function two(type: PinType): SymbolPin[] {
  return [pin(`1 1 ${type}`), pin(`2 2 ${type}`, 'right')]
}

function left(...pins: string[]): SymbolPin[] {
  return pins.map((text) => pin(text))
}

function right(...pins: string[]): SymbolPin[] {
  return pins.map((text) => pin(text, 'right'))
}

/** @param text  `NUMBER NAME TYPE` */
function pin(text: string, side: SymbolPin['side'] = 'left'): SymbolPin {
  const [number = '', name = '', type = ''] = text.split(' ')
  return { number, name, type: type as PinType, side }
}
