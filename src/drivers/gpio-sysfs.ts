// GPIO by /sys/class/gpio, through the addon onoff: the only file that loads it. What its version 6.0.3 and this
// interface of the kernel need of their user, read in their source:
//   - lines have numbers of the system's, which change from kernel to kernel: the chip's base is looked up, never
//     guessed;
//   - the constructor blocks the process for a tenth of a second when a file does not come: so only lines that there
//     are, and no edges before they are asked for;
//   - a line stays exported when a process ends without giving it back. It is taken over as it is, since giving it
//     back first could change its level; but onoff says nothing when such a line cannot be set.

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { Gpio as Line } from 'onoff'
import { InternalError } from '../base/errors.ts'
import { LinkError } from './errors.ts'
import type { Bias, Gpio, InputLine, LineAddress, OutputLines } from './gpio.ts'
import { type Chip, chipOf, nameOf } from './gpio-chips.ts'

export class SysfsGpio implements Gpio {
  outputs(lines: readonly LineAddress[], initial: number): OutputLines {
    const chip = chipOf(lines, search(), NOTES)
    const taken: TakenLine[] = []
    try {
      for (const [i, line] of lines.entries()) {
        // In the kernel's words a level, whatever means active.
        const isHigh = isSet(initial, i) === (line.active === 'high')
        taken.push(new TakenLine(line, chip, isHigh ? 'high' : 'low'))
      }
    } catch (error) {
      for (const line of taken) line.giveBack()
      throw error
    }
    return new SysfsOutputs(taken)
  }

  input(line: LineAddress, bias: Bias): InputLine {
    const chip = chipOf([line], search(), NOTES)
    if (bias !== 'none') {
      const message = `${nameOf([line.line], chip)}: no pull-${bias} by "onoff", only by "cdev"`
      throw new LinkError('link.closed', message)
    }
    return new SysfsInput(new TakenLine(line, chip, 'in'))
  }
}

class SysfsOutputs implements OutputLines {
  readonly #lines: readonly TakenLine[]

  constructor(lines: readonly TakenLine[]) {
    this.#lines = lines
  }

  set(active: number): void {
    for (const [i, line] of this.#lines.entries())
      line.use((onoff) => onoff.writeSync(isSet(active, i) ? 1 : 0))
  }

  [Symbol.dispose](): void {
    for (const line of this.#lines) line.giveBack()
  }
}

class SysfsInput implements InputLine {
  readonly #line: TakenLine
  #listener: ((isActive: boolean) => void) | undefined

  constructor(line: TakenLine) {
    this.#line = line
  }

  get isActive(): boolean {
    return this.#line.use((onoff) => onoff.readSync()) === 1
  }

  watch(listener: (isActive: boolean) => void): void {
    if (this.#listener !== undefined) throw new InternalError(`${this.#line.name} is watched already`)
    this.#line.use((onoff) => {
      onoff.setEdge('both')
      onoff.watch((_error, value) => this.#listener?.(value === 1))
    })
    this.#listener = listener
  }

  [Symbol.dispose](): void {
    this.#listener = undefined
    this.#line.giveBack()
  }
}

/** A line that is exported, and its file. */
class TakenLine {
  readonly name: string
  readonly #onoff: Line
  #isGivenBack = false

  /** @throws LinkError link.closed */
  constructor({ line, active }: LineAddress, chip: SysfsChip, direction: 'in' | 'high' | 'low') {
    this.name = nameOf([line], chip)
    try {
      stopEdges(chip.base + line)
      this.#onoff = new Line(chip.base + line, direction, undefined, { activeLow: active === 'low' })
    } catch (error) {
      const isBusy = (error as NodeJS.ErrnoException).code === 'EBUSY'
      const why = isBusy ? ': it is held by somebody, only "cdev" can tell by whom' : ''
      throw new LinkError('link.closed', `cannot take ${this.name}${why}`, { cause: error })
    }
    const asked = direction === 'in' ? 'in' : 'out'
    const isAsAsked = this.use(
      (onoff) => onoff.direction() === asked && onoff.activeLow() === (active === 'low'),
    )
    if (isAsAsked) return
    this.giveBack()
    throw new LinkError('link.closed', `cannot take ${this.name}: it was exported, and cannot be set`)
  }

  /** @throws LinkError link.closed */
  use<T>(access: (onoff: Line) => T): T {
    if (this.#isGivenBack) throw new LinkError('link.closed', `${this.name} was given back`)
    try {
      return access(this.#onoff)
    } catch (error) {
      throw new LinkError('link.closed', this.name, { cause: error })
    }
  }

  giveBack(): void {
    if (this.#isGivenBack) return
    this.#isGivenBack = true
    this.#onoff.unexport()
  }
}

interface SysfsChip extends Chip {
  /** Number of its line 0. */
  readonly base: number
}

/** @throws LinkError link.closed when there is no such interface */
function search(): SysfsChip[] {
  try {
    const folders = readdirSync(ROOT).filter((entry) => /^gpiochip\d+$/.test(entry))
    return folders.map((name) => {
      const value = (file: string): string => readFileSync(`${ROOT}/${name}/${file}`, 'utf8').trim()
      const [base, lineCount] = [Number(value('base')), Number(value('ngpio'))]
      // Its name is one of this interface alone: elsewhere the same word means another chip.
      return { name, label: value('label'), aliases: [], base, lineCount }
    })
  } catch (error) {
    const message = `no GPIO in ${ROOT}, which newer kernels leave out: use "cdev"`
    throw new LinkError('link.closed', message, { cause: error })
  }
}

/** A line that reports edges cannot become an output. */
function stopEdges(number: number): void {
  const folder = `${ROOT}/gpio${number}`
  if (!existsSync(`${folder}/edge`) || readFileSync(`${folder}/direction`, 'utf8').trim() !== 'in') return
  writeFileSync(`${folder}/edge`, 'none')
}

function isSet(bits: number, index: number): boolean {
  return ((bits >>> index) & 1) === 1
}

const ROOT = '/sys/class/gpio'
const NOTES = ['"onoff" knows chips by their labels only, "cdev" by their names, too']
