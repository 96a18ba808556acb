// One gateway a directory: a socket in it, on which its holder listens. The kernel knows when the holder is gone,
// whichever container it ran in; a file with a process number would not tell.

import { once } from 'node:events'
import { open, rm, stat } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { AuditError } from './errors.ts'

/**
 * Holds `directory` until disposed of, or the process ends.
 * @throws AuditError audit.busy when somebody else holds it; the system's error
 */
export async function lockDirectory(directory: string): Promise<AsyncDisposable> {
  // The address of a socket has room for 107 bytes only; this one is short, however long the path is.
  const handle = await open(directory, 'r')
  const isLinux = process.platform === 'linux'
  const path = join(isLinux ? `/proc/self/fd/${handle.fd}` : directory, LOCK)
  try {
    const server = await held(path, directory)
    return {
      async [Symbol.asyncDispose]() {
        // Also removes the socket.
        await new Promise((resolve) => server.close(resolve))
        await handle.close()
      },
    }
  } catch (error) {
    await handle.close()
    throw error
  }
}

async function held(path: string, directory: string): Promise<Server> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    try {
      return await listening(path)
    } catch (error) {
      if (!isCode(error, 'EADDRINUSE')) throw error
    }
    if (await isServed(path)) break
    await removeStale(path)
    if (tries > 0) await delay(TRY_MS)
  }
  const message = `another gateway writes the audit log in ${directory}; each needs a state directory of its own`
  throw new AuditError('audit.busy', message)
}

async function listening(path: string): Promise<Server> {
  const server = createServer((socket) => socket.destroy())
  server.listen(path)
  // Rejects when `error` comes before.
  await once(server, 'listening')
  server.unref()
  return server
}

// Two that saw the same dead holder must not both remove the socket: the second would remove that of the first.
// So only who has made the guard removes, and looks again first.
async function removeStale(path: string): Promise<void> {
  const guard = `${path}.stale`
  try {
    await (await open(guard, 'wx', 0o600)).close()
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error
    await removeOldGuard(guard)
    return
  }
  try {
    if (!(await isServed(path))) await rm(path, { force: true })
  } finally {
    await rm(guard, { force: true })
  }
}

/** It is there for milliseconds, unless its maker was killed just then. */
async function removeOldGuard(guard: string): Promise<void> {
  const madeAt = await stat(guard).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  )
  if (madeAt !== undefined && Date.now() - madeAt > OLD_GUARD_MS) await rm(guard, { force: true })
}

function isServed(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy()
      resolve(true)
    })
    // Anything else may be a holder that is busy.
    socket.on('error', (error) => resolve(!isCode(error, 'ECONNREFUSED') && !isCode(error, 'ENOENT')))
  })
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

const LOCK = 'lock'
const MAX_TRIES = 50
const TRY_MS = 20
const OLD_GUARD_MS = 10_000
