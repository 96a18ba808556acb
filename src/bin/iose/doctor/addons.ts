// The native addons that the configuration needs: whether each can be loaded. That is tried in processes of their own,
// since an addon that does not fit may end the process.

import type { Config } from '../../../config/config.ts'
import type { SlotConfig } from '../../../config/slots.ts'
import { defaultLibrary } from '../../../drivers/pcsc-library.ts'
import type { Check } from './examine.ts'
import { type Finding, fine, wrong } from './finding.ts'
import { type Ending, endingOf } from './reading.ts'
import { PROGRAM } from './subject.ts'

export function addonChecks(config: Pick<Config, 'slots' | 'panel'>): Check[] {
  return addonsOf(config).map((addon) => ({
    name: CHECK,
    deadlineMs: DEADLINE_MS,
    look: async () => [addonFinding(addon, await loading(addon), PROGRAM)],
  }))
}

/** Names of packages, each once. */
export function addonsOf({ slots, panel }: Pick<Config, 'slots' | 'panel'>): string[] {
  const addons = new Set<string>()
  for (const slot of slots) {
    if (slot.driver === 'i2c') addons.add('i2c-bus')
    if (slot.driver === 'spi') addons.add('spi-device')
    if (slot.driver === 'pcsc') addons.add(slot.library ?? defaultLibrary())
    if (usesLines(slot)) for (const addon of GPIO_ADDONS[panel.gpio]) addons.add(addon)
  }
  return [...addons]
}

/** Whether GPIO lines are needed for it. */
export function usesLines(slot: SlotConfig): boolean {
  if (slot.driver === 'sim-array') return false
  const { led, button } = slot.front
  if (led !== undefined || button !== undefined) return true
  if (slot.driver !== 'i2c' && slot.driver !== 'spi') return false
  const { reset, power, select, ready } = slot.wiring
  const muxReset = slot.driver === 'i2c' ? slot.segment?.reset : undefined
  return [reset, power, select, ready, muxReset].some((line) => line !== undefined)
}

/**
 * What is to be said of an attempt to load it.
 * @param program  the folder of the program
 */
export function addonFinding(addon: string, ending: Ending, program: string): Finding {
  const { exitCode, signal, stderr } = ending
  if (exitCode === 0) return fine(CHECK, addon)
  const rebuild = `cd ${program} && npm rebuild ${addon}`
  if (signal !== undefined) {
    const found = `${addon} ends its process (${signal})`
    return wrong(CHECK, { found, meaning: 'it was built for something else', remedy: rebuild })
  }
  if (isPackageMissing(addon, stderr)) {
    const meaning = `npm leaves it out when it cannot be compiled`
    return wrong(CHECK, { found: `${addon} is not installed`, meaning, remedy: installed(addon, program) })
  }
  if (/NODE_MODULE_VERSION|different Node\.js version/.test(stderr)) {
    const found = `${addon} is built for another version of Node.js`
    return wrong(CHECK, { found, remedy: rebuild })
  }
  const library = /(\S+\.so[.\d]*): cannot open shared object file/.exec(stderr)?.[1]
  if (library !== undefined) {
    const found = `${addon} misses the library ${library}`
    const remedy = library.startsWith('libpcsclite') ? 'sudo apt-get install libpcsclite1' : rebuild
    return wrong(CHECK, { found, remedy })
  }
  const found = `${addon} cannot be loaded`
  const remedy = `sudo apt-get install ${packagesFor(addon)} && ${rebuild}`
  return wrong(CHECK, { found, meaning: reasonIn(stderr), remedy })
}

/** How a process ends that does nothing but load it. */
async function loading(addon: string): Promise<Ending> {
  const ending = await endingOf(process.execPath, ['-e', 'require(process.argv[1])', addon], {
    cwd: PROGRAM,
    patienceMs: DEADLINE_MS - 1_000,
  })
  if (ending === undefined) throw new Error(`there is no ${process.execPath}`)
  return ending
}

function isPackageMissing(addon: string, stderr: string): boolean {
  return stderr.includes(`Cannot find module '${addon}'`)
}

function installed(addon: string, program: string): string {
  return `sudo apt-get install ${packagesFor(addon)} && cd ${program} && npm ci`
}

/** Of Debian: what is needed to compile it. */
function packagesFor(addon: string): string {
  return addon === 'pcsclite' || addon === 'smartcard' ? 'build-essential libpcsclite-dev' : 'build-essential'
}

/** The line of an uncaught error that says what it is. */
function reasonIn(stderr: string): string {
  return /^\w*Error: (.*)$/m.exec(stderr)?.[1] ?? stderr.trim().split('\n').at(-1) ?? ''
}

const CHECK = 'addon'
const GPIO_ADDONS = { cdev: ['koffi', 'epoll'], onoff: ['onoff', 'epoll'] } as const
/** A Raspberry Pi Zero takes seconds to start Node.js. */
const DEADLINE_MS = 10_000
