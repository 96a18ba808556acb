// A control group that has all processes of one container: they are found, and ended, together. It is named after a folder
// of the container, whose name has the number of the process that made it.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

export class ControlGroup {
  readonly path: string
  readonly #parts: readonly string[]

  /**
   * Makes the group. Without one of its own, systemd-nspawn would put the services of all containers of a caller into
   * the same groups.
   */
  constructor(name: string) {
    const [root, ...others] = hierarchies()
    if (root === undefined) throw new Error('no cgroup2 hierarchy is mounted')
    this.path = join(root, name)
    this.#parts = [this.path, ...others.map((other) => join(other, name))]
    for (const part of this.#parts) mkdirSync(part)
  }

  /** Starts `command` within the group `part` of the group. */
  commandIn(part: string, command: readonly string[]): string[] {
    mkdirSync(join(this.path, part), { recursive: true })
    return ['sh', '-c', 'echo 0 >"$0" && exec "$@"', join(this.path, part, 'cgroup.procs'), ...command]
  }

  /** Process numbers of all that run in the group. */
  processes(): number[] {
    return groupsBelow(this.path).flatMap((group) =>
      readFileSync(join(group, 'cgroup.procs'), 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map(Number),
    )
  }

  /** Ends what still runs in the group, and removes it. @throws Error when something does not end */
  async remove(): Promise<void> {
    writeFileSync(join(this.path, 'cgroup.kill'), '1')
    const limit = performance.now() + PATIENCE_MS
    while (this.processes().length > 0) {
      if (performance.now() > limit)
        throw new Error(`${this.path}: processes ${String(this.processes())} do not end`)
      await delay(5)
    }
    for (const part of this.#parts) {
      // Deepest first; a group is a directory whose files the kernel keeps.
      for (const group of groupsBelow(part).reverse()) rmdirSync(group)
    }
  }
}

/** Folders and control groups that a process made for its containers and has not removed. */
export function remainsOf(pid: number): string[] {
  const named = (directory: string) =>
    readdirSync(directory)
      .filter((name) => name.startsWith(`container-${pid}-`))
      .map((name) => join(directory, name))
  return [
    ...named(tmpdir()).map((path) => `folder ${path}`),
    ...hierarchies().flatMap((root) => named(root).map((path) => `group ${path}`)),
  ]
}

/** Removes what containers leave when the process that booted them is killed: empty folders and control groups. */
export function removeRemains(): void {
  for (const directory of [tmpdir(), ...hierarchies()]) {
    for (const name of readdirSync(directory)) {
      const [, pid] = /^container-(\d+)-/.exec(name) ?? []
      if (pid === undefined || existsSync(`/proc/${pid}`)) continue
      const kill = join(directory, name, 'cgroup.kill')
      try {
        // Whoever killed systemd-nspawn too has left the container running.
        if (existsSync(kill)) writeFileSync(kill, '1')
        for (const folder of groupsBelow(join(directory, name)).reverse()) rmdirSync(folder)
      } catch (error) {
        // Another test file has just removed it, or its last process is still on its way out.
        const { code } = error as NodeJS.ErrnoException
        if (code !== 'ENOENT' && code !== 'EBUSY') throw error
      }
    }
  }
}

/** Where cgroup2 is mounted; then, on a host that has both, the hierarchy in which systemd-nspawn makes groups too. */
function hierarchies(): string[] {
  const mounts = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
  const points = (kind: string, option: string) =>
    mounts
      .filter(([, , type, options]) => type === kind && (options ?? '').split(',').includes(option))
      .map(([, point = '']) => point)
  return [...points('cgroup2', 'rw'), ...points('cgroup', 'name=systemd')]
}

/** `group` and all groups below it, parents first. */
function groupsBelow(group: string): string[] {
  if (!existsSync(group)) return []
  const children = readdirSync(group, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  return [group, ...children.flatMap((child) => groupsBelow(join(group, child.name)))]
}

const PATIENCE_MS = 5_000
