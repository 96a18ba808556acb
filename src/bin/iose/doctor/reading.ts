// How checks look at the machine: files, sockets and programs, without changing anything. What cannot be read is an
// answer here, not an error.

import { execFile } from 'node:child_process'
import { accessSync, constants, readFileSync, statSync } from 'node:fs'
import { connect, type NetConnectOpts } from 'node:net'

/** The text of a file, or undefined. For what a missing file means nothing bad. */
export function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

/** The text of a file, or the system's code for why it cannot be read. */
export type TextOrObstacle = { readonly text: string } | { readonly obstacle: string }

/** The text of a file, where a missing one matters. */
export function textAt(path: string): TextOrObstacle {
  try {
    return { text: readFileSync(path, 'utf8') }
  } catch (error) {
    return { obstacle: codeOf(error) }
  }
}

/** A file as it stands in its directory. */
export interface FileFacts {
  readonly kind: 'file' | 'directory' | 'character device' | 'socket' | 'other'
  readonly uid: number
  readonly gid: number
  /** Permission bits. */
  readonly mode: number
}

/** Undefined when there is none, or it cannot be looked at. */
export function factsOf(path: string): FileFacts | undefined {
  try {
    const stats = statSync(path)
    const { uid, gid, mode } = stats
    return { kind: kindOf(stats), uid, gid, mode: mode & 0o7777 }
  } catch {
    return undefined
  }
}

/** The system's code for why this user may not, ENOENT for instance; undefined when the user may. */
export function obstacleTo(path: string, way: 'read' | 'write' | 'read and write'): string | undefined {
  const bits = (way === 'write' ? 0 : constants.R_OK) | (way === 'read' ? 0 : constants.W_OK)
  try {
    accessSync(path, bits)
    return undefined
  } catch (error) {
    return codeOf(error)
  }
}

/** Connects and hangs up. The system's code for why that fails, ETIMEDOUT for silence; undefined when it does not. */
export function obstacleToConnect(address: NetConnectOpts, patienceMs: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(address)
    const settle = (obstacle: string | undefined): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(obstacle)
    }
    const timer = setTimeout(() => settle('ETIMEDOUT'), patienceMs)
    socket.on('connect', () => settle(undefined))
    socket.on('error', (error) => settle(codeOf(error)))
  })
}

/** How a program ended. */
export interface Ending {
  /** Undefined when it did not end by itself. */
  readonly exitCode: number | undefined
  readonly signal: string | undefined
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program to its end; undefined when there is no such program. @throws Error when it takes too long */
export function endingOf(
  program: string,
  args: readonly string[],
  { cwd, patienceMs }: { cwd?: string; patienceMs: number },
): Promise<Ending | undefined> {
  const options = { cwd, timeout: patienceMs, killSignal: 'SIGKILL', encoding: 'utf8' } as const
  return new Promise((resolve, reject) => {
    execFile(program, args, options, (error, stdout, stderr) => {
      if (error === null) resolve({ exitCode: 0, signal: undefined, stdout, stderr })
      else if (error.killed === true)
        reject(new Error(`${program} did not end within ${patienceMs / 1000} s`))
      else if (error.code === 'ENOENT') resolve(undefined)
      else
        resolve({
          exitCode: typeof error.code === 'number' ? error.code : undefined,
          signal: error.signal ?? undefined,
          stdout,
          stderr,
        })
    })
  })
}

/** The system's code of an error that has one. */
export function codeOf(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException
  return code ?? String(error)
}

function kindOf(stats: ReturnType<typeof statSync> & object): FileFacts['kind'] {
  if (stats.isFile()) return 'file'
  if (stats.isDirectory()) return 'directory'
  if (stats.isCharacterDevice()) return 'character device'
  return stats.isSocket() ? 'socket' : 'other'
}
