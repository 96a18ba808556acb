// The history of a command that talks with a person: bounded, for its user's eyes only, without secrets.

import { mkdir, readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { writeAtomically } from '../../../base/atomic-file.ts'

/** Lines that are kept. */
export const MAX_HISTORY_LINES = 1_000

/** NAME_history in $XDG_STATE_HOME/iose, else in ~/.local/state/iose. */
export function historyFileOf(environment: NodeJS.ProcessEnv, name: 'racs' | 'shell'): string {
  const home = environment['XDG_STATE_HOME'] ?? ''
  return join(home === '' ? join(homedir(), '.local/state') : home, `iose/${name}_history`)
}

/** The lines of the file, newest first, as readline wants them; none when it cannot be read. */
export async function loadHistory(file: string): Promise<string[]> {
  try {
    const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '')
    return lines.slice(-MAX_HISTORY_LINES).reverse()
  } catch {
    // No file yet, or not for us: a console without history is still one.
    return []
  }
}

/**
 * Replaces the file.
 * @param lines           newest first
 * @param isWorthKeeping  lines of which it is false are left out
 */
export async function saveHistory(
  file: string,
  lines: readonly string[],
  isWorthKeeping: (line: string) => boolean,
): Promise<void> {
  const kept = lines.filter(isWorthKeeping).slice(0, MAX_HISTORY_LINES).reverse()
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  await writeAtomically(file, kept.map((line) => `${line}\n`).join(''), 0o600)
}
