// The 40-pin header of the Raspberry Pi. Pure.

/** What is on a pin when no board has changed it. */
export interface HeaderPin {
  /** 1 to 40; odd ones are nearer to the middle of the Raspberry Pi. */
  readonly pin: number
  readonly kind: '3.3 V' | '5 V' | 'ground' | 'gpio'
  /** BCM number, of a GPIO. */
  readonly line?: number | undefined
}

/** All pins, in order. Source: Raspberry Pi documentation, "GPIO and the 40-pin header". */
export function headerPins(): HeaderPin[] {
  return PINS.map((what, index) => {
    const pin = index + 1
    return typeof what === 'number' ? { pin, kind: 'gpio', line: what } : { pin, kind: what }
  })
}

/** The pin of a GPIO line, or undefined when the header has none. */
export function pinOf(line: number): number | undefined {
  const index = PINS.indexOf(line)
  return index < 0 ? undefined : index + 1
}

/** GPIO lines on the header. */
export const HEADER_LINES = 28

// biome-ignore format: two rows of pins, as on the header
const PINS: readonly (HeaderPin['kind'] | number)[] = [
  '3.3 V', '5 V',
  2, '5 V',
  3, 'ground',
  4, 14,
  'ground', 15,
  17, 18,
  27, 'ground',
  22, 23,
  '3.3 V', 24,
  10, 'ground',
  9, 25,
  11, 8,
  'ground', 7,
  0, 1,
  5, 'ground',
  6, 12,
  13, 'ground',
  19, 16,
  26, 20,
  'ground', 21,
]
