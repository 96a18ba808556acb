// Child processes of the benchmarks: they talk by one JSON message each way at a time.

import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Credentials } from './racs-texts.ts'

/** A program of bench/children in a process of its own. */
export class Child implements AsyncDisposable {
  readonly #name: string
  readonly #process: ChildProcess

  /** @param env  added to the environment */
  constructor(name: string, env: NodeJS.ProcessEnv = {}) {
    this.#name = name
    const options = { execArgv: ['--import', 'tsx'], env: { ...process.env, ...env } }
    this.#process = fork(join(import.meta.dirname, 'children', name), options)
  }

  get pid(): number {
    return this.#process.pid ?? 0
  }

  /**
   * The child's next message.
   * @throws Error what the child reports as `{ error }`, or that it has ended
   */
  async receive<Message extends object>(): Promise<Message> {
    const settled = new AbortController()
    const message = await Promise.race([
      once(this.#process, 'message', settled).then(([message]) => message as Message | { error: string }),
      once(this.#process, 'exit', settled).then(() => ({ error: 'ended before it answered' })),
    ])
    // Takes the listener of the other one away; its promise then rejects, unheard.
    settled.abort()
    if ('error' in message) throw new Error(`${this.#name}: ${message.error}`)
    return message
  }

  /** Sends a message and waits for the next one back. */
  ask<Message extends object>(message: object): Promise<Message> {
    this.#process.send(message)
    return this.receive()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return end(this.#process)
  }
}

/** The built gateway in a process of its own, ready. */
export interface RunningGateway extends AsyncDisposable {
  readonly pid: number
  readonly port: number
  /** Where the administration plane listens. */
  readonly racsPort: number
  /** Where the status plane listens, `address:port`. */
  readonly statusAddress: string
  readonly startMs: number
}

/**
 * @param toml  the configuration, with dotted keys first; address and log level are given
 * @param env   added to the environment
 */
export async function startGateway(toml = '', env: NodeJS.ProcessEnv = {}): Promise<RunningGateway> {
  const directory = mkdtempSync(join(tmpdir(), 'iose-bench-'))
  const file = join(directory, 'gateway.toml')
  const places = `gateway.state_dir = "${stateDir()}"\ntls_se.listen = "127.0.0.1:0"\nracs.listen = "127.0.0.1:0"\nstatus.listen = "127.0.0.1:0"\nhealth.max_resets_per_minute = 100000\n`
  writeFileSync(file, `gateway.log_level = "info"\n${places}${toml}`)
  const startedAt = performance.now()
  const child = spawn(process.execPath, [IOSED, '--config', file], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout })
  for await (const line of lines) {
    const ready = JSON.parse(line) as { event: string; tlsSe?: string; racs?: string; status?: string }
    const { event, tlsSe, racs, status } = ready
    if (event !== 'gateway.ready') continue
    const startMs = performance.now() - startedAt
    // The log must be read on, or the gateway would block on a full pipe.
    child.stdout.resume()
    rmSync(directory, { recursive: true })
    return {
      pid: child.pid ?? 0,
      port: Number(tlsSe?.split(':').at(-1)),
      racsPort: Number(racs?.split(':').at(-1)),
      ...{ statusAddress: status ?? '', startMs },
      [Symbol.asyncDispose]: () => end(child),
    }
  }
  throw new Error('the gateway did not start')
}

/** Of the operator, whom the first gateway of a run allows everything. */
export function operatorCredentials(): Credentials {
  const read = (file: string): string => readFileSync(join(stateDir(), 'pki', file), 'utf8')
  return { ca: read('ca.pem'), cert: read('operator.pem'), key: read('operator.key') }
}

/** Where the certificates are that the first gateway of a run makes; it goes when the run ends. */
function stateDir(): string {
  if (madeStateDir === undefined) {
    const directory = mkdtempSync(join(tmpdir(), 'iose-bench-state-'))
    process.on('exit', () => rmSync(directory, { recursive: true, force: true }))
    madeStateDir = directory
  }
  return madeStateDir
}

let madeStateDir: string | undefined

/** Row `VmRSS: N kB` of proc(5) status. */
export function residentKb(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
}

/** Processor time that a process has had, all its threads together: utime and stime of proc(5) stat, in microseconds. */
export function processorUs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) * US_PER_TICK
}

/** USER_HZ is 100 on every Linux. */
const US_PER_TICK = 10_000

/** Files and sockets that a process has open. */
export function openFiles(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length
}

/** How many files a process may have open: row `Max open files` of proc(5) limits. */
export function openFilesLimit(): number {
  return Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1])
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill()
  await exited
}

export const IOSED = join(import.meta.dirname, '../dist/bin/iosed.js')
