// One update at a time: a lock of flock(1), which the kernel takes back when its holder is gone.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { UpdateError } from './errors.ts'

/**
 * Holds the lock until disposed of, or this process ends.
 * @param path  a file that is made when it is missing, and its folder
 * @param waitSeconds  for a holder that is soon done
 * @throws UpdateError update.busy, update.disk
 */
export async function lockUpdates(path: string, waitSeconds: number): Promise<AsyncDisposable> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o755 })
  } catch (error) {
    throw new UpdateError('update.disk', `cannot write ${path}`, { cause: error })
  }
  // `cat` ends when this process does, and takes the lock with it.
  const wait = ['--timeout', String(waitSeconds), '--conflict-exit-code', String(CONFLICT)]
  const holder = spawn('flock', [...wait, path, 'sh', '-c', 'echo held; exec cat'], {
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const closed = once(holder, 'close')
  let complaint = ''
  holder.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()))
  const first = await Promise.race([once(holder.stdout, 'data'), closed]).catch((error: unknown) => {
    throw new UpdateError('update.disk', 'cannot run flock', { cause: error })
  })
  if (first[0] === CONFLICT) throw new UpdateError('update.busy', `another update runs; it holds ${path}`)
  if (!Buffer.isBuffer(first[0]))
    throw new UpdateError('update.disk', `cannot lock ${path}: ${complaint.trim()}`)
  return {
    async [Symbol.asyncDispose]() {
      holder.stdin.end()
      await closed
    },
  }
}

const CONFLICT = 75
