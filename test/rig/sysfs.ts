// GPIO as files below /sys/class/gpio. Source: Linux, Documentation/admin-guide/gpio/sysfs.rst.

import type { Socket } from 'node:net'
import type { GpioChip } from './gpio.ts'
import type { GpioLine, Level } from './line.ts'
import { type Endpoint, ERRNO, type Node, OP, type Reply, type Request } from './wire.ts'

/** A text file of the kernel's: what it reads as, and what a write does (an error number, 0: taken). */
interface TextFile {
  readonly read?: () => string
  readonly write?: (text: string) => number
}

/** All chips of a rig, numbered one after the other from `FIRST_BASE` on, as current kernels do. */
export class SysfsGpio {
  readonly #chips: readonly { readonly chip: GpioChip; readonly base: number }[]
  readonly #exported = new Map<number, ExportedLine>()

  constructor(chips: readonly GpioChip[]) {
    let base = FIRST_BASE
    this.#chips = chips.map((chip) => {
      const own = base
      base += chip.lines.length
      return { chip, base: own }
    })
  }

  /** What is at `path`, which is below ROOT or ROOT itself; undefined: nothing. */
  node(path: string): Node | undefined {
    const [name = '', file] = path.slice(ROOT.length).split('/').filter(Boolean)
    const files = name === '' ? this.#rootFiles() : this.#filesOf(name)
    if (files === undefined) return undefined
    const isFolder = file === undefined && !(name in files)
    if (isFolder) return folder(name === '' ? this.#names() : Object.keys(files))
    const found = files[file ?? name]
    return found === undefined
      ? undefined
      : { inode: inode(S_IFREG | 0o644), open: () => new TextEndpoint(found) }
  }

  /** Sends one byte to `socket` at each edge of the line whose `value` file is at `path`. */
  sendEdgesTo(path: string, socket: Socket): number {
    const number = /gpio(\d+)\/+value$/.exec(path)?.[1]
    const line = this.#exported.get(Number(number))
    if (line === undefined) return ERRNO.ENOENT
    line.listeners.add(socket)
    socket.on('close', () => line.listeners.delete(socket))
    return 0
  }

  #names(): string[] {
    const chips = this.#chips.map(({ base }) => `gpiochip${base}`)
    return ['export', 'unexport', ...chips, ...[...this.#exported.keys()].map((number) => `gpio${number}`)]
  }

  #rootFiles(): Record<string, TextFile> {
    return {
      export: { write: (text) => this.#export(Number(text)) },
      unexport: { write: (text) => this.#unexport(Number(text)) },
    }
  }

  #filesOf(name: string): Record<string, TextFile> | undefined {
    const files = this.#rootFiles()
    if (name in files) return files
    const chip = this.#chips.find(({ base }) => name === `gpiochip${base}`)
    if (chip !== undefined) {
      const texts = { base: chip.base, label: chip.chip.label, ngpio: chip.chip.lines.length }
      return Object.fromEntries(
        Object.entries(texts).map(([key, text]) => [key, { read: () => String(text) }]),
      )
    }
    return this.#exported.get(Number(/^gpio(\d+)$/.exec(name)?.[1]))?.files
  }

  #export(number: number): number {
    const chip = this.#chips.find(({ chip, base }) => number >= base && number < base + chip.lines.length)
    const line = chip?.chip.lines[number - chip.base]
    if (line === undefined) return ERRNO.EINVAL
    if (line.consumer !== '') return ERRNO.EBUSY
    line.consumer = 'sysfs'
    this.#exported.set(number, new ExportedLine(line))
    return 0
  }

  #unexport(number: number): number {
    const exported = this.#exported.get(number)
    if (exported === undefined) return ERRNO.EINVAL
    exported.end()
    this.#exported.delete(number)
    return 0
  }
}

/** The folder gpioN. */
class ExportedLine {
  readonly listeners = new Set<Socket>()
  readonly files: Record<string, TextFile>
  readonly #line: GpioLine
  readonly #unwatch: () => void
  #edge = 'none'
  #isActiveLow = false

  constructor(line: GpioLine) {
    this.#line = line
    this.files = {
      active_low: {
        read: () => (this.#isActiveLow ? '1' : '0'),
        write: (text) => this.#setActiveLow(text),
      },
      direction: { read: () => (line.isOutput ? 'out' : 'in'), write: (text) => this.#setDirection(text) },
      edge: { read: () => this.#edge, write: (text) => this.#setEdge(text) },
      value: { read: () => String(this.#logical(line.level)), write: (text) => this.#setValue(text) },
    }
    this.#unwatch = line.watch((level) => this.#onChange(this.#logical(level)))
  }

  /** Gives the line back as it is. */
  end(): void {
    this.#unwatch()
    this.#line.consumer = ''
    for (const socket of this.listeners) socket.destroy()
  }

  /** Its own inverse: also makes a level of a value. */
  #logical(level: Level): Level {
    return this.#isActiveLow ? (level === 1 ? 0 : 1) : level
  }

  #setActiveLow(text: string): number {
    this.#isActiveLow = text !== '0'
    return 0
  }

  /** `high` and `low` are levels, whatever active_low says. */
  #setDirection(text: string): number {
    if (!['in', 'out', 'high', 'low'].includes(text)) return ERRNO.EINVAL
    if (text !== 'in' && this.#edge !== 'none') return ERRNO.EIO
    this.#line.setDirection(text === 'in' ? undefined : { value: text === 'high' ? 1 : 0, kind: 'push-pull' })
    return 0
  }

  #setEdge(text: string): number {
    if (!['none', 'rising', 'falling', 'both'].includes(text)) return ERRNO.EINVAL
    if (this.#line.isOutput) return ERRNO.EIO
    this.#edge = text
    return 0
  }

  #setValue(text: string): number {
    if (!this.#line.isOutput) return ERRNO.EPERM
    this.#line.setValue(this.#logical(text === '0' ? 0 : 1))
    return 0
  }

  #onChange(value: Level): void {
    const isWanted = this.#edge === 'both' || this.#edge === (value === 1 ? 'rising' : 'falling')
    if (!isWanted || this.#line.isOutput) return
    for (const socket of this.listeners) socket.write('!')
  }
}

/** An open file: the kernel makes the text anew when it is read from the start. */
class TextEndpoint implements Endpoint {
  readonly #file: TextFile
  #text: Buffer = Buffer.alloc(0)
  #at = 0

  constructor(file: TextFile) {
    this.#file = file
  }

  handle({ op, body }: Request): Reply {
    if (op === OP.read) return this.#read(body.readUInt32LE(0), body.readUInt32LE(4))
    if (op !== OP.write) return { result: -ERRNO.ENOTTY }
    const error = this.#file.write?.(body.toString('latin1').trim()) ?? ERRNO.EIO
    return { result: error === 0 ? body.length : -error }
  }

  #read(count: number, offset: number): Reply {
    const at = offset === ANY_OFFSET ? this.#at : offset
    if (this.#file.read === undefined) return { result: -ERRNO.EIO }
    if (at === 0) this.#text = Buffer.from(`${this.#file.read()}\n`, 'latin1')
    const part = this.#text.subarray(at, at + count)
    if (offset === ANY_OFFSET) this.#at = at + part.length
    return { result: part.length, body: part }
  }
}

/** A folder of `names`. */
export function folder(names: readonly string[]): Node {
  return { inode: inode(S_IFDIR | 0o755), names, open: () => ({ handle: () => ({ result: -ERRNO.EISDIR }) }) }
}

function inode(mode: number): Buffer {
  const bytes = Buffer.alloc(12)
  bytes.writeUInt32LE(mode, 0)
  return bytes
}

/** Where the files are. */
export const ROOT = '/sys/class/gpio'
const FIRST_BASE = 512
/** The offset of a read() that has none. */
const ANY_OFFSET = 0xffffffff
const S_IFREG = 0o100000
const S_IFDIR = 0o040000
