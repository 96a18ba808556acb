// What GPIO lines do for elements: reset them, choose among them, and tell that they are ready.

import { type Clock, sleepUntil } from '../base/clock.ts'
import { Turn } from '../base/turn.ts'
import { LinkError } from './errors.ts'
import { type GpioKind, type InputLine, type LineAddress, type OutputLines, openGpio } from './gpio.ts'
import type { Link } from './link.ts'
import { SharedPool } from './shared.ts'

/** One output of a decoder such as the 4514 and the 74HC154. */
export interface DecoderOutput {
  /** Its address inputs, lowest bit first. */
  readonly address: readonly LineAddress[]
  /** While it is active the output is; while it is not, none is. */
  readonly enable: LineAddress
  readonly output: number
}

/** The lines of one element. */
export interface Wiring {
  readonly reset?: LineAddress | DecoderOutput | undefined
  /** Active while the element has no power. */
  readonly power?: LineAddress | DecoderOutput | undefined
  /** Active during each access: for a bus on which several elements have the same address. */
  readonly select?: DecoderOutput | undefined
  /** Active while the element has a block ready. */
  readonly ready?: LineAddress | undefined
}

/** `link` with what its lines add; to be disposed of before the link. */
export interface WiredLink extends AsyncDisposable {
  readonly link: Link
}

/** Holds something, an element in reset for instance, for as long as `work` takes. */
export interface Pulse extends AsyncDisposable {
  during<Result>(work: () => Promise<Result>): Promise<Result>
}

export class Lines {
  readonly #kind: GpioKind
  readonly #clock: Clock

  constructor(kind: GpioKind, clock: Clock) {
    this.#kind = kind
    this.#clock = clock
  }

  /** @throws LinkError link.closed when a line cannot be had */
  async wire(link: Link, { reset, power, select, ready }: Wiring): Promise<WiredLink> {
    const taken: (AsyncDisposable | Disposable)[] = []
    try {
      let wired = link
      if (select !== undefined) {
        const pulse = await this.pulse(select)
        taken.push(pulse)
        wired = selectedBy(pulse, wired)
      }
      if (reset !== undefined) {
        const pulse = await this.pulse(reset)
        taken.push(pulse)
        wired = { ...wired, reset: () => this.reset(pulse).then(() => 'reset') }
      }
      if (power !== undefined) {
        const pulse = await this.pulse(power)
        taken.push(pulse)
        wired = { ...wired, reset: this.#coldBy(pulse, wired) }
      }
      if (ready !== undefined) {
        const line = (await openGpio(this.#kind)).input(ready, 'none')
        taken.push(line)
        wired = { ...wired, ready: readiness(line, this.#clock) }
      }
      return { link: wired, [Symbol.asyncDispose]: () => giveBack(taken) }
    } catch (error) {
      await giveBack(taken)
      throw error
    }
  }

  /** @throws LinkError link.closed when a line cannot be had */
  async pulse(line: LineAddress | DecoderOutput): Promise<Pulse> {
    return 'output' in line ? this.#decoded(line) : this.#direct(line)
  }

  /** Holds a line of resets for `RESET_MS`. */
  reset(pulse: Pulse): Promise<void> {
    return pulse.during(() => sleepUntil(this.#clock, this.#clock.now() + RESET_MS))
  }

  /** A cold reset takes the power away first; a warm one is what it was. */
  #coldBy(power: Pulse, link: Link): Link['reset'] {
    return async (kind) => {
      if (kind === 'warm') return link.reset(kind)
      // Without power it would pull the wires of the bus low, through what protects its pins.
      await link.detach?.().catch(whenStuck)
      await power.during(() => sleepUntil(this.#clock, this.#clock.now() + POWER_OFF_MS))
      await link.reset(kind)
      return 'reset'
    }
  }

  async #direct(line: LineAddress): Promise<Pulse> {
    const output = (await openGpio(this.#kind)).outputs([line], INACTIVE)
    return {
      during: (work) => held(output, work),
      [Symbol.asyncDispose]() {
        output[Symbol.dispose]()
        return Promise.resolve()
      },
    }
  }

  async #decoded({ address, enable, output }: DecoderOutput): Promise<Pulse> {
    const key = JSON.stringify([this.#kind, address, enable])
    const { value, release } = await decoders.take(key, () => Decoder.open(this.#kind, address, enable))
    return { during: (work) => value.during(output, work), [Symbol.asyncDispose]: release }
  }
}

/** A decoder that several elements share: one output at a time. */
class Decoder {
  readonly #address: OutputLines
  readonly #enable: OutputLines
  readonly #turn = new Turn()

  private constructor(address: OutputLines, enable: OutputLines) {
    this.#address = address
    this.#enable = enable
  }

  static async open(kind: GpioKind, address: readonly LineAddress[], enable: LineAddress): Promise<Decoder> {
    const gpio = await openGpio(kind)
    const enabling = gpio.outputs([enable], INACTIVE)
    try {
      return new Decoder(gpio.outputs(address, 0), enabling)
    } catch (error) {
      enabling[Symbol.dispose]()
      throw error
    }
  }

  during<Result>(output: number, work: () => Promise<Result>): Promise<Result> {
    return this.#turn.run(() => {
      this.#address.set(output)
      return held(this.#enable, work)
    })
  }

  close(): Promise<void> {
    return this.#turn.run(() => {
      this.#enable[Symbol.dispose]()
      this.#address[Symbol.dispose]()
      return Promise.resolve()
    })
  }
}

async function held<Result>(line: OutputLines, work: () => Promise<Result>): Promise<Result> {
  line.set(ACTIVE)
  try {
    return await work()
  } finally {
    line.set(INACTIVE)
  }
}

function selectedBy(pulse: Pulse, link: Link): Link {
  return {
    ...link,
    write: (bytes) => pulse.during(() => link.write(bytes)),
    read: (into) => pulse.during(() => link.read(into)),
  }
}

/** One who waits at a time: the element's loop. */
function readiness(line: InputLine, clock: Clock): (until: number) => Promise<void> {
  let wake = (): void => undefined
  line.watch((isActive) => {
    if (isActive) wake()
  })
  return (until) =>
    new Promise((resolve) => {
      const timer = clock.at(until, resolve)
      wake = () => {
        timer.cancel()
        resolve()
      }
      if (line.isActive) wake()
    })
}

/** What holds the bus may be this element: then it helps that its power goes. */
function whenStuck(error: unknown): void {
  if (!(error instanceof LinkError)) throw error
}

async function giveBack(taken: readonly (AsyncDisposable | Disposable)[]): Promise<void> {
  for (const line of [...taken].reverse()) {
    if (Symbol.asyncDispose in line) await line[Symbol.asyncDispose]()
    else line[Symbol.dispose]()
  }
}

const decoders = new SharedPool<Decoder>((decoder) => decoder.close())

const INACTIVE = 0
const ACTIVE = 1
/** NXP's host library holds ENA of an SE05x for as long; ISO/IEC 7816-3 asks for 400 clock cycles. */
export const RESET_MS = 2
/** The capacitors of a slot must be empty by then: test/hardware/power-off.test.ts has those of the HAT. */
export const POWER_OFF_MS = 50
