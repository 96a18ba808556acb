// The manual, made once for a test file: pages and completions in a directory of its own.

import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const ROOT = join(import.meta.dirname, '../..')

/** The script that users call. */
export const BUILD_MANUAL = join(ROOT, 'scripts/build-manual')

/** Makes the manual as scripts/build-manual does, but uses dist/ as it is: other tests run it meanwhile. */
export async function builtManual(epoch = 1_767_225_600): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'iose-manual-'))
  const args = ['--import', 'tsx', join(ROOT, 'scripts/manual/main.ts'), directory]
  await run(process.execPath, args, {
    cwd: ROOT,
    env: { ...process.env, SOURCE_DATE_EPOCH: String(epoch) },
    timeout: 120_000,
  })
  return directory
}

/** Path below the directory -> content. */
export function filesIn(directory: string): Map<string, string> {
  const paths = readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
  return new Map(paths.map((path) => [path.slice(directory.length + 1), readFileSync(path, 'utf8')]))
}

/** The page as its reader sees it, without bold and slanted, 200 columns wide. */
export async function rendered(path: string): Promise<string> {
  const env = { ...process.env, MANWIDTH: '200', LC_ALL: 'C.UTF-8', MAN_KEEP_FORMATTING: '', MANPAGER: 'cat' }
  const { stdout } = await run('man', ['--nh', '--nj', '-E', 'UTF-8', '-l', path], { env, timeout: 20_000 })
  return stdout.replaceAll(/.\u0008/gu, '').replaceAll(/\u001b\[[0-9;]*m/gu, '')
}

/** What is said, whatever the line breaks are. */
export function withoutBlanks(text: string): string {
  return text.replaceAll(/\s/gu, '')
}

/** Runs a command to its end; what it says on both outputs, and its exit code. */
export async function said(
  command: string,
  args: readonly string[],
): Promise<{ code: number; text: string }> {
  try {
    const { stdout, stderr } = await run(command, [...args], { timeout: 20_000, maxBuffer: 16 * 1024 * 1024 })
    return { code: 0, text: `${stdout}${stderr}` }
  } catch (error) {
    const { code, stdout, stderr } = error as { code?: unknown; stdout?: string; stderr?: string }
    if (typeof code !== 'number') throw error
    return { code, text: `${stdout ?? ''}${stderr ?? ''}` }
  }
}
