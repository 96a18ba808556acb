// A chip at the end of a wire: transfers of the bus to frames of the protocol and back.

import { BridgeCard } from './bridge-card.ts'
import { type FaultEntry, type FaultyWire, withFaults } from './faults.ts'
import { T1Card } from './t1-card.ts'
import { resetMsOf, WireApdus } from './wire-apdus.ts'
import { frameBytesOf } from './wire-block.ts'
import { type Framing, WIRE_DIALECTS, type WireDialect } from './wire-dialect.ts'
import type { Outgoing, WireEnd } from './wire-end.ts'
import type { WireCardOptions } from './wire-options.ts'
import { type BusParameters, cipOf, historicalBytesOf, nxpAtrOf } from './wire-parameters.ts'

export type { ApduCard, WireCardOptions } from './wire-options.ts'

/** A chip at the end of a wire, as its bus sees it. */
export interface WireCard {
  /** One write transfer (START to STOP, or one CS period). False: not acknowledged. `bytes` is borrowed. */
  write(bytes: Uint8Array): boolean
  /**
   * One read transfer of `length` bytes, a fresh array; undefined: not acknowledged. Bytes beyond what there is are FF
   * on I2C of a chip that refuses when busy, 00 on I2C of one that does not, idle bytes on SPI.
   */
  read(length: number): Uint8Array | undefined
  /** Reset line or power cycle. */
  reset(): void
}

/** The same with what a test wants to know afterwards. */
export interface SimulatedWireCard extends WireCard {
  /** The command APDUs run so far, in their order: none may be missing, twice there, or mixed with another. */
  readonly executed: readonly Uint8Array[]
  /** What the options' faults did so far. */
  readonly faultLog: readonly FaultEntry[]
  /** Before its next answer the card asks so many times for more time, in dialects that can. */
  delayAnswer(requests: number): void
}

/** A chip, powered and reset, with the protocol and the habits that `options` describe. */
export function wireCardOf(options: WireCardOptions): SimulatedWireCard {
  const apdus = new WireApdus(options)
  const port = new WirePort(options, endOf(options, apdus))
  const shaky = shakyOf(options, port)
  const outside: WireCard = shaky ?? port
  return {
    executed: apdus.executed,
    faultLog: shaky?.log ?? [],
    write: (bytes) => outside.write(bytes),
    read: (length) => outside.read(length),
    reset: () => outside.reset(),
    delayAnswer: (requests) => port.delayAnswer(requests),
  }
}

function shakyOf(
  { faults, clock, medium, ...options }: WireCardOptions,
  port: WirePort,
): FaultyWire | undefined {
  if (faults === undefined) return undefined
  if (medium === 'i2c') return withFaults(port, faults, { clock })
  const idle = (length: number) => new Uint8Array(length).fill(options.idleByte ?? 0)
  return withFaults(port, faults, { clock, nothing: idle, refusesWrites: false })
}

function endOf(options: WireCardOptions, apdus: WireApdus): WireEnd {
  const { framing } = options
  const dialect = dialectOf(options)
  if (framing === 'bridge') return new BridgeCard({ dialect, apdus })
  const bwtMs = options.bwtMs ?? BWT_MS[framing]
  const resetMs = resetMsOf(options)
  const ifsc = options.ifsc ?? (framing === 'iso' ? dialect.firstIfsc : COMMON_IFSC)
  const selfDescription = () => {
    const { medium, parameters } = options
    const common = framing === 'nxp' ? NXP_PARAMETERS : GP_PARAMETERS[medium]
    const own = {
      pwtMs: Math.min(Math.max(common.pwtMs, Math.ceil(resetMs)), 0xff),
      sealBytes: options.sealBytes ?? common.sealBytes,
      historicalBytes: historicalBytesOf(apdus.atr),
    }
    const figures = { ...common, ...own, ...parameters, medium, bwtMs, ifsc }
    return options.selfDescription ?? (framing === 'nxp' ? nxpAtrOf(figures) : cipOf(figures))
  }
  return new T1Card({ dialect, options, apdus, ifsc, bwtMs, resetMs, selfDescription })
}

function dialectOf({ framing, edc, nad }: WireCardOptions): WireDialect {
  const dialect = WIRE_DIALECTS[framing]
  const { host, card } = nad ?? { host: dialect.hostNad, card: dialect.cardNad }
  return { ...dialect, edc: edc ?? dialect.edc, hostNad: host, cardNad: card }
}

class WirePort implements WireCard {
  readonly #options: WireCardOptions
  readonly #dialect: WireDialect
  readonly #end: WireEnd
  /** What came of a frame that may take several transfers. */
  #partial: Uint8Array = NO_BYTES
  #partialSince = 0
  /** The block being read; `#cursor` is below 0 by the idle bytes still to come before it. */
  #block: Outgoing | undefined
  #cursor = 0
  #blocks = 0
  #quietUntil: number

  constructor(options: WireCardOptions, end: WireEnd) {
    this.#options = options
    this.#dialect = dialectOf(options)
    this.#end = end
    this.#quietUntil = options.clock.now() + resetMsOf(options)
  }

  reset(): void {
    this.#end.reset()
    this.#partial = NO_BYTES
    this.#block = undefined
    this.#quietUntil = this.#now() + resetMsOf(this.#options)
  }

  delayAnswer(requests: number): void {
    this.#end.delayAnswer(requests)
  }

  write(bytes: Uint8Array): boolean {
    const { busy, medium, sealBytes = Infinity } = this.#options
    const now = this.#now()
    if (now < this.#quietUntil || !this.#end.isListening(now)) return medium === 'spi' || busy !== 'nack'
    const seen = medium === 'spi' ? bytes.subarray(0, sealBytes) : bytes
    if (!this.#saysSomething(seen)) return true
    const frame = this.#frameFrom(seen, now)
    if (frame !== undefined) this.#receive(frame, now)
    return true
  }

  read(length: number): Uint8Array | undefined {
    const { busy, medium, sealBytes = Infinity } = this.#options
    const now = this.#now()
    const isSpi = medium === 'spi'
    if (isSpi) this.#giveUpPartial(now)
    const block = now < this.#quietUntil || this.#partial.length > 0 ? undefined : this.#end.outgoing(now)
    if (block !== this.#block) this.#open(block)
    const isSilent = block === undefined || this.#cursor >= block.bytes.length
    if (isSilent && busy === 'nack' && !isSpi) return undefined
    const read = new Uint8Array(length).fill(
      isSilent ? notReadyByteOf(this.#options) : padByteOf(this.#options),
    )
    if (block !== undefined && !isSilent) this.#copyTo(read.subarray(0, isSpi ? sealBytes : length), block)
    return read
  }

  #open(block: Outgoing | undefined): void {
    this.#block = block
    if (block !== undefined) this.#cursor = -(this.#options.leadBytes?.(this.#blocks++) ?? 0)
  }

  #copyTo(target: Uint8Array, { bytes, quietMs = 0 }: Outgoing): void {
    const lead = Math.min(Math.max(-this.#cursor, 0), target.length)
    target.fill(notReadyByteOf(this.#options), 0, lead)
    const from = Math.max(this.#cursor, 0)
    target.set(bytes.subarray(from, from + target.length - lead), lead)
    this.#cursor += target.length
    if (this.#cursor >= bytes.length) this.#quietUntil = Math.max(this.#quietUntil, this.#now() + quietMs)
  }

  /** The frame that `bytes` are, or complete. */
  #frameFrom(bytes: Uint8Array, now: number): Uint8Array | undefined {
    const { framing, medium } = this.#options
    // T=1 on I2C: a frame is one transfer, and a transfer one frame.
    if (framing !== 'bridge' && medium === 'i2c') return bytes
    if (now - this.#partialSince > PARTIAL_FRAME_MS) this.#partial = NO_BYTES
    this.#partialSince = now
    const whole = Uint8Array.from([...this.#partial, ...bytes])
    const isComplete = whole[0] !== this.#dialect.hostNad || whole.length >= this.#wantedBytes(whole)
    this.#partial = isComplete ? NO_BYTES : whole
    return isComplete ? whole : undefined
  }

  /** Zeros on SPI are how a host clocks a read, where its NAD is something else. */
  #saysSomething(bytes: Uint8Array): boolean {
    const isClocking =
      this.#options.medium === 'spi' && this.#partial.length === 0 && this.#dialect.hostNad !== 0
    return isClocking ? bytes.some((byte) => byte !== 0) : bytes.length > 0
  }

  #wantedBytes(partial: Uint8Array): number {
    return frameBytesOf(this.#dialect, partial) ?? Infinity
  }

  /** A host that reads has said all it had to say: half a frame is a broken one. */
  #giveUpPartial(now: number): void {
    if (this.#partial.length === 0) return
    const frame = this.#partial
    this.#partial = NO_BYTES
    this.#receive(frame, now)
  }

  #receive(frame: Uint8Array, now: number): void {
    this.#block = undefined
    this.#end.receive(frame, now)
  }

  #now(): number {
    return this.#options.clock.now()
  }
}

/** What the bus carries before a block, or instead of one. */
function notReadyByteOf({ medium, idleByte = 0 }: WireCardOptions): number {
  return medium === 'spi' ? idleByte : 0
}

/** What comes after the last byte of a block: on I2C nobody pulls the line down. */
function padByteOf(options: WireCardOptions): number {
  return options.medium === 'i2c' && options.busy === 'nack' ? 0xff : notReadyByteOf(options)
}

type Figures = Omit<BusParameters, 'medium' | 'bwtMs' | 'ifsc' | 'historicalBytes'>

const GP_ISSUER = Uint8Array.of(0xa0, 0x00, 0x00, 0x03)
const GP_I2C: Figures = {
  issuer: GP_ISSUER,
  config: 0x01,
  pwtMs: 25,
  maxClockKhz: 400,
  pstMs: 5,
  pollInterval: 10,
  gapUs: 10,
  sealBytes: 16,
  wakeUpUs: 100,
}
const GP_PARAMETERS: Readonly<Record<'i2c' | 'spi', Figures>> = {
  i2c: GP_I2C,
  spi: { ...GP_I2C, maxClockKhz: 1000, gapUs: 200 },
}
const NXP_PARAMETERS: Figures = {
  issuer: Uint8Array.of(0xa0, 0x00, 0x00, 0x03, 0x96),
  config: 0x08,
  pwtMs: 0,
  maxClockKhz: 1000,
  pstMs: 0,
  pollInterval: 1,
  gapUs: 100,
  sealBytes: 0,
  wakeUpUs: 0,
}
const COMMON_IFSC = 254
// iso: BWI 4 at 4 MHz.
const BWT_MS: Readonly<Record<Exclude<Framing, 'bridge'>, number>> = { iso: 1428, nxp: 1000, gp: 300 }
// Assumed: a bridge that waits longer than this for the next piece of a frame takes what comes for a new one.
const PARTIAL_FRAME_MS = 100
const NO_BYTES = new Uint8Array(0)
