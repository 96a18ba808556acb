// Child processes of the benchmarks: they talk by one JSON message each way at a time.

import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** A program of bench/children in a process of its own. */
export class Child {
  readonly #process: ChildProcess

  constructor(name: string, args: readonly string[] = []) {
    this.#process = fork(join(import.meta.dirname, 'children', name), args, { execArgv: ['--import', 'tsx'] })
  }

  send(message: object): void {
    this.#process.send(message)
  }

  /** The child's next message. */
  async receive<Message>(): Promise<Message> {
    const [message] = (await once(this.#process, 'message')) as [Message]
    return message
  }

  async stop(): Promise<void> {
    const exited = once(this.#process, 'exit')
    this.#process.kill()
    await exited
  }
}

/** The built gateway in a process of its own, ready. */
export interface RunningGateway {
  readonly pid: number
  readonly port: number
  readonly startMs: number
  stop(): Promise<void>
}

/** @param toml  the configuration, with dotted keys first; address and log level are given */
export async function startGateway(toml = ''): Promise<RunningGateway> {
  const file = join(mkdtempSync(join(tmpdir(), 'iose-bench-')), 'gateway.toml')
  writeFileSync(file, `gateway.log_level = "info"\ntls_se.listen = "127.0.0.1:0"\n${toml}`)
  const startedAt = performance.now()
  const child = spawn(process.execPath, [IOSED, '--config', file], { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })
  for await (const line of lines) {
    const { event, tlsSe } = JSON.parse(line) as { event: string; tlsSe?: string }
    if (event !== 'gateway.ready') continue
    const startMs = performance.now() - startedAt
    // The log must be read on, or the gateway would block on a full pipe.
    child.stdout.resume()
    const stop = async (): Promise<void> => {
      const exited = once(child, 'exit')
      child.kill()
      await exited
    }
    return { pid: child.pid ?? 0, port: Number(tlsSe?.split(':').at(-1)), startMs, stop }
  }
  throw new Error('the gateway did not start')
}

export const IOSED = join(import.meta.dirname, '../dist/bin/iosed.js')
