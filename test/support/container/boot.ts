// Boots a Debian in a container: systemd-nspawn, a file system that is dropped at the end, a network of its own.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { isMissing } from '../peers.ts'
import { ControlGroup, removeRemains } from './control-group.ts'
import { dispose, Machine } from './machine.ts'
import { connectedNamespaces } from './network.ts'
import { type Release, rootfsOf } from './rootfs.ts'

export interface ContainerOptions {
  readonly rootfs: Release
  /** Folders that are laid over the root file system, before it boots; the first is on top. */
  readonly layers?: readonly string[]
}

/** Why no container can be booted here, or false. */
export function cannotBoot(): string | false {
  if (process.getuid?.() !== 0) return 'MISSING: root, this test boots a container'
  const cannotMount = spawnSync('unshare', ['-n', '-m', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status !== 0
  return (
    isMissing('mmdebstrap', '--version') ||
    isMissing('systemd-nspawn', '--version') ||
    isMissing('dpkg-scanpackages', '--version') ||
    isMissing('ip', '-V') ||
    (cannotMount ? 'MISSING: the right to make namespaces and mounts, this test boots a container' : false)
  )
}

/** Resolves when systemd in the container has started all it starts at a boot. @throws Error when it has not in 30 s */
export async function bootContainer(options: ContainerOptions): Promise<Machine> {
  const rootfs = [...(options.layers ?? []), await rootfsOf(options.rootfs)].join(':')
  removeRemains()
  const folder = mkdtempSync(join(tmpdir(), `container-${process.pid}-`))
  const group = new ControlGroup(basename(folder))
  const network = await connectedNamespaces(group)
  const nspawn = spawnNspawn(group, { folder, rootfs, network: network.container })
  const screen = { text: '' }
  nspawn.stdout?.on('data', (chunk: Buffer) => (screen.text += chunk.toString()))
  nspawn.stderr?.on('data', (chunk: Buffer) => (screen.text += chunk.toString()))
  try {
    const leader = await leaderOf(nspawn)
    const machine = new Machine({ group, network, nspawn, leader, folder })
    await booted(machine)
    return machine
  } catch (cause) {
    await dispose({ group, nspawn, folder })
    throw new Error(`the container did not boot; its screen:\n${screen.text.slice(-4000)}`, { cause })
  }
}

function spawnNspawn(
  group: ControlGroup,
  paths: { readonly folder: string; readonly rootfs: string; readonly network: string },
): ChildProcess {
  const nspawn = [
    'systemd-nspawn',
    '--quiet',
    '--boot',
    '--register=no',
    '--keep-unit',
    '--resolv-conf=off',
    '--timezone=off',
    // What process 1 gets when systemd-nspawn gets SIGTERM: nothing in it is worth an orderly shutdown.
    '--kill-signal=SIGKILL',
    `--machine=${basename(paths.folder)}`,
    '--hostname=gateway',
    `--network-namespace-path=${paths.network}`,
    `--directory=${paths.folder}/root`,
    // systemd enforces DevicePolicy= by BPF programs. Without these it does not, and does not say so.
    '--system-call-filter=bpf',
    '--capability=CAP_BPF,CAP_PERFMON,CAP_NET_ADMIN',
    // The kernel's log, which units must not read: without this nobody could, and a test would show nothing.
    '--capability=CAP_SYSLOG',
  ]
  // In a mount namespace of its own, on a tmpfs: nothing stays, however this ends. No program between this process and
  // systemd-nspawn forks, so that the death of this process is its signal.
  const script = [
    'mount -t tmpfs -o size=4g,mode=755 tmpfs "$1"',
    'mkdir "$1/upper" "$1/work" "$1/root"',
    'mount -t overlay -o "lowerdir=$2,upperdir=$1/upper,workdir=$1/work" overlay "$1/root"',
    'shift 2',
    'exec setpriv --pdeathsig TERM "$@"',
  ].join('\n')
  const unshared = ['unshare', '-m', '--propagation', 'private', 'sh', '-ec', script, 'sh']
  const [program = '', ...args] = group.commandIn('machine', [
    ...unshared,
    paths.folder,
    paths.rootfs,
    ...nspawn,
  ])
  return spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: '1' },
  })
}

/** Process 1 of the container: the child of systemd-nspawn, once it is systemd. */
async function leaderOf(nspawn: ChildProcess): Promise<number> {
  const limit = performance.now() + BOOT_LIMIT_MS
  while (performance.now() < limit) {
    if (nspawn.exitCode !== null) throw new Error(`systemd-nspawn ended with ${nspawn.exitCode}`)
    const child = childOf(nspawn.pid ?? 0)
    if (child !== undefined && nameOf(child) === 'systemd') return child
    await delay(10)
  }
  throw new Error('no process 1')
}

/** Before it is systemd it is a program that prepares the way, and may just have ended. */
function nameOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
  } catch {
    return undefined
  }
}

function childOf(pid: number): number | undefined {
  const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ')
  return child === undefined || child === '' ? undefined : Number(child)
}

async function booted(machine: Machine): Promise<void> {
  // Before it listens, systemctl would ask in vain.
  await machine.waitFor(async () => (await machine.run(['test', '-S', '/run/systemd/private'])).status === 0)
  const asked = ['systemctl', 'is-system-running', '--wait']
  const { stdout, stderr } = await machine.run(asked, { limitSeconds: BOOT_LIMIT_MS / 1000 })
  if (stdout.trim() === 'running') return
  const failed = await machine.run(['systemctl', '--failed', '--no-legend', '--plain'])
  throw new Error(`systemd is ${stdout.trim()} ${stderr}\n${failed.stdout}`)
}

const BOOT_LIMIT_MS = 30_000
