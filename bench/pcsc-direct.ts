// The least that a PC/SC client can do: a small C program, compiled for the occasion.

import { type ChildProcess, execFile, execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'

export interface DirectTurn {
  readonly rate: number
  readonly roundTripsUs: readonly number[]
}

export class DirectClient implements Disposable {
  readonly #directory = mkdtempSync(join(tmpdir(), 'iose-bench-pcsc-'))
  readonly #program = join(this.#directory, 'pcsc-direct')
  readonly #env: NodeJS.ProcessEnv
  readonly #watchers: ChildProcess[] = []

  /** @param env  where its pcscd is */
  constructor(env: NodeJS.ProcessEnv) {
    this.#env = { ...process.env, ...env }
    const flags = ['-O2', '-I/usr/include/PCSC', '-o', this.#program, '-lpcsclite', '-lpthread']
    execFileSync(COMPILER, [SOURCE, ...flags])
  }

  /** Why it cannot be compiled here, or false. */
  static isMissing(): string | false {
    const flags = ['-fsyntax-only', '-I/usr/include/PCSC', SOURCE]
    if (spawnSync(COMPILER, flags, { stdio: 'ignore' }).status === 0) return false
    return 'MISSING: a C compiler with libpcsclite-dev'
  }

  /** @param command  in hex, to all `readers` at the same time */
  async drive(readers: readonly string[], command: string, seconds: number): Promise<DirectTurn> {
    const options = { env: this.#env, maxBuffer: 1 << 28 }
    const { stdout } = await promisify(execFile)(
      this.#program,
      [String(seconds), command, ...readers],
      options,
    )
    return JSON.parse(stdout) as DirectTurn
  }

  /** Calls back with the time in milliseconds since 1970 when pcscd reports a card in `reader`. */
  watch(reader: string, onCard: (atMs: number) => void): void {
    const child = spawn(this.#program, ['watch', reader], {
      env: this.#env,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    createInterface({ input: child.stdout }).on('line', (line) => onCard(Number(line)))
    this.#watchers.push(child)
  }

  [Symbol.dispose](): void {
    for (const child of this.#watchers) child.kill()
    rmSync(this.#directory, { recursive: true, force: true })
  }
}

const COMPILER = process.env['CC'] ?? 'cc'
const SOURCE = join(import.meta.dirname, 'children/pcsc-direct.c')
