// The driver of PC/SC readers in this process, and what it has reported.

import assert from 'node:assert/strict'
import { systemClock } from '../../src/base/clock.ts'
import type { Arrival, Driver, DriverEnvironment, SecureElement } from '../../src/drivers/driver.ts'
import { openPcsc, type PcscConfig } from '../../src/drivers/pcsc.ts'
import type { PrivatePcscd } from '../support/pcscd.ts'
import { RecordedLog } from '../support/recorded-log.ts'

export class PcscBench implements AsyncDisposable {
  readonly log = new RecordedLog()
  /** `+ SEID` and `- SEID: cause`, as reported. */
  readonly reports: string[] = []
  readonly #present = new Map<string, Arrival>()
  readonly #drivers: Driver[] = []
  #changed: (() => void)[] = []

  readonly #pcscd: PrivatePcscd | undefined

  private constructor(pcscd: PrivatePcscd | undefined) {
    this.#pcscd = pcscd
  }

  /** @param pcscd  cleared of all cards at the end; undefined when somebody else does so */
  static async open(pcscd: PrivatePcscd | undefined, ...configs: Partial<PcscConfig>[]): Promise<PcscBench> {
    const bench = new PcscBench(pcscd)
    await bench.add(...configs)
    return bench
  }

  async add(...configs: Partial<PcscConfig>[]): Promise<void> {
    for (const config of configs)
      this.#drivers.push(
        await openPcsc({ reader: '*', aliases: [], maxRecordBytes: 512, ...config }, this.#environment()),
      )
  }

  /** The element with this SEID, as soon as it is there. */
  async element(seid: string): Promise<SecureElement> {
    await this.until(() => this.#present.has(seid), `${seid} to arrive`)
    return this.#present.get(seid)!.element
  }

  /** Waits for `element` to leave; resolves to the cause. */
  async left(element: SecureElement): Promise<string> {
    const prefix = `- ${element.name}: `
    const isGone = () => [...this.#present.values()].every((arrival) => arrival.element !== element)
    await this.until(isGone, `${element.name} to leave`)
    return this.reports.findLast((report) => report.startsWith(prefix))!.slice(prefix.length)
  }

  /** The SEIDs of what is there, in order. */
  get seids(): string[] {
    return [...this.#present.keys()].sort()
  }

  /** Waits for something that a report makes true, or a line of the log. */
  async until(isSo: () => boolean, what: string): Promise<void> {
    const expiresAt = performance.now() + PATIENCE_MS
    while (!isSo()) {
      const leftMs = expiresAt - performance.now()
      assert.ok(leftMs > 0, `waited ${PATIENCE_MS} ms for ${what}; ${this.reports.join('; ')}`)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, LOOK_MS)
        this.#changed.push(() => {
          clearTimeout(timer)
          resolve()
        })
      })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pcscd?.clear()
    if (this.#pcscd !== undefined) await this.until(() => this.#present.size === 0, 'all to leave')
    for (const driver of this.#drivers) await driver[Symbol.asyncDispose]()
  }

  #environment(): DriverEnvironment {
    return {
      clock: systemClock,
      log: this.log,
      onArrive: (arrival) => {
        this.reports.push(`+ ${arrival.seid}`)
        this.#present.set(arrival.seid, arrival)
        this.#tell()
      },
      onLeave: (element, cause) => {
        this.reports.push(`- ${element.name}: ${cause}`)
        if (this.#present.get(element.name)?.element === element) this.#present.delete(element.name)
        this.#tell()
      },
    }
  }

  #tell(): void {
    for (const changed of this.#changed.splice(0)) changed()
  }
}

/** Resets `element`; its ATR in hex. */
export async function resetOf(element: SecureElement, kind: 'cold' | 'warm' = 'cold'): Promise<string> {
  const atr = await element.reset(kind, performance.now() + PATIENCE_MS)
  return Buffer.from(atr).toString('hex')
}

/** Sends `command` and resolves to the response, both in hex. */
export async function exchange(element: SecureElement, command: string, ms = PATIENCE_MS): Promise<string> {
  const response = new Uint8Array(ROOM_BYTES)
  const bytes = Buffer.from(command.replaceAll(' ', ''), 'hex')
  const length = await element.transmit(bytes, response, performance.now() + ms)
  return Buffer.from(response.subarray(0, length)).toString('hex')
}

const PATIENCE_MS = 5_000
const LOOK_MS = 20
/** For a response of extended length. */
const ROOM_BYTES = 65_538
