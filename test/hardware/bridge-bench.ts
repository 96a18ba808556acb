// The host's end of a bridge: simulated behind the preloaded bus, or a real part that the environment names.

import assert from 'node:assert/strict'
import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { hexOf } from '../../src/base/hex.ts'
import { edcOf } from '../../src/simulator/wire-edc.ts'
import { BRIDGE_TIMEOUT_MS } from '../../src/t1/bridge.ts'
import { type Device, Rig } from '../rig/rig.ts'
import { hex } from '../support/hex-fields.ts'

/** What the clauses are tried on. */
export interface BridgeTarget {
  readonly env: NodeJS.ProcessEnv
  readonly bus: number
  readonly address: number
  /** Pulls the reset line, and returns once it is released. */
  readonly reset: () => Promise<void>
  /** After a reset, in clauses that are not about the time it takes. */
  readonly bootMs: number
  /** The longest that an answer may take. */
  readonly answerMs: number
  /** CLA INS P1 P2 of a read command whose Le the card obeys; undefined: there is none. */
  readonly read: string | undefined
}

/** Accesses of a host, one after the other. */
export class BridgeBench implements AsyncDisposable {
  readonly target: BridgeTarget
  readonly #child: ChildProcessByStdio<Writable, Readable, null>
  readonly #lines: AsyncIterator<string>

  constructor(target: BridgeTarget) {
    this.target = target
    const env = { ...process.env, ...target.env }
    this.#child = spawn(process.execPath, [HOST, String(target.bus)], {
      env,
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]()
  }

  /** As the gateway begins: a reset, then the time that the part has to boot. */
  async begin(bootMs = this.target.bootMs): Promise<void> {
    await this.target.reset()
    await delay(bootMs)
  }

  /** One write access. @returns whether it was acknowledged */
  async write(bytes: Uint8Array, address = this.target.address): Promise<boolean> {
    return (await this.#ask('write', address, hexOf(bytes))) !== undefined
  }

  /** One read access; undefined: not acknowledged. */
  async read(length: number, address = this.target.address): Promise<Uint8Array | undefined> {
    const value = await this.#ask('read', address, length)
    return value === undefined ? undefined : hex(String(value))
  }

  /**
   * Writes a frame in accesses of `size` bytes; one that is refused is repeated alone.
   * @returns the longest time between two accesses, in milliseconds
   */
  async send(frame: Uint8Array, { size = CHUNK_BYTES, pauseMs = 0 } = {}): Promise<number> {
    let longestMs = 0
    let lastMs = performance.now()
    for (let at = 0; at < frame.length; at += size) {
      if (at > 0 && pauseMs > 0) await delay(pauseMs)
      const piece = frame.subarray(at, at + size)
      for (let tries = 1; !(await this.write(piece)); tries++) {
        assert.ok(tries < MAX_REFUSALS, `not acknowledged ${tries} times: ${hexOf(piece)}`)
        await delay(1)
      }
      longestMs = Math.max(longestMs, performance.now() - lastMs)
      lastMs = performance.now()
    }
    return longestMs
  }

  /** Polls one byte at a time for A5, then reads the rest in accesses of `size` bytes: the block, as hex. */
  async answer({ size = CHUNK_BYTES } = {}): Promise<string> {
    const { answerMs } = this.target
    const until = performance.now() + answerMs
    for (;;) {
      const first = (await this.read(1))?.[0]
      if (first === START) break
      assert.ok(
        first === undefined || first === 0,
        `${hexOf(Uint8Array.of(first ?? 0))} in place of A5 or 00`,
      )
      assert.ok(performance.now() < until, `no answer within ${answerMs} ms`)
    }
    const head = await this.#whole(2, size)
    const body = await this.#whole((head[1] ?? 0) + EDC_BYTES, size)
    return hexOf(Uint8Array.of(START, ...head, ...body))
  }

  /** One question and its answer. */
  async exchange(frame: Uint8Array): Promise<string> {
    await this.send(frame)
    return this.answer()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin.end()
    if (this.#child.exitCode === null) await once(this.#child, 'exit')
  }

  async #whole(length: number, size: number): Promise<Uint8Array> {
    const bytes = []
    while (bytes.length < length) {
      const piece = await this.read(Math.min(size, length - bytes.length))
      assert.ok(piece !== undefined, 'refused in the middle of an answer')
      bytes.push(...piece)
    }
    return Uint8Array.from(bytes)
  }

  /** Undefined: not acknowledged. Anything else that goes wrong is the bus. */
  async #ask(...call: readonly (string | number)[]): Promise<string | number | undefined> {
    this.#child.stdin.write(`${JSON.stringify(call)}\n`)
    const line = await this.#lines.next()
    assert.ok(line.done !== true, `the host on bus ${this.target.bus} has ended`)
    const outcome = JSON.parse(line.value) as { value?: string | number; errno?: number }
    if (outcome.errno === undefined) return outcome.value
    assert.ok(NOT_ACKNOWLEDGED.includes(outcome.errno), `the bus fails with errno ${outcome.errno}`)
    return undefined
  }
}

/** A frame of the host: 5A, PCB, LEN, INF, CRC. */
export function frame(pcb: number, inf: Uint8Array = new Uint8Array(0)): Uint8Array {
  return sealed(Uint8Array.of(0x5a, pcb, inf.length, ...inf))
}

/** A frame of the bridge, as hex. */
export function answerOf(pcb: number, inf: Uint8Array = new Uint8Array(0)): string {
  return hexOf(sealed(Uint8Array.of(START, pcb, inf.length, ...inf)))
}

export function sealed(body: Uint8Array): Uint8Array {
  return Uint8Array.of(...body, ...edcOf('x25lo', body))
}

/** The part that IOSE_BRIDGE_BUS, IOSE_BRIDGE_ADDRESS and IOSE_BRIDGE_RESET name; undefined without the first. */
export function realTarget(env: NodeJS.ProcessEnv): BridgeTarget | undefined {
  const { IOSE_BRIDGE_BUS: bus, IOSE_BRIDGE_ADDRESS: address, IOSE_BRIDGE_RESET: reset } = env
  if (bus === undefined) return undefined
  if (address === undefined || reset === undefined)
    throw new Error(
      'IOSE_BRIDGE_BUS needs IOSE_BRIDGE_ADDRESS and IOSE_BRIDGE_RESET, a shell command that pulses reset',
    )
  const pulse = async (): Promise<void> => {
    await promisify(execFile)('/bin/sh', ['-c', reset])
  }
  const place = { bus: Number(bus), address: Number(address), answerMs: BRIDGE_TIMEOUT_MS }
  return { ...place, env: {}, reset: pulse, bootMs: BOOT_MS, read: env['IOSE_BRIDGE_READ'] }
}

/** A rig with `device` on bus 1, and what the clauses need of it. */
export async function simulatedTarget(
  device: Device,
  devices: Readonly<Record<number, Device>> = {},
): Promise<{ rig: Rig; target: BridgeTarget }> {
  const all = { [SIMULATED_ADDRESS]: device, ...devices }
  const rig = await Rig.start({ timing: 'none', buses: { 1: { clockHz: 400_000, devices: all } } })
  const reset = (): Promise<void> => Promise.resolve(device.reset?.())
  const place = { bus: 1, address: SIMULATED_ADDRESS, answerMs: 1000 }
  return {
    rig,
    target: { ...place, env: rig.env, reset, bootMs: SIMULATED_BOOT_MS + 5, read: '00 B0 00 00' },
  }
}

/** As long as the gateway waits after it has released the reset line. */
export const BOOT_MS = 250
export const SIMULATED_ADDRESS = 0x10
export const SIMULATED_BOOT_MS = 20
const HOST = join(import.meta.dirname, '../rig/children/bridge-host.js')
const CHUNK_BYTES = 32
const EDC_BYTES = 2
const START = 0xa5
const MAX_REFUSALS = 500
/** EIO, ENXIO, EREMOTEIO: which one depends on the adapter. */
const NOT_ACKNOWLEDGED = [5, 6, 121]
