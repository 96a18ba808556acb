// A Debian that is booted in a container, with a systemd of its own as process 1.

import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync, rmSync, statSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { ControlGroup } from './control-group.ts'
import { CONTAINER_ADDRESS, CONTAINER_ADDRESS_6, type TestNetwork } from './network.ts'
import { type Outcome, outcomeOf, successOf } from './outcome.ts'

export interface RunOptions {
  /** Root when left out. */
  readonly user?: string
  /** What the command reads from its standard input. */
  readonly input?: string | Buffer
  /** After which it is ended: its status is then 124. */
  readonly limitSeconds?: number
}

/** What `bootContainer` has made for a machine. */
export interface Parts {
  readonly group: ControlGroup
  readonly network: TestNetwork
  /** systemd-nspawn. */
  readonly nspawn: ChildProcess
  /** Process 1 of the container, by its number outside. */
  readonly leader: number
  readonly folder: string
}

export class Machine implements AsyncDisposable {
  /** Of the container, for clients outside. */
  readonly address = CONTAINER_ADDRESS
  readonly address6 = CONTAINER_ADDRESS_6
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Runs a command in the container, as from a terminal there, and tells how it ended. */
  run(command: readonly string[], options: RunOptions = {}): Promise<Outcome> {
    const { user, input, limitSeconds = 60 } = options
    const login = user === undefined ? [] : ['runuser', '-u', user, '--']
    const limited = ['timeout', '-k', '5', String(limitSeconds), ...login, ...command]
    const environment = [
      'env',
      '-i',
      `PATH=${PATH}`,
      'LANG=C.UTF-8',
      'HOME=/root',
      'DEBIAN_FRONTEND=noninteractive',
    ]
    const entered = ['nsenter', '-t', String(this.#parts.leader), ...NAMESPACES, '-r', '-w', '--']
    return outcomeOf(this.#parts.group.commandIn('commands', [...entered, ...environment, ...limited]), input)
  }

  /** As `run`, resolves to the standard output. @throws Error with all it said when it ends with another code than 0 */
  async success(command: readonly string[], options: RunOptions = {}): Promise<string> {
    return successOf(command, await this.run(command, options))
  }

  /** Runs a command of the host outside the container, as its neighbour on the network. */
  outside(command: readonly string[], input?: string): Promise<Outcome> {
    return outcomeOf(this.#outside(['timeout', '-k', '5', '60', ...command]), input)
  }

  /** Starts a command as `outside` does, for as long as it runs; the end of the container is its end too. */
  spawnOutside(command: readonly string[]): ChildProcess {
    const [program = '', ...args] = this.#outside(command)
    return spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  }

  /** Writes a file in the container, and the folders it needs. @param mode  as for chmod */
  async write(path: string, content: string | Buffer, mode = '644'): Promise<void> {
    const script = 'mkdir -p "$(dirname "$1")" && cat >"$1" && chmod "$2" "$1"'
    await this.success(['sh', '-c', script, 'sh', path, mode], { input: content })
  }

  /** Copies a file of the host to `path`, or what a folder has to the folder `path`; with modes, owned by root. */
  async copyIn(source: string, path: string): Promise<void> {
    if (!statSync(source).isDirectory()) {
      const mode = (statSync(source).mode & 0o7777).toString(8)
      await this.write(path, readFileSync(source), mode)
      return
    }
    const into = ['nsenter', '-t', String(this.#parts.leader), ...NAMESPACES, '-r', '-w', '--']
    const script =
      'source=$1 path=$2; shift 2; tar -C "$source" -c . | "$@" sh -c \'mkdir -p "$0" && tar -C "$0" -x --no-same-owner\' "$path"'
    const command = ['bash', '-o', 'pipefail', '-c', script, 'bash', source, path, ...into]
    successOf(command, await outcomeOf(this.#parts.group.commandIn('commands', command)))
  }

  /** What a unit and systemd about it have written, a line each, oldest first. */
  async journal(unit: string): Promise<string[]> {
    await this.success(['journalctl', '--sync'])
    const lines = await this.success(['journalctl', '--no-pager', '-q', '-o', 'cat', '-u', unit])
    return lines.split('\n').filter((line) => line !== '')
  }

  /**
   * Waits until a unit is in a state, such as `active`, `inactive` or `failed`.
   * @throws Error with the unit's status when it is not within `limitMs`
   */
  async waitForState(unit: string, state: string, limitMs = 20_000): Promise<void> {
    let last = ''
    try {
      await this.waitFor(async () => {
        last = (await this.run(['systemctl', 'is-active', unit])).stdout.trim()
        return last === state
      }, limitMs)
    } catch (cause) {
      const { stdout } = await this.run(['systemctl', 'status', '--no-pager', '-l', '-n', '30', unit])
      throw new Error(`${unit} is ${last}, not ${state}\n${stdout}`, { cause })
    }
  }

  /** Waits until `claim` is true. @throws Error when it is not within `limitMs` */
  async waitFor(claim: () => Promise<boolean>, limitMs = 20_000): Promise<void> {
    const limit = performance.now() + limitMs
    while (!(await claim())) {
      if (performance.now() > limit) throw new Error(`not within ${limitMs} ms: ${claim.toString()}`)
      await delay(50)
    }
  }

  /** Controllers that limits of units are enforced by, such as `memory` and `pids`: what the host lets cgroup2 have. */
  async controllers(): Promise<string[]> {
    return (await this.success(['cat', '/sys/fs/cgroup/cgroup.controllers'])).trim().split(' ')
  }

  /** Ends the container and everything that was started for it, at once: its processes are killed, its files dropped. */
  async [Symbol.asyncDispose](): Promise<void> {
    await dispose(this.#parts)
  }

  #outside(command: readonly string[]): string[] {
    return this.#parts.group.commandIn('outside', this.#parts.network.outside(command))
  }
}

/** Ends a container, or what there is of it. */
export async function dispose(parts: Pick<Parts, 'group' | 'nspawn' | 'folder'>): Promise<void> {
  const { nspawn, group, folder } = parts
  if (nspawn.exitCode === null && nspawn.signalCode === null) {
    const ended = new Promise((resolve) => nspawn.once('exit', resolve))
    // It kills process 1, and with it all of the container; then it clears up.
    nspawn.kill('SIGTERM')
    await Promise.race([ended, delay(5_000, undefined, { ref: false })])
  }
  await group.remove()
  // Its mounts were in a namespace that is gone.
  rmSync(folder, { recursive: true })
}

const NAMESPACES = ['-m', '-u', '-i', '-n', '-p', '-C']
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
