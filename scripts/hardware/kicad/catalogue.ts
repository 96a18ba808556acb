// The parts that the board is made of, by what they are used for. Availability has not been asked for anywhere.

export interface CataloguePart {
  readonly symbol: string
  /** `library:name` */
  readonly footprint: string
  readonly manufacturer: string
  readonly partNumber: string
  /** What may be fitted in its place, or nothing that is known. */
  readonly alternatives: string
  readonly description: string
}

function part(
  symbol: string,
  footprint: string,
  [manufacturer, partNumber]: readonly [string, string],
  text: string,
) {
  const [description = '', alternatives = ''] = text.split(' | ')
  return { symbol, footprint, manufacturer, partNumber, description, alternatives }
}

function resistor(ohms: string, code: string): CataloguePart {
  return part(
    'R',
    'Resistor_SMD:R_0603_1608Metric',
    ['Yageo', `RC0603FR-07${code}`],
    `${ohms} 1 % 0603 | any of the same value, such as of Vishay CRCW0603`,
  )
}

export const CATALOGUE = {
  header: part(
    'HEADER_2X20',
    'Connector_PinSocket_2.54mm:PinSocket_2x20_P2.54mm_Vertical',
    ['Samtec', 'SSQ-120-03-G-D'],
    '2 x 20 socket, 2.54 mm, soldered from below | any 2 x 20 socket of 2.54 mm that leaves 10 mm to the Raspberry Pi',
  ),
  eeprom: part(
    'EEPROM',
    'Package_SO:SOIC-8_3.9x4.9mm_P1.27mm',
    ['onsemi', 'CAT24C32WI-GT3'],
    'I2C EEPROM 32 kbit | Microchip 24LC32A-I/SN',
  ),
  mux: part(
    'MUX',
    'Package_SO:TSSOP-24_4.4x7.8mm_P0.65mm',
    ['Texas Instruments', 'TCA9548APWR'],
    'I2C multiplexer, 8 channels | NXP PCA9548APW',
  ),
  decoder: part(
    'DECODER',
    'Package_SO:TSSOP-24_4.4x7.8mm_P0.65mm',
    ['Nexperia', '74HC154PW'],
    '4 to 16 decoder, outputs active low | Texas Instruments CD74HC154 (other package)',
  ),
  loadSwitch: part(
    'LOAD_SWITCH',
    'Package_TO_SOT_SMD:SOT-353_SC-70-5',
    ['Texas Instruments', 'TPS22945DCKR'],
    'load switch, limit 100 mA at least, restarts by itself | Texas Instruments TPS22944DCKR (limits without switching off)',
  ),
  element: part(
    'SE05X',
    'Package_DFN_QFN:QFN-20-1EP_3x3mm_P0.4mm_EP1.65x1.65mm',
    ['NXP', 'SE050C2HQ1/Z01SDZ'],
    'secure element | NXP SE051C2HQ1/Z01XD, NXP SE050E2HQ1/Z01Z3',
  ),
  bridge: part(
    'STM32G031F',
    'Package_SO:TSSOP-20_4.4x6.5mm_P0.65mm',
    ['STMicroelectronics', 'STM32G031F8P6'],
    'microcontroller with smart-card USART | STMicroelectronics STM32G031F6P6, STM32G041F8P6',
  ),
  shifter: part(
    'SIM_SHIFTER',
    'Package_DFN_QFN:QFN-16-1EP_3x3mm_P0.5mm_EP1.75x1.75mm',
    ['onsemi', 'NCN4555MNR2G'],
    'SIM supply 1.8 V or 3 V and level shifter | Texas Instruments TXS4555RGTR (other pins)',
  ),
  socket2ff: part(
    'SIM_2FF',
    'iose:SIM_2FF_Provisional',
    ['Molex', '47553-0001'],
    '2FF SIM socket, 6 contacts | to be chosen with its land pattern',
  ),
  mff2: part(
    'SIM_MFF2',
    'Package_DFN_QFN:DFN-8-1EP_6x5mm_P1.27mm_EP2x2mm',
    ['as its operator delivers it', 'MFF2 eUICC or UICC'],
    'soldered UICC of 6 x 5 mm | any MFF2 part',
  ),
  schottky: part(
    'SCHOTTKY',
    'Diode_SMD:D_SOD-323',
    ['Diodes Incorporated', 'BAT54WS-7-F'],
    'Schottky diode, SOD-323 | Vishay BAT54WS-E3-08',
  ),
  led: part(
    'LED',
    'LED_SMD:LED_0603_1608Metric',
    ['Kingbright', 'APT1608SGC'],
    'green LED 0603 | Würth 150060GS75000',
  ),
  button: part(
    'SWITCH',
    'Button_Switch_SMD:SW_SPST_PTS810',
    ['C&K', 'PTS810 SJM 250 SMTR LFS'],
    'push-button | none with the same land pattern is known',
  ),
  jumper: part(
    'JUMPER',
    'Jumper:SolderJumper-2_P1.3mm_Open_RoundedPad1.0x1.5mm',
    ['none', 'solder'],
    'bridged while the EEPROM is written | -',
  ),
  testPoint: part(
    'TESTPOINT',
    'TestPoint:TestPoint_Pad_D1.0mm',
    ['none', 'copper'],
    'pad for the programmer of a bridge | -',
  ),
  c100n: part(
    'C',
    'Capacitor_SMD:C_0603_1608Metric',
    ['Murata', 'GRM188R71C104KA01D'],
    '100 nF 16 V X7R 0603 | Yageo CC0603KRX7R7BB104',
  ),
  c1u: part(
    'C',
    'Capacitor_SMD:C_0603_1608Metric',
    ['Murata', 'GRM188R61C105KA93D'],
    '1 uF 16 V X5R 0603 | Samsung CL10A105KO8NNNC',
  ),
  r680: resistor('680 ohm', '680RL'),
  r1k: resistor('1 kohm', '1KL'),
  r3k9: resistor('3.9 kohm', '3K9L'),
  r4k7: resistor('4.7 kohm', '4K7L'),
  r10k: resistor('10 kohm', '10KL'),
} as const satisfies Record<string, CataloguePart>

export type PartKey = keyof typeof CATALOGUE
