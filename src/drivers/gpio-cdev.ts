// GPIO by the character device, ABI v2 (Linux 5.10 and later), by ioctl through the addon koffi: the only file that
// loads it. A line that was taken has a file of its own, which outlives that of its chip; closing it gives the line
// back.

import { closeSync, constants, openSync, readdirSync } from 'node:fs'
import { constants as system } from 'node:os'
import { getSystemErrorName } from 'node:util'
import koffi from 'koffi'
import { InternalError, messageOf } from '../base/errors.ts'
import { LinkError } from './errors.ts'
import type { Bias, Gpio, InputLine, LineAddress, OutputLines } from './gpio.ts'
import { activeLowOf, type Chip, chipOf, nameOf } from './gpio-chips.ts'
import { ReadableFiles } from './gpio-edges.ts'
import * as uapi from './gpio-uapi.ts'

const { FLAG, IOCTL } = uapi

export class CdevGpio implements Gpio {
  readonly #readable = new ReadableFiles()

  outputs(lines: readonly LineAddress[], initial: number): OutputLines {
    const config = { flags: FLAG.OUTPUT, activeLow: activeLowOf(lines), initial }
    return new CdevOutputs(take(lines, config), lines.length)
  }

  input(line: LineAddress, bias: Bias): InputLine {
    const config = { flags: FLAG.INPUT | BIAS_FLAG[bias], activeLow: activeLowOf([line]) }
    return new CdevInput(take([line], config), config, this.#readable)
  }
}

class CdevOutputs implements OutputLines {
  readonly #file: LineFile
  readonly #mask: number

  constructor(file: LineFile, count: number) {
    this.#file = file
    this.#mask = 2 ** count - 1
  }

  set(active: number): void {
    this.#file.ask(IOCTL.GPIO_V2_LINE_SET_VALUES, uapi.lineValues(active, this.#mask))
  }

  [Symbol.dispose](): void {
    this.#file.close()
  }
}

class CdevInput implements InputLine {
  readonly #file: LineFile
  readonly #config: uapi.LineConfig
  readonly #readable: ReadableFiles
  #listener: ((isActive: boolean) => void) | undefined

  constructor(file: LineFile, config: uapi.LineConfig, readable: ReadableFiles) {
    this.#file = file
    this.#config = config
    this.#readable = readable
  }

  get isActive(): boolean {
    const values = uapi.lineValues(0, 1)
    this.#file.ask(IOCTL.GPIO_V2_LINE_GET_VALUES, values)
    return uapi.valuesOf(values) === 1
  }

  watch(listener: (isActive: boolean) => void): void {
    if (this.#listener !== undefined) throw new InternalError(`${this.#file.name} is watched already`)
    const flags = this.#config.flags | FLAG.EDGE_RISING | FLAG.EDGE_FALLING
    this.#file.ask(IOCTL.GPIO_V2_LINE_SET_CONFIG, uapi.lineConfig({ ...this.#config, flags }))
    this.#listener = listener
    this.#readable.add(this.#file.fd, () => this.#onReadable())
  }

  [Symbol.dispose](): void {
    this.#listener = undefined
    // Once closed, the number may be another file's.
    if (!this.#file.isClosed) this.#readable.remove(this.#file.fd)
    this.#file.close()
  }

  /** Reads once: what does not fit is reported by another call. */
  #onReadable(): void {
    const events = uapi.emptyEvents(EVENTS_MAX)
    const length = this.#file.read(events)
    if (length === 'gone') {
      // It stays readable for good; the owner learns of it when it asks for the state.
      this.#readable.remove(this.#file.fd)
      return
    }
    for (const isActive of uapi.edgesOf(events.subarray(0, length))) this.#listener?.(isActive)
  }
}

/** The file of lines that were taken. */
class LineFile {
  readonly fd: number
  readonly name: string
  #isClosed = false

  /** Owns `fd` from now on. */
  constructor(fd: number, name: string) {
    this.fd = fd
    this.name = name
    libc.fcntl(fd, F_SETFL, constants.O_NONBLOCK)
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** @throws LinkError link.closed */
  ask(request: number, bytes: Buffer): void {
    if (this.#isClosed) throw new LinkError('link.closed', `${this.name} was given back`)
    const error = ioctl(this.fd, request, bytes)
    if (error !== 0) throw new LinkError('link.closed', `${this.name}: ${getSystemErrorName(-error)}`)
  }

  /** Bytes that were read, 0 when there were none, or that there never will be any. */
  read(into: Buffer): number | 'gone' {
    const length = libc.read(this.fd, into, into.length)
    if (length > 0) return length
    return length < 0 && IDLE_ERRNOS.has(koffi.errno()) ? 0 : 'gone'
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    closeSync(this.fd)
  }
}

interface CdevChip extends Chip {
  readonly path: string
}

/** @throws LinkError link.closed */
function take(lines: readonly LineAddress[], config: uapi.LineConfig): LineFile {
  const { chips, notes } = search()
  const chip = chipOf(lines, chips, notes)
  const offsets = lines.map(({ line }) => line)
  const file = openChip(chip.path)
  try {
    const request = uapi.lineRequest(offsets, CONSUMER, config)
    const error = ioctl(file, IOCTL.GPIO_V2_GET_LINE, request)
    const name = nameOf(offsets, chip)
    if (error === 0) return new LineFile(uapi.fdOf(request), name)
    const why = error === system.errno.EBUSY ? holders(file, offsets) : getSystemErrorName(-error)
    throw new LinkError('link.closed', `cannot take ${name}: ${why}`)
  } finally {
    closeSync(file)
  }
}

/**
 * Who has a line: undefined when nobody, empty when it does not say. Nothing is taken.
 * @throws LinkError link.closed when there is no such line, or its chip cannot be opened
 */
export function holderOf(line: LineAddress): string | undefined {
  const { chips, notes } = search()
  const chip = chipOf([line], chips, notes)
  const file = openChip(chip.path)
  try {
    const bytes = uapi.lineInfoQuery(line.line)
    const error = ioctl(file, IOCTL.GPIO_V2_GET_LINEINFO, bytes)
    if (error === 0) return uapi.consumerOf(bytes)
    throw new LinkError('link.closed', `${nameOf([line.line], chip)}: ${getSystemErrorName(-error)}`)
  } finally {
    closeSync(file)
  }
}

/** All chips there are, and what to say of those that cannot be opened. */
function search(): { readonly chips: readonly CdevChip[]; readonly notes: readonly string[] } {
  const chips: CdevChip[] = []
  const notes: string[] = []
  for (const node of readdirSync('/dev').filter((entry) => NODE.test(entry))) {
    const path = `/dev/${node}`
    try {
      chips.push(lookAt(path, node))
    } catch (error) {
      notes.push(messageOf(error))
    }
  }
  return { chips, notes }
}

/** @throws LinkError link.closed when it cannot be opened or is no chip */
function lookAt(path: string, node: string): CdevChip {
  const file = openChip(path)
  try {
    const bytes = uapi.emptyChipInfo()
    const error = ioctl(file, IOCTL.GPIO_GET_CHIPINFO, bytes)
    if (error !== 0) throw new LinkError('link.closed', `${path}: ${getSystemErrorName(-error)}`)
    const { name, label, lineCount } = uapi.chipInfoOf(bytes)
    // Raspberry Pi OS has links to /dev/gpiochip0 that keep names of older kernels alive.
    return { path, name, label, lineCount, aliases: [name, node] }
  } finally {
    closeSync(file)
  }
}

/** Who has those of `lines` that somebody has. */
function holders(chip: number, lines: readonly number[]): string {
  const held = lines.flatMap((line) => {
    const bytes = uapi.lineInfoQuery(line)
    const consumer = ioctl(chip, IOCTL.GPIO_V2_GET_LINEINFO, bytes) === 0 ? uapi.consumerOf(bytes) : undefined
    return consumer === undefined ? [] : [`${line} is held by "${consumer}"`]
  })
  return held.length === 0 ? 'somebody else had it' : held.join(', ')
}

/** @throws LinkError link.closed */
function openChip(path: string): number {
  try {
    return openSync(path, 'r+')
  } catch (error) {
    throw new LinkError('link.closed', `${path} cannot be opened`, { cause: error })
  }
}

/** The error number, 0 when it went well. `bytes` must be as long as the request says. */
function ioctl(fd: number, request: number, bytes: Buffer): number {
  return libc.ioctl(fd, request, bytes) < 0 ? koffi.errno() : 0
}

interface Libc {
  readonly ioctl: (fd: number, request: number, bytes: Buffer) => number
  readonly fcntl: (fd: number, command: number, argument: number) => number
  readonly read: (fd: number, bytes: Buffer, length: number) => number
}

// Of the process itself, so that what is preloaded comes first. ioctl and fcntl are variadic, which makes no difference
// for numbers and pointers on the machines of Linux.
const library = koffi.load(null)
const libc: Libc = {
  ioctl: library.func('int ioctl(int fd, unsigned long request, void *bytes)'),
  fcntl: library.func('int fcntl(int fd, int command, int argument)'),
  read: library.func('long read(int fd, void *bytes, size_t length)'),
}

const BIAS_FLAG = { none: FLAG.BIAS_DISABLED, up: FLAG.BIAS_PULL_UP, down: FLAG.BIAS_PULL_DOWN }
const NODE = /^gpiochip\d+$/
/** Whom others are told to have our lines. */
const CONSUMER = 'iose'
/** The kernel keeps 16 for a line. */
const EVENTS_MAX = 16
/** fcntl.h */
const F_SETFL = 4
/** Nothing to read yet. */
const IDLE_ERRNOS: ReadonlySet<number> = new Set([system.errno.EAGAIN, system.errno.EINTR])
