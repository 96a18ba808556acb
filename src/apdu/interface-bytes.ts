// What the interface bytes of an ATR mean (ISO/IEC 7816-3, interface bytes). Values that the standard keeps for
// future use come out as undefined: whoever needs one decides what to do without it.

/** The interface bytes of one level i: TAi TBi TCi TDi, undefined where absent. */
export interface InterfaceLevel {
  /** T of the TD that announced this level; undefined for level 1, which T0 announces. */
  readonly protocol: number | undefined
  readonly ta: number | undefined
  readonly tb: number | undefined
  readonly tc: number | undefined
  readonly td: number | undefined
}

/** TA2 present: the element speaks one protocol at once, without negotiation. */
export interface SpecificMode {
  readonly protocol: number
  /** interface-bytes: Fi and Di of TA1 apply; implicit: the reader is assumed to know them. */
  readonly parameters: 'interface-bytes' | 'implicit'
  /** A reset may bring the element back to negotiable mode. */
  readonly canChange: boolean
}

export interface T1Parameters {
  /** The longest INF field that the element takes, 1..254 bytes; 32 when not given. */
  readonly ifsc: number | undefined
  readonly edc: 'lrc' | 'crc'
  /** Block waiting integer, 0..9; 4 when not given. */
  readonly bwi: number | undefined
  /** Character waiting integer, 0..15; 13 when not given. */
  readonly cwi: number
}

export type OperatingClass = 'A' | 'B' | 'C'

/** Global bytes: the clock may stop in which state, and the supply classes (A 5 V, B 3 V, C 1.8 V). */
export interface Supply {
  readonly clockStop: 'no' | 'low' | 'high' | 'any'
  /** Class A alone when not given; empty when the coding is unknown. */
  readonly classes: readonly OperatingClass[]
}

/** Everything that the interface bytes say. */
export interface InterfaceParameters {
  /** Transmission protocols in the order of the ATR, without duplicates, at least one; T=15 is none. */
  readonly protocols: readonly number[]
  readonly specificMode: SpecificMode | undefined
  /** Clock rate conversion: clock cycles per etu at Di = 1; 372 when not given. */
  readonly fi: number | undefined
  /** Baud rate adjustment; 1 when not given. */
  readonly di: number | undefined
  /** Waiting integer of T=0, 1..255; 10 when not given. */
  readonly wi: number | undefined
  /** Undefined unless T=1 is offered. */
  readonly t1: T1Parameters | undefined
  readonly supply: Supply
}

/** The meaning of `levels`, which are those of one ATR from level 1 on. */
export function parametersOf(levels: readonly InterfaceLevel[]): InterfaceParameters {
  const [first, second] = levels
  const protocols = protocolsOf(levels)
  const ta1 = first?.ta ?? DEFAULT_TA1
  return {
    protocols,
    specificMode: second?.ta === undefined ? undefined : specificModeOf(second.ta),
    fi: FI[ta1 >> 4],
    di: DI[ta1 & 0x0f],
    // TC2 belongs to T=0 whatever TD1 says.
    wi: inRange(second?.tc ?? 10, 1, 255),
    t1: protocols.includes(1) ? t1ParametersOf(levels) : undefined,
    supply: supplyOf(firstOf(levels, GLOBAL_BYTES, 'ta')),
  }
}

function protocolsOf(levels: readonly InterfaceLevel[]): readonly number[] {
  const announced = new Set<number>()
  for (const { protocol } of levels) {
    if (protocol !== undefined && protocol !== GLOBAL_BYTES) announced.add(protocol)
  }
  // No TD1 means T=0. That an ATR with nothing but T=15 means it too is assumed.
  return announced.size === 0 ? [0] : [...announced]
}

function specificModeOf(ta2: number): SpecificMode {
  return {
    protocol: ta2 & 0x0f,
    parameters: (ta2 & 0x10) === 0 ? 'interface-bytes' : 'implicit',
    canChange: (ta2 & 0x80) === 0,
  }
}

function t1ParametersOf(levels: readonly InterfaceLevel[]): T1Parameters {
  const waiting = firstOf(levels, 1, 'tb') ?? 0x4d
  return {
    ifsc: inRange(firstOf(levels, 1, 'ta') ?? 32, 1, 254),
    edc: ((firstOf(levels, 1, 'tc') ?? 0) & 0x01) === 0 ? 'lrc' : 'crc',
    bwi: inRange(waiting >> 4, 0, 9),
    cwi: waiting & 0x0f,
  }
}

function supplyOf(ta: number | undefined): Supply {
  if (ta === undefined) return { clockStop: 'no', classes: ['A'] }
  const clockStop = CLOCK_STOP[ta >> 6] ?? 'no'
  // The three low bits are a set of classes; the three above them are reserved.
  const classes = (ta & 0x38) === 0 ? CLASSES.filter((_, bit) => (ta & (1 << bit)) !== 0) : []
  return { clockStop, classes }
}

/** The first `name` byte specific to `protocol`: such bytes start at level 3, those of level 2 are global. */
function firstOf(levels: readonly InterfaceLevel[], protocol: number, name: 'ta' | 'tb' | 'tc') {
  return levels.slice(2).find((level) => level.protocol === protocol && level[name] !== undefined)?.[name]
}

function inRange(value: number, min: number, max: number): number | undefined {
  return value >= min && value <= max ? value : undefined
}

/** T=15 stands for no protocol: the bytes after it concern the element as a whole. */
const GLOBAL_BYTES = 15
const DEFAULT_TA1 = 0x11
const CLOCK_STOP = ['no', 'low', 'high', 'any'] as const
const CLASSES: readonly OperatingClass[] = ['A', 'B', 'C']

const RFU = undefined
// Indexed by the high nibble of TA1.
const FI = [372, 372, 558, 744, 1116, 1488, 1860, RFU, RFU, 512, 768, 1024, 1536, 2048, RFU, RFU] as const
// Indexed by the low nibble of TA1.
const DI = [RFU, 1, 2, 4, 8, 16, 32, 64, 12, 20, RFU, RFU, RFU, RFU, RFU, RFU] as const
