// One process at a time: a file that names its holder. It appears whole (a link to a file that is written already),
// so nobody ever reads half of it, and a holder that died is found out and replaced by exactly one of those who wait.

import { randomBytes } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { link, open, readFile, rm, writeFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { PkiError } from './errors.ts'

/**
 * Runs `work` while nobody else who asks for `path` runs theirs; in this process, too.
 * @param path  the lock file; its directory must exist
 * @param waitMs  how long to wait for the holder before
 * @throws PkiError pki.busy when somebody holds it for longer, pki.unwritable; and what `work` throws
 */
export async function withLock<Result>(
  path: string,
  work: () => Promise<Result>,
  waitMs = 15_000,
): Promise<Result> {
  await acquire(path, performance.now() + waitMs)
  try {
    return await work()
  } finally {
    await rm(path, { force: true })
  }
}

async function acquire(path: string, deadline: number): Promise<void> {
  const ticket = `${path}.${randomBytes(6).toString('hex')}.tmp`
  try {
    await writeFile(ticket, JSON.stringify(holderOf(process.pid)), { flag: 'wx', mode: 0o600 })
    while (!(await tryLink(ticket, path))) {
      const holder = await holderIn(path)
      if (holder !== 'none' && isGone(holder)) await removeStale(path)
      else if (performance.now() >= deadline) throw busy(path, holder)
      await delay(POLL_MS)
    }
  } catch (error) {
    if (error instanceof PkiError) throw error
    throw new PkiError('pki.unwritable', `cannot write ${path}`, { cause: error })
  } finally {
    await rm(ticket, { force: true })
  }
}

async function tryLink(ticket: string, path: string): Promise<boolean> {
  try {
    await link(ticket, path)
    return true
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false
    throw error
  }
}

// Two that saw the same dead holder must not both remove the file: the second would remove the lock of the first.
// So only who holds the guard removes, and looks again first. A living holder's lock is removed by itself alone.
async function removeStale(path: string): Promise<void> {
  const guard = `${path}.stale`
  let file: Awaited<ReturnType<typeof open>>
  try {
    file = await open(guard, 'wx', 0o600)
  } catch (error) {
    if (isCode(error, 'EEXIST')) return
    throw error
  }
  try {
    const holder = await holderIn(path)
    if (holder !== 'none' && isGone(holder)) await rm(path, { force: true })
  } finally {
    await file.close()
    await rm(guard, { force: true })
  }
}

/** Who holds a lock. The fields besides `pid` are empty where the system does not tell. */
interface Holder {
  readonly pid: number
  /** When the process started: numbers of processes are given out again. */
  readonly startedAt: string
  /** Of this run of the system. */
  readonly boot: string
  /** Where `pid` counts: a container has numbers of its own. */
  readonly pidSpace: string
}

function holderOf(pid: number): Holder {
  return {
    pid,
    startedAt: textOf(() => startOf(readFileSync(`/proc/${pid}/stat`, 'utf8'))),
    boot: textOf(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    pidSpace: textOf(() => readlinkSync('/proc/self/ns/pid')),
  }
}

/** The holder that the file names; `lost` when a loss of power left it empty; `none` when there is no file. */
async function holderIn(path: string): Promise<Holder | 'lost' | 'none'> {
  try {
    const { pid, startedAt, boot, pidSpace } = JSON.parse(await readFile(path, 'utf8')) as Partial<Holder>
    if (typeof pid !== 'number') return 'lost'
    return { pid, startedAt: startedAt ?? '', boot: boot ?? '', pidSpace: pidSpace ?? '' }
  } catch (error) {
    if (isCode(error, 'ENOENT')) return 'none'
    if (error instanceof SyntaxError) return 'lost'
    throw error
  }
}

/** True when `holder` surely runs no more. */
function isGone(holder: Holder | 'lost'): boolean {
  if (holder === 'lost') return true
  const now = holderOf(holder.pid)
  if (now.boot !== holder.boot) return true
  // Nothing is known of a process in another container.
  if (now.pidSpace !== holder.pidSpace) return false
  try {
    process.kill(holder.pid, 0)
  } catch (error) {
    // EPERM: it is there, and somebody else's.
    if (isCode(error, 'ESRCH')) return true
  }
  return now.startedAt !== '' && holder.startedAt !== '' && now.startedAt !== holder.startedAt
}

function busy(path: string, holder: Holder | 'lost' | 'none'): PkiError {
  const who = typeof holder === 'string' ? 'another process' : `the process ${holder.pid}`
  return new PkiError('pki.busy', `${who} holds ${path}; if it surely runs no more, remove that file`)
}

/** Field 22 of /proc/PID/stat (proc(5)), counted after the name in parentheses, which may contain anything. */
function startOf(stat: string): string {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
}

function textOf(read: () => string): string {
  try {
    return read()
  } catch {
    // Not Linux, or the process is gone or hidden.
    return ''
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

const POLL_MS = 20
