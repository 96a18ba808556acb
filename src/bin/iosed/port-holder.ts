// Who listens on a TCP port of this machine, for the error that says that it is taken (Linux, /proc).

import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** A process that listens. */
export interface PortHolder {
  readonly pid: number
  /** As `ps` shows it. */
  readonly name: string
}

/** `node (pid 4711)`, or undefined when that cannot be found out: another user's process, or no /proc. */
export function holderOf(port: number): string | undefined {
  const holder = listenerOn(port)
  return holder && `${holder.name} (pid ${holder.pid})`
}

/**
 * The process that listens on it, undefined as for `holderOf`. A socket of systemd that was handed over is held by two:
 * then whoever has it from systemd.
 */
export function listenerOn(port: number): PortHolder | undefined {
  const inodes = listeningInodes(port)
  if (inodes.size === 0) return undefined
  const pids = entriesOf('/proc').filter((name) => /^\d+$/.test(name))
  const holds = (pid: string): boolean =>
    entriesOf(`/proc/${pid}/fd`).some((fd) => {
      const inode = /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${fd}`))?.[1]
      return inode !== undefined && inodes.has(inode)
    })
  const pid = pids.find((other) => other !== '1' && holds(other)) ?? pids.find(holds)
  return pid === undefined ? undefined : { pid: Number(pid), name: contentOf(`/proc/${pid}/comm`).trim() }
}

/** Columns of /proc/net/tcp, from 0: 1 local address `hex:hex port`, 3 state, 9 inode; see proc(5). */
function listeningInodes(port: number): Set<string> {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const rows = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) => contentOf(file).split('\n'))
  const inodes = new Set<string>()
  for (const row of rows) {
    const columns = row.trim().split(/\s+/)
    if (columns[1]?.endsWith(wanted) === true && columns[3] === STATE_LISTEN) inodes.add(columns[9] ?? '')
  }
  return inodes
}

// Processes come and go while we look, and other users' are closed to us: what cannot be read is not there.

function entriesOf(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}

function contentOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

const STATE_LISTEN = '0A'
