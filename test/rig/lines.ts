// Runs children/lines.ts as the process under test.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { GpioKind } from '../../src/drivers/gpio.ts'
import type { Calls } from './children/lines.ts'
import type { Rig } from './rig.ts'

/** The process; has its rig with it. */
export class Lines implements AsyncDisposable {
  readonly rig: Rig
  readonly #child
  readonly #answers

  private constructor(rig: Rig) {
    this.rig = rig
    const env = { ...process.env, ...rig.env }
    this.#child = spawn(process.execPath, ['--import', 'tsx', PROGRAM], {
      env,
      stdio: ['pipe', 'pipe', 'inherit'],
      timeout: 30_000,
      killSignal: 'SIGKILL',
    })
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]()
  }

  static async start(kind: GpioKind, rig: Rig): Promise<Lines> {
    const lines = new Lines(rig)
    await lines.ask('open', kind)
    return lines
  }

  /** What the call returned. */
  async ask<Name extends keyof Calls>(
    name: Name,
    ...args: Parameters<Calls[Name]>
  ): Promise<Awaited<ReturnType<Calls[Name]>>> {
    const { value, error } = await this.#answer([name, ...args])
    assert.equal(error, undefined)
    return value as Awaited<ReturnType<Calls[Name]>>
  }

  /** The code and message of the call's error. */
  async error<Name extends keyof Calls>(name: Name, ...args: Parameters<Calls[Name]>): Promise<string> {
    const { value, error } = await this.#answer([name, ...args])
    return error ?? assert.fail(`${name} came to ${JSON.stringify(value)}`)
  }

  /** Ends the process without a chance to give anything back. */
  async crash(): Promise<void> {
    this.#child.kill('SIGKILL')
    await once(this.#child, 'close')
  }

  /** The process has nothing more to wait for, and ends. */
  async endByItself(): Promise<void> {
    await this.ask('endByItself')
    this.#child.stdin.end()
    const [code] = (await once(this.#child, 'close')) as [number | null]
    assert.equal(code, 0)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.stdin.end()
      await once(this.#child, 'close')
    }
    await this.rig[Symbol.asyncDispose]()
  }

  async #answer(call: readonly unknown[]): Promise<{ value?: unknown; error?: string }> {
    this.#child.stdin.write(`${JSON.stringify(call)}\n`)
    const { value: text } = (await this.#answers.next()) as { value?: string }
    return JSON.parse(text ?? assert.fail(`no answer to ${call.join(' ')}`)) as {
      value?: unknown
      error?: string
    }
  }
}

const PROGRAM = join(import.meta.dirname, 'children/lines.ts')
