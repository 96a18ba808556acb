// The built tool `iose` as its user runs it.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

/** The built entry file. */
export const IOSE = join(import.meta.dirname, '../../dist/bin/iose.js')

export interface Said {
  readonly exitCode: unknown
  readonly stdout: string
  readonly stderr: string
}

export interface IoseOptions {
  readonly env?: NodeJS.ProcessEnv
  /** Standard input; empty without it. */
  readonly input?: string
}

/** Runs `iose` to its end, at most 20 s. */
export async function iose(args: readonly string[], { env, input }: IoseOptions = {}): Promise<Said> {
  const child = spawn(process.execPath, [IOSE, ...args], { env: { ...process.env, ...env }, timeout: 20_000 })
  const said = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk: Buffer) => (said.stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (said.stderr += chunk.toString()))
  child.stdin.on('error', () => undefined)
  child.stdin.end(input ?? '', 'latin1')
  const [exitCode] = (await once(child, 'close')) as [unknown]
  return { exitCode, ...said }
}
