// A Debian package, built and unpacked; nothing is installed.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isMissing } from './peers.ts'

export type Architecture = 'amd64' | 'arm64'

export interface Member {
  /** As `ls -l` has it: `-rw-r--r--`. */
  readonly mode: string
  /** `root/root`. */
  readonly owner: string
  /** From the root on, without a slash at either end. */
  readonly path: string
}

/** Why no package for `arch` can be made here, or false. */
export function isBuildMissing(arch: Architecture): string | false {
  const compiler = arch === 'amd64' ? 'x86_64-linux-gnu-g++' : 'aarch64-linux-gnu-g++'
  return (
    isMissing('dpkg-deb', '--version') || isMissing('dtc', '--version') || isMissing(compiler, '--version')
  )
}

/** What a command wrote, both streams. @throws Error when it fails */
export function run(command: string, args: readonly string[], cwd = '.'): string {
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  })
  if (error !== undefined) throw error
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: exit ${status}\n${stdout}${stderr}`)
  return stdout + stderr
}

/** Packages of these versions, into `directory`; their files, in that order. */
export function packagesOf(arch: Architecture, versions: readonly string[], directory: string): string[] {
  return versions.map((version) => {
    run('scripts/build-deb', ['--arch', arch, '--version', version, '--output', directory])
    return join(directory, `iose-gateway_${version}_${arch}.deb`)
  })
}

export class Deb implements Disposable {
  readonly file: string
  /** Where it is unpacked. */
  readonly root: string
  /** Its maintainer scripts and lists. */
  readonly control: string
  readonly #directory: string

  constructor(arch: Architecture) {
    this.#directory = mkdtempSync(join(tmpdir(), 'iose-deb-'))
    const packages = join(this.#directory, 'packages')
    run('scripts/build-deb', ['--arch', arch, '--output', packages])
    this.file = join(packages, readdirSync(packages)[0] ?? 'nothing')
    this.root = join(this.#directory, 'root')
    this.control = join(this.#directory, 'control')
    run('dpkg-deb', ['-x', this.file, this.root])
    run('dpkg-deb', ['-e', this.file, this.control])
  }

  field(name: string): string {
    return run('dpkg-deb', ['-f', this.file, name]).trim()
  }

  members(): Member[] {
    const lines = run('dpkg-deb', ['-c', this.file]).trimEnd().split('\n')
    return lines.map((line) => {
      const [mode = '', owner = '', , , , path = ''] = line.split(/\s+/)
      return { mode, owner, path: path.replace(/^\.\//, '').replace(/\/$/, '') }
    })
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true, force: true })
  }
}
