// GPIO lines: LEDs, buttons, reset and select lines of elements. Two ways lead to them, one file each.

import { LinkError } from './errors.ts'

/** A line of a GPIO chip. */
export interface LineAddress {
  /** Label or name of the chip (`pinctrl-bcm2711`, `gpiochip0`); the header's of a Raspberry Pi when undefined. */
  readonly chip?: string | undefined
  /** Offset on the chip; on a Raspberry Pi the BCM number. */
  readonly line: number
  /** Level that means active. */
  readonly active: 'high' | 'low'
}

/** Lines that the gateway drives. What becomes of their levels once they are given back is up to the chip. */
export interface OutputLines extends Disposable {
  /**
   * Drives the lines; returns when it is done, within microseconds.
   * @param active  bit n: whether line n is active; bits beyond the lines are ignored
   * @throws LinkError link.closed when they were given back, or their chip is gone
   */
  set(active: number): void
}

/** A line that the gateway reads. */
export interface InputLine extends Disposable {
  /** @throws LinkError link.closed when it was given back, or its chip is gone */
  readonly isActive: boolean
  /**
   * Calls `listener` at each edge from now on, until disposed of. sysfs reports edges that come faster than the
   * process looks as one; the state of the last call is right all the same.
   * @param listener  is told the state after the edge
   * @throws LinkError link.closed also when the chip cannot report edges; InternalError at the second call (our bug)
   */
  watch(listener: (isActive: boolean) => void): void
}

/** Where lines are had from. A line belongs to one owner at a time. */
export interface Gpio {
  /**
   * Takes lines as outputs; they are never in another state than `initial`.
   * @param lines  1 to 32, of one chip, each once; `cdev` changes those together that their chip can
   * @param initial  as in `OutputLines.set`
   * @throws LinkError link.closed, naming chip and line and, by `cdev`, who holds it
   */
  outputs(lines: readonly LineAddress[], initial: number): OutputLines
  /**
   * Takes a line as an input.
   * @param bias  the chip's own resistor; `onoff` knows only `none`, and that leaves the resistor as it is
   * @throws LinkError link.closed, naming chip and line and, by `cdev`, who holds it
   */
  input(line: LineAddress, bias: Bias): InputLine
}

export type Bias = 'none' | 'up' | 'down'

/** `cdev`: the character device /dev/gpiochipN. `onoff`: /sys/class/gpio, for where the device is not permitted. */
export type GpioKind = 'cdev' | 'onoff'

/**
 * Loads the addons of `kind`; no line is touched yet.
 * @throws LinkError link.closed when they are not installed
 */
export async function openGpio(kind: GpioKind): Promise<Gpio> {
  const { addons, load } = WAYS[kind]
  try {
    return await load()
  } catch (error) {
    const message = `GPIO by "${kind}" needs the addons ${addons}: they were left out at npm ci, or need a compiler`
    throw new LinkError('link.closed', message, { cause: error })
  }
}

/** Who has a line, or why that cannot be told. */
export type LineHolder = { readonly holder: string | undefined } | { readonly obstacle: LinkError }

/**
 * Who has each of `lines`, by the character device; nothing is taken, and no level changes.
 * @throws LinkError link.closed when the addons are not installed
 */
export async function holdersOf(lines: readonly LineAddress[]): Promise<LineHolder[]> {
  await openGpio('cdev')
  const { holderOf } = await import('./gpio-cdev.ts')
  return lines.map((line) => {
    try {
      return { holder: holderOf(line) }
    } catch (error) {
      if (error instanceof LinkError) return { obstacle: error }
      throw error
    }
  })
}

const WAYS: Readonly<Record<GpioKind, { readonly addons: string; readonly load: () => Promise<Gpio> }>> = {
  cdev: { addons: 'koffi and epoll', load: async () => new (await import('./gpio-cdev.ts')).CdevGpio() },
  onoff: { addons: 'onoff and epoll', load: async () => new (await import('./gpio-sysfs.ts')).SysfsGpio() },
}
