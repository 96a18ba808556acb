// A virtual board that boots the image: QEMU, its serial console in a file, its ports on loopback.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '../free-port.ts'
import type { Disk } from './disk.ts'

export interface BoardOptions {
  /** What its clock says: as QEMU's `-rtc base=`. */
  readonly clock?: string
  /** A port of 127.0.0.1 that gets each Ethernet frame of a second network card as a datagram. */
  readonly framesTo?: number
  /** Further arguments of QEMU. */
  readonly devices?: readonly string[]
}

/** Powers a board on. Nothing of it lives on when this process dies: QEMU gets SIGKILL from the kernel then. */
export async function powerOn(disk: Disk, options: BoardOptions = {}): Promise<Board> {
  const folder = mkdtempSync(join(tmpdir(), `board-${process.pid}-`))
  const ports = await freePorts()
  const qemu = [
    ...['qemu-system-aarch64', '-M', 'virt', '-cpu', 'cortex-a53', '-accel', 'tcg,thread=multi', '-smp', '2'],
    // As much as the smallest board has.
    ...['-m', '512', '-display', 'none', '-monitor', 'none', '-serial', `file:${folder}/serial.log`],
    ...['-bios', disk.firmware, '-drive', `if=none,id=card,format=raw,file=${disk.path}`],
    ...['-device', 'virtio-blk-device,drive=card', '-device', 'virtio-rng-device'],
    ...['-netdev', forwarding(ports), '-device', 'virtio-net-device,netdev=net'],
    ...(options.clock === undefined ? [] : ['-rtc', `base=${options.clock}`]),
    ...(options.framesTo === undefined ? [] : await secondCard(options.framesTo)),
    ...(options.devices ?? []),
  ]
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'nice', '-n', '5', ...qemu], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  return new Board(child, { folder, ...ports })
}

export async function freePorts(): Promise<Ports> {
  return {
    ...{ racsPort: await freePort(), tlsSePort: await freePort() },
    ...{ statusPort: await freePort(), sshPort: await freePort() },
  }
}

/** Of QEMU: nothing leaves, no name server, no time server; only what is forwarded comes in. */
export function forwarding({ racsPort, tlsSePort, statusPort, sshPort }: Ports): string {
  const pairs = [
    [racsPort, 7777],
    [tlsSePort, 8888],
    [statusPort, 8080],
    [sshPort, 22],
  ] as const
  const forwards = pairs.map(([outside, inside]) => `hostfwd=tcp:127.0.0.1:${outside}-:${inside}`)
  return ['user,id=net,restrict=on', ...forwards].join(',')
}

async function secondCard(port: number): Promise<string[]> {
  const [to, from] = ['remote', 'local'].map((end) => `${end}.type=inet,${end}.host=127.0.0.1,${end}.port`)
  const netdev = `dgram,id=lan,${to ?? ''}=${port},${from ?? ''}=${await freePort()}`
  return ['-netdev', netdev, '-device', 'virtio-net-device,netdev=lan']
}

export interface Ports {
  readonly racsPort: number
  readonly tlsSePort: number
  readonly statusPort: number
  readonly sshPort: number
}

export class Board implements AsyncDisposable {
  /** Ports of 127.0.0.1 that lead to those of the board. */
  readonly ports: Ports
  /** Of its own, removed with it; its serial line is serial.log there. */
  readonly folder: string
  readonly #qemu: ChildProcess
  readonly #startedAt = performance.now()
  #complaints = ''

  constructor(qemu: ChildProcess, { folder, ...ports }: Ports & { readonly folder: string }) {
    this.#qemu = qemu
    this.folder = folder
    this.ports = ports
    qemu.stderr?.on('data', (chunk: Buffer) => (this.#complaints += chunk.toString()))
  }

  /** What the board has written on its serial line. */
  get serial(): string {
    try {
      return readFileSync(join(this.folder, 'serial.log'), 'latin1')
    } catch {
      return ''
    }
  }

  /** Seconds since the power came on. */
  get seconds(): number {
    return (performance.now() - this.#startedAt) / 1000
  }

  /** Waits for text on the serial line. @throws Error with the end of the line's text when it does not come */
  async waitFor(marker: RegExp, limitSeconds = BOOT_LIMIT_SECONDS): Promise<RegExpExecArray> {
    const limit = performance.now() + limitSeconds * 1000
    while (performance.now() < limit) {
      const match = marker.exec(this.serial)
      if (match !== null) return match
      if (this.#qemu.exitCode !== null) break
      await delay(50)
    }
    throw new Error(`${marker} ${this.#end(limitSeconds)}`)
  }

  /** What `promise` resolves to. @throws Error with `complaint` and the end of the line's text when it does not in time */
  async within<T>(promise: Promise<T>, complaint: string, limitSeconds = BOOT_LIMIT_SECONDS): Promise<T> {
    const limit = new AbortController()
    const late = delay(limitSeconds * 1000, undefined, { signal: limit.signal }).then(() => {
      throw new Error(`${complaint}: ${this.#end(limitSeconds)}`)
    })
    try {
      return await Promise.race([promise, late])
    } finally {
      limit.abort()
      await late.catch(() => undefined)
    }
  }

  /** As if the cable were pulled. */
  async powerOff(): Promise<void> {
    if (this.#qemu.exitCode !== null || this.#qemu.signalCode !== null) return
    const gone = once(this.#qemu, 'exit')
    this.#qemu.kill('SIGKILL')
    await gone
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.powerOff()
    rmSync(this.folder, { recursive: true, force: true })
  }

  #end(limitSeconds: number): string {
    const end =
      this.#qemu.exitCode === null ? `not within ${limitSeconds} s` : `QEMU ended: ${this.#complaints}`
    return `${end}; the serial line:\n${this.serial.slice(-4000)}`
  }
}

/** A boot takes 30 s on an idle machine; several of these tests share it with others. */
const BOOT_LIMIT_SECONDS = 240
