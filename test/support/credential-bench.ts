// A machine of its own for `iose` with real systemd-creds: /etc, /run and /var/lib/systemd are directories of the test, seen
// by what is started here and by nobody else, in a mount namespace.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { IOSE, type Said } from './iose.ts'

export class CredentialBench implements Disposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'credentials-'))
  readonly stateDir = join(this.directory, 'state')
  readonly store = join(this.directory, 'etc/credstore.encrypted')
  /** What a gateway that runs has been given. */
  readonly handedOver = join(this.directory, 'run/credentials/iosed.service')
  readonly hostSecret = join(this.directory, 'systemd/credential.secret')

  /** With the unit of the gateway, and no key yet. */
  constructor() {
    const etc = join(this.directory, 'etc')
    mkdirSync(join(etc, 'systemd/system'), { recursive: true })
    mkdirSync(join(this.directory, 'systemd'))
    mkdirSync(this.handedOver, { recursive: true })
    mkdirSync(join(this.stateDir, 'pki'), { recursive: true, mode: 0o700 })
    copyFileSync(UNIT, join(etc, 'systemd/system/iosed.service'))
    for (const file of ['passwd', 'group']) copyFileSync(join('/etc', file), join(etc, file))
    // What encrypts is bound to it.
    writeFileSync(join(etc, 'machine-id'), `${'5'.repeat(32)}\n`)
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true })
  }

  /** `iose protect-keys` there. */
  protect(...args: string[]): Promise<Said> {
    return this.iose(['protect-keys', '--state-dir', this.stateDir, ...args])
  }

  iose(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Said> {
    return this.run([process.execPath, IOSE, ...args], env)
  }

  /** Runs a program there to its end. */
  async run(command: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Said> {
    const child = spawn('unshare', [...this.#inside(), ...command], {
      // Certificates that it may name are in the /etc of before.
      env: { ...process.env, NODE_EXTRA_CA_CERTS: undefined, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 30_000,
    })
    const said = { stdout: '', stderr: '' }
    child.stdout.on('data', (chunk: Buffer) => (said.stdout += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (said.stderr += chunk.toString()))
    const [exitCode, signal] = (await once(child, 'close')) as [unknown, unknown]
    return { exitCode: exitCode ?? signal, ...said }
  }

  /** What systemd would hand to the gateway; undefined: nothing, since it is not there or cannot be decrypted. */
  async decrypted(name: string): Promise<string | undefined> {
    if (!existsSync(join(this.store, name))) return undefined
    const said = await this.run(['systemd-creds', 'decrypt', `/etc/credstore.encrypted/${name}`, '-'])
    return said.exitCode === 0 ? said.stdout : undefined
  }

  #inside(): string[] {
    return ['--mount', '--propagation', 'private', 'sh', '-c', MOUNTS, 'sh', this.directory]
  }
}

/** Why there is no such bench on this machine; false when there is. */
export function credentialObstacle(): string | false {
  if (process.getuid?.() !== 0) return 'only root has a mount namespace without more'
  if (spawnSync('systemd-creds', ['--version']).error !== undefined)
    return 'there is no systemd-creds (Debian package systemd)'
  using bench = new CredentialBench()
  const program = ['sh', '-c', 'echo x | systemd-creds encrypt --name=x - - >/dev/null']
  const args = ['--mount', '--propagation', 'private', 'sh', '-c', MOUNTS, 'sh', bench.directory, ...program]
  const { status, stderr } = spawnSync('unshare', args, { encoding: 'utf8' })
  return status === 0 ? false : `systemd-creds cannot encrypt here: ${stderr.trim()}`
}

const MOUNTS =
  'mount --bind "$1/etc" /etc && mount --bind "$1/systemd" /var/lib/systemd && mount --bind "$1/run" /run && shift && exec "$@"'
const UNIT = resolve(import.meta.dirname, '../../systemd/system/iosed.service')
