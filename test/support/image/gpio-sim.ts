// A GPIO chip in the kernel of the booted image: gpio-sim, which Debian does not build, made for that kernel.

import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { outcomeOf, successOf } from '../container/outcome.ts'
import { isMissing } from '../peers.ts'
import { cannotBootImage, imagePath, SLOT_OFFSETS } from './disk.ts'
import type { Inside } from './inside.ts'

/** Why the chip cannot be made here, or false. */
export function cannotSimulateGpio(): string | false {
  return (
    cannotBootImage() ||
    isMissing('aarch64-linux-gnu-gcc', '--version') ||
    isMissing('make', '--version') ||
    isMissing('unsquashfs', '-version')
  )
}

/** A folder with gpio-sim.ko and irq_sim.ko for the kernel of slot A. It is made once for each kernel, in half a minute. */
export async function gpioSimModules(): Promise<string> {
  const recipe = createHash('sha256').update(readFileSync(MAKE_GPIO_SIM)).digest('hex').slice(0, 12)
  const kernel = await kernelOfImage()
  const directory = join(CACHE, `gpio-sim-${kernel}-${recipe}`)
  if (existsSync(directory)) return directory
  mkdirSync(CACHE, { recursive: true })
  const command = ['timeout', '300', MAKE_GPIO_SIM, kernel, directory]
  successOf(command, await outcomeOf(command))
  return directory
}

/** A chip of simulated lines. Reading and driving them is what a person in front of the box sees and does. */
export class GpioSim {
  readonly #inside: Inside
  readonly #folder: string

  private constructor(inside: Inside, folder: string) {
    this.#inside = inside
    this.#folder = folder
  }

  /** @param label  what the chip is called; that of the header of a Raspberry Pi makes it the one that is meant by default */
  static async make(inside: Inside, modules: string, label: string): Promise<GpioSim> {
    for (const name of ['irq_sim.ko', 'gpio-sim.ko'])
      await inside.copyIn(join(modules, name), `/run/test/${name}`)
    const bank = `${CONFIG}/bank0`
    await inside.success(`modprobe configfs
      insmod /run/test/irq_sim.ko && insmod /run/test/gpio-sim.ko && mkdir -p ${bank} || exit
      echo ${LINES} >${bank}/num_lines && echo ${label} >${bank}/label && echo 1 >${CONFIG}/live
      udevadm settle`)
    const names = await inside.success(`cat ${CONFIG}/dev_name ${bank}/chip_name`)
    return new GpioSim(inside, `/sys/devices/platform/${names.trim().split('\n').join('/')}`)
  }

  /** Levels of lines, each 0 or 1, as they are at one moment after another. */
  async watch(lines: readonly number[], times: number): Promise<number[][]> {
    const files = lines.map((line) => `${this.#folder}/sim_gpio${line}/value`)
    const text = await this.#inside.success(
      `for i in $(seq ${times}); do echo $(cat ${files.join(' ')}); sleep 0.05; done`,
    )
    const rows = text.trim().split('\n')
    return rows.map((row) => row.split(' ').map(Number))
  }

  /** Closes a button to ground, and lets go of it after a time. */
  async press(line: number, seconds: number): Promise<void> {
    const pull = `${this.#folder}/sim_gpio${line}/pull`
    await this.#inside.success(`echo pull-down >${pull}; sleep ${seconds}; echo pull-up >${pull}`)
  }

  /** Lets go of buttons, which a new chip has pulled down. */
  async release(lines: readonly number[]): Promise<void> {
    for (const line of lines) await this.#inside.success(`echo pull-up >${this.#folder}/sim_gpio${line}/pull`)
  }
}

/** As `uname -r` says it. */
async function kernelOfImage(): Promise<string> {
  const image = imagePath() ?? ''
  const command = ['unsquashfs', '-o', String(SLOT_OFFSETS.A), '-l', image, 'usr/lib/modules']
  const kernel = /usr\/lib\/modules\/([^/\n]+)\n/.exec(successOf(command, await outcomeOf(command)))
  if (kernel?.[1] === undefined) throw new Error(`${image}: no kernel's modules in slot A`)
  return kernel[1]
}

const MAKE_GPIO_SIM = join(import.meta.dirname, 'make-gpio-sim')
const CACHE = join(import.meta.dirname, '../../../.cache/image-tests')
const CONFIG = '/sys/kernel/config/gpio-sim/test'
const LINES = 54
