// Buses and their devices in software, for a process under test that uses real device nodes.

import { execFileSync, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { isMissing } from '../support/peers.ts'
import type { Device } from './devices.ts'
import { type Fault, Faults } from './faults.ts'
import { GpioChip, type GpioOptions, LINE_REQUEST_BYTES, LineRequest } from './gpio.ts'
import { I2cBus, type I2cBusOptions, type Surroundings } from './i2c.ts'
import type { GpioLine } from './line.ts'
import { Log } from './log.ts'
import { type SpiOptions, SpiSelect, type SpiWires } from './spi.ts'
import { folder, ROOT as SYSFS, SysfsGpio } from './sysfs.ts'
import {
  characterDevice,
  type Endpoint,
  ERRNO,
  type Node,
  nowNs,
  OP,
  type Reply,
  type Request,
  readRequests,
  sendReply,
} from './wire.ts'

export type { Device, Period, Segment, SpiDevice } from './devices.ts'
export { Pca9548a } from './devices.ts'
export type { Fault } from './faults.ts'
export type { GpioLine, Level, LineOptions } from './line.ts'

export interface RigOptions {
  /** By number: `/dev/i2c-N`. */
  readonly buses?: Readonly<Record<number, I2cBusOptions>>
  /** By `controller.select`: `/dev/spidevB.C`. */
  readonly spi?: Readonly<Record<string, SpiOptions>>
  /** By number: `/dev/gpiochipN`. */
  readonly gpio?: Readonly<Record<number, GpioOptions>>
  /** `real`: no transfer returns before the wire could have carried it. */
  readonly timing: 'real' | 'none'
  /** How long an adapter waits for a stuck bus; Linux' adapters do 1000. */
  readonly stuckTimeoutMs?: number
}

/**
 * The devices of one process under test, which must be a child process started with `env`: while it waits for a
 * reply, this process must be free to give it (so no `spawnSync`).
 */
export class Rig implements AsyncDisposable {
  /** For the process under test. */
  readonly env: NodeJS.ProcessEnv
  readonly log = new Log()
  readonly #faults = new Faults()
  readonly #folder: string
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #nodes = new Map<string, Node>()
  readonly #buses = new Map<number, I2cBus>()
  readonly #sysfs: SysfsGpio
  readonly #chips = new Map<number, GpioChip>()
  /** Requested lines whose events have no connection yet, by ticket. */
  readonly #tickets = new Map<number, LineRequest>()
  #lastTicket = 0

  private constructor(options: RigOptions, shim: string) {
    const surroundings: Surroundings = {
      timing: options.timing,
      stuckTimeoutMs: options.stuckTimeoutMs ?? 1000,
      faults: this.#faults,
      log: this.log,
    }
    for (const [number, bus] of Object.entries(options.buses ?? {}))
      this.#addBus(Number(number), bus, surroundings)
    for (const [number, chip] of Object.entries(options.gpio ?? {})) this.#addChip(Number(number), chip)
    this.#sysfs = new SysfsGpio([...this.#chips.values()])
    this.#addSelects(options.spi ?? {}, surroundings)
    this.#nodes.set('/dev', folder([...this.#nodes.keys()].map((path) => basename(path))))
    this.#folder = mkdtempSync(join(tmpdir(), 'rig-'))
    this.#server = createServer((socket) => this.#serve(socket))
    this.env = {
      LD_PRELOAD: shim,
      RIG_SOCKET: join(this.#folder, 'socket'),
      RIG_NODES: [...this.#nodes.keys(), ...(this.#chips.size === 0 ? [] : [SYSFS, `${SYSFS}/`])].join(':'),
    }
  }

  /** Builds the preloaded library if need be, and listens. */
  static async start(options: RigOptions): Promise<Rig> {
    const rig = new Rig(options, join(compiled(), 'shim.so'))
    rig.#server.listen(rig.env['RIG_SOCKET'])
    await once(rig.#server, 'listening')
    return rig
  }

  /** Why a test that needs the package `addon` cannot run here, or false. */
  static isMissing(addon: string): string | false {
    if (process.platform !== 'linux') return 'MISSING: Linux, this test needs its device nodes'
    const isLoadable =
      spawnSync(process.execPath, ['-e', `require('${addon}')`], { stdio: 'ignore' }).status === 0
    const noAddon = `MISSING: ${addon} could not be compiled, this test needs it`
    return isMissing(COMPILER, '--version') || (isLoadable ? false : noAddon)
  }

  /** Scripts what goes wrong with `device`, one after the other. */
  fail(device: Device, ...faults: Fault[]): void {
    this.#faults.add(device, ...faults)
  }

  /** Holds I2C bus `number` for `ms`, as a part does that was interrupted in the middle of a byte. */
  stick(number: number, ms: number): void {
    this.#buses.get(number)?.stick(ms, nowNs())
  }

  /** Lets go of I2C bus `number`. */
  free(number: number): void {
    this.#buses.get(number)?.free()
  }

  /**
   * A GPIO line, for the test to read (LEDs) or to press (buttons).
   * @throws RangeError when there is no such line
   */
  line(chip: number, offset: number): GpioLine {
    const found = this.#chips.get(chip)
    if (found === undefined) throw new RangeError(`no chip ${chip}`)
    return found.line(offset)
  }

  /** How many files the process under test has open. */
  get openFiles(): number {
    return this.#sockets.size
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
    await once(this.#server, 'close')
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #addBus(number: number, options: I2cBusOptions, surroundings: Surroundings): void {
    const bus = new I2cBus(`i2c-${number}`, options, surroundings)
    this.#buses.set(number, bus)
    this.#nodes.set(`/dev/i2c-${number}`, {
      inode: characterDevice(I2C_MAJOR, number),
      open: () => bus.open(),
    })
  }

  #addChip(number: number, options: GpioOptions): void {
    const chip = new GpioChip(`gpiochip${number}`, options, this.#faults)
    this.#chips.set(number, chip)
    const node = { inode: characterDevice(GPIO_MAJOR, number), open: () => chip.open() }
    for (const path of chip.paths) this.#nodes.set(path, node)
  }

  #addSelects(all: Readonly<Record<string, SpiOptions>>, surroundings: Surroundings): void {
    const controllers = new Map<string, SpiWires>()
    for (const [index, [number, options]] of Object.entries(all).entries()) {
      const [controller = ''] = number.split('.')
      const wires = controllers.get(controller) ?? { freeAtNs: 0 }
      controllers.set(controller, wires)
      const context = {
        wires,
        surroundings,
        levelOf: (chip: number, line: number) => this.line(chip, line).level,
      }
      const select = new SpiSelect(`spidev${number}`, options, context)
      this.#nodes.set(`/dev/spidev${number}`, {
        inode: characterDevice(SPI_MAJOR, index),
        open: () => select.open(),
      })
    }
  }

  #serve(socket: Socket): void {
    let endpoint: Endpoint | undefined
    this.#sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => {
      this.#sockets.delete(socket)
      endpoint?.closed?.()
    })
    readRequests(socket, (request) => {
      if (endpoint !== undefined) {
        sendReply(socket, endpoint.handle(request))
        return
      }
      const greeting = this.#greet(request, socket)
      endpoint = greeting.endpoint
      sendReply(socket, greeting.reply)
    })
  }

  /** The first request on a connection says what it is about. */
  #greet({ op, body }: Request, socket: Socket): Greeting {
    if (op === OP.line) return this.#requestLines(body)
    if (op === OP.events) return this.#attach(body, socket)
    if (op === OP.priority)
      return { reply: { result: -this.#sysfs.sendEdgesTo(body.toString('utf8'), socket) } }
    const path = body.toString('utf8')
    const node = path.startsWith(SYSFS) ? this.#sysfs.node(path) : this.#nodes.get(path)
    if (node === undefined) return { reply: { result: -ERRNO.ENOENT } }
    const reply = { result: 0, body: node.inode }
    if (op === OP.list) return { reply: { result: 0, body: Buffer.from((node.names ?? []).join('\0')) } }
    return op === OP.open ? { reply, endpoint: node.open() } : { reply }
  }

  #requestLines(body: Buffer): Greeting {
    const path = body.toString('utf8', LINE_REQUEST_BYTES)
    const chip = [...this.#chips.values()].find(({ paths }) => paths.includes(path))
    const request = chip === undefined ? ERRNO.ENOENT : LineRequest.of(chip, body)
    if (typeof request === 'number') return { reply: { result: -request } }
    this.#lastTicket += 1
    this.#tickets.set(this.#lastTicket, request)
    const ticket = Buffer.alloc(4)
    ticket.writeUInt32LE(this.#lastTicket)
    return { reply: { result: 0, body: ticket }, endpoint: request }
  }

  /** The reply goes first, then nothing but events. */
  #attach(body: Buffer, socket: Socket): Greeting {
    const ticket = body.readUInt32LE(0)
    const request = this.#tickets.get(ticket)
    this.#tickets.delete(ticket)
    setImmediate(() => request?.sendEventsTo(socket))
    return { reply: { result: request === undefined ? -ERRNO.ENOENT : 0 } }
  }
}

interface Greeting {
  readonly reply: Reply
  readonly endpoint?: Endpoint
}

/** The folder of what is compiled for the rig, made up to date. */
export function compiled(): string {
  return execFileSync(join(import.meta.dirname, 'build'), { encoding: 'utf8' }).trim()
}

const COMPILER = process.env['CC'] ?? 'cc'
const I2C_MAJOR = 89
const SPI_MAJOR = 153
const GPIO_MAJOR = 254
