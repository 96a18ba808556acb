// The gateway as a process of its own, with a configuration in a directory of its own and its log in our hands.

import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { sharedCa, type TestCa } from './certificates.ts'

/** The built entry file. */
export const IOSED = join(import.meta.dirname, '../../dist/bin/iosed.js')

/** One line of the log. */
export interface LogLine {
  readonly level: string
  readonly event: string
  readonly [field: string]: unknown
}

/** What of a line must be as given; a regular expression is tried on the text of the field. */
export type LogPattern = Readonly<Record<string, string | number | boolean | RegExp>>

export class Gateway implements AsyncDisposable {
  readonly pid: number
  /** Every line so far. */
  readonly lines: LogLine[] = []
  /** Where the TLS-SE plane listens. */
  port = 0
  /** Where the administration plane listens. */
  racsPort = 0
  /** Where the status plane listens. */
  statusPort = 0
  readonly stateDir: string
  readonly #child: ChildProcess
  readonly #directory: string
  readonly #waiters = new Set<(line: LogLine | undefined) => void>()
  readonly #closed: Promise<unknown>
  #stderr = ''
  #isReplaced = false

  private constructor(child: ChildProcess, directory: string) {
    this.pid = child.pid ?? 0
    this.#child = child
    this.#directory = directory
    this.stateDir = join(directory, 'state')
    this.#closed = once(child, 'close')
    child.stderr?.on('data', (chunk: Buffer) => (this.#stderr += chunk.toString()))
    const reader = createInterface({ input: child.stdout! })
    reader.on('line', (text) => this.#onLine(JSON.parse(text) as LogLine))
    reader.on('close', () => this.#tell(undefined))
  }

  /**
   * Starts a gateway and waits until it is ready.
   * @param toml  the configuration, after the lines for free ports of 127.0.0.1, the debug level and a state
   *              directory with certificates and users; so keys of tables are written dotted,
   *              `tls_se.queue_length = 1`, and `[[slots]]` come last
   * @param env   added to the environment
   * @param prefix  a command that starts its arguments as a program
   */
  static async start(
    toml = '',
    env: NodeJS.ProcessEnv = {},
    prefix: readonly string[] = [],
  ): Promise<Gateway> {
    const directory = mkdtempSync(join(tmpdir(), 'iosed-'))
    const file = join(directory, 'gateway.toml')
    const isSet = (line: string): boolean => toml.includes(`${line.split(' ')[0] ?? ''} =`)
    const lines = configIn(directory).split('\n')
    writeFileSync(file, lines.filter((line) => line === '' || !isSet(line)).join('\n') + toml)
    makeState(join(directory, 'state'))
    return Gateway.#startIn(directory, env, prefix)
  }

  static async #startIn(
    directory: string,
    env: NodeJS.ProcessEnv,
    prefix: readonly string[] = [],
  ): Promise<Gateway> {
    const file = join(directory, 'gateway.toml')
    const [program, ...args] = [...prefix, process.execPath, IOSED, '--config', file]
    const child = spawn(program, args, { env: { ...process.env, ...env } })
    const gateway = new Gateway(child, directory)
    const ready = await gateway.logged('gateway.ready')
    gateway.port = Number(String(ready['tlsSe']).split(':').at(-1))
    gateway.racsPort = Number(String(ready['racs']).split(':').at(-1))
    gateway.statusPort = Number(String(ready['status']).split(':').at(-1))
    return gateway
  }

  /** Ends the process by `signal` and starts it again with the same files. */
  async restart(signal: NodeJS.Signals, env: NodeJS.ProcessEnv = {}): Promise<Gateway> {
    await this.stop(signal)
    this.#isReplaced = true
    return Gateway.#startIn(this.#directory, env)
  }

  /** What starts a second one with the same files, for a shell; it ends by itself only when something is wrong. */
  get commandLine(): string {
    return `timeout 10 ${process.execPath} ${IOSED} --config ${join(this.#directory, 'gateway.toml')}`
  }

  /** Puts a line before those of the configuration, for the next start; a line that sets the same key goes. */
  configure(line: string): void {
    const file = join(this.#directory, 'gateway.toml')
    const [key = ''] = line.split(' ')
    const others = readFileSync(file, 'utf8')
      .split('\n')
      .filter((other) => !other.startsWith(`${key} `))
    writeFileSync(file, [line, ...others].join('\n'))
  }

  /** Sends a signal that does not end the process. */
  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Lines of `event` that fit. */
  all(event: string, pattern: LogPattern = {}): LogLine[] {
    return this.lines.filter((line) => line.event === event && fits(line, pattern))
  }

  /** The first line of `event` that fits, as soon as it is written; fails when the log ends or 5 s pass before. */
  async logged(event: string, pattern: LogPattern = {}): Promise<LogLine> {
    const [line] = await this.loggedTimes(1, event, pattern)
    return line!
  }

  /** As `logged`, for the first `times` lines that fit. */
  loggedTimes(times: number, event: string, pattern: LogPattern = {}): Promise<LogLine[]> {
    const found = this.all(event, pattern)
    if (found.length >= times) return Promise.resolve(found)
    return new Promise((resolve, reject) => {
      const what = `${times} x ${event} ${String(Object.entries(pattern))}`
      const settle = (outcome: () => void): void => {
        clearTimeout(timer)
        this.#waiters.delete(look)
        outcome()
      }
      const give = (why: string) =>
        settle(() => reject(new Error(`${why}: ${what}\n${this.#stderr}${this.#tail()}`)))
      const timer = setTimeout(() => give('not logged in 5 s'), PATIENCE_MS)
      const look = (line: LogLine | undefined): void => {
        if (line === undefined) give('the log ended')
        else if (line.event === event && fits(line, pattern)) {
          found.push(line)
          if (found.length === times) settle(() => resolve(found))
        }
      }
      this.#waiters.add(look)
    })
  }

  /** How many sockets the process has open. */
  sockets(): number {
    const links = readdirSync(`/proc/${this.pid}/fd`).map((fd) => {
      try {
        return readlinkSync(`/proc/${this.pid}/fd/${fd}`)
      } catch {
        // Closed while we looked.
        return ''
      }
    })
    return links.filter((link) => link.startsWith('socket:')).length
  }

  /** Waits until no more than `count` sockets are open: a closed one goes a moment after the log says so. */
  async socketsBackTo(count: number): Promise<void> {
    const expiresAt = performance.now() + PATIENCE_MS
    while (this.sockets() > count) {
      if (performance.now() > expiresAt) assert.equal(this.sockets(), count, 'open sockets')
      await delay(5)
    }
  }

  /** Ends the process by `signal`, and resolves to its exit code. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.#child.kill(signal)
    await this.#closed
    return this.#child.exitCode
  }

  /** Ends the process as an operator would; it must obey, and must not have complained. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isReplaced) return
    const expiry = setTimeout(() => this.#child.kill('SIGKILL'), 2 * PATIENCE_MS)
    const exitCode = await this.stop()
    clearTimeout(expiry)
    rmSync(this.#directory, { recursive: true })
    assert.equal(exitCode, 0, `exit code of the gateway\n${this.#stderr}${this.#tail()}`)
    assert.equal(this.#stderr.replace(REPORT_NOTICE, ''), '')
  }

  #onLine(line: LogLine): void {
    this.lines.push(line)
    this.#tell(line)
  }

  #tell(line: LogLine | undefined): void {
    for (const waiter of [...this.#waiters]) waiter(line)
  }

  #tail(): string {
    return this.lines
      .slice(-8)
      .map((line) => JSON.stringify(line))
      .join('\n')
  }
}

/** What every configuration of a test starts with. */
export function configIn(directory: string): string {
  return [
    'gateway.log_level = "debug"',
    'gateway.drain_ms = 0',
    `gateway.state_dir = "${join(directory, 'state')}"`,
    'tls_se.listen = "127.0.0.1:0"',
    'racs.listen = "127.0.0.1:0"',
    'status.listen = "127.0.0.1:0"',
    '',
  ].join('\n')
}

/** A state directory with certificates of `ca`, an operator and a client who may use `sim1` and `sim3`. */
export function makeState(stateDir: string, ca: TestCa = sharedCa()): void {
  mkdirSync(join(stateDir, 'pki'), { recursive: true })
  for (const file of ['ca.pem', 'server.pem', 'server.key', 'crl.pem']) {
    copyFileSync(ca.path(file), join(stateDir, 'pki', file))
  }
  writeFileSync(join(stateDir, 'users.toml'), USERS)
}

function fits(line: LogLine, pattern: LogPattern): boolean {
  return Object.entries(pattern).every(([field, wanted]) =>
    wanted instanceof RegExp ? wanted.test(String(line[field])) : line[field] === wanted,
  )
}

const USERS = `[users.operator]
cn = "operator"
role = "operator"
seids = ["*"]

[users.client]
cn = "client"
seids = ["sim1", "sim3"]
`

/** What Node says when a test has it write a diagnostic report. */
const REPORT_NOTICE = /^\nWriting Node\.js report to file: .*\nNode\.js report completed\n/
/** For what should come within milliseconds; a busy machine needs more. */
const PATIENCE_MS = 5_000
