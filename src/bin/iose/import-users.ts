// `iose racs import-users`: takes over who may do what from a reference server's configuration directory.

import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { link, open, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { writeAtomically } from '../../base/atomic-file.ts'
import { messageOf } from '../../base/errors.ts'
import { parseUsers } from '../../config/users.ts'
import { type CliCommand, CliError, EXIT, type ExitCode, misuse } from './command.ts'
import { USERS_FILE } from './reference-files.ts'
import { convert, filesOf } from './reference-users.ts'

export const importUsers: CliCommand = {
  summary: "users.toml from a reference server's users.txt and AID policies",
  help: `Usage: iose racs import-users DIRECTORY [--out FILE]

Reads users.txt, se_default_access of config.txt, the AID policies <SEID>.txt and their filter files, and writes
the users.toml that says the same to this gateway. What cannot be read is refused, not allowed; standard error
says what and where.

  --out FILE   write to FILE, which must not exist; default standard output

Example: iose racs import-users /opt/iose/config --out users.toml
`,
  async run(args) {
    const { directory, out } = argumentsOf(args)
    const { toml, warnings } = convert(await readFiles(directory))
    parseUsers(toml, out ?? 'users.toml')
    for (const warning of warnings) process.stderr.write(`${printable(warning)}\n`)
    if (out === undefined) process.stdout.write(toml)
    else await writeNew(out, toml)
    return EXIT.done satisfies ExitCode
  },
}

function argumentsOf(args: readonly string[]): { directory: string; out: string | undefined } {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { out: { type: 'string' } },
    })
    const [directory, ...rest] = positionals
    if (directory === undefined || rest.length > 0) throw misuse('one DIRECTORY is needed')
    return { directory, out: values.out }
  } catch (error) {
    throw error instanceof CliError ? error : misuse(messageOf(error))
  }
}

async function readFiles(directory: string): Promise<Map<string, string | undefined>> {
  const files = new Map<string, string | undefined>()
  const asked = new Set<string>()
  let room = MAX_BYTES
  for (
    let names = filesOf(files);
    names.length > 0;
    names = filesOf(files).filter((name) => !asked.has(name))
  ) {
    for (const name of names) {
      asked.add(name)
      const text = await readText(join(directory, name), Math.min(room, MAX_FILE_BYTES))
      if (text === 'missing') continue
      files.set(name, text?.text)
      room -= text?.bytes ?? 0
    }
    if (files.get(USERS_FILE) === undefined) {
      throw new CliError(EXIT.configuration, `cannot read ${USERS_FILE} in ${directory}`)
    }
  }
  return files
}

/** The text of a file; undefined when it is there and cannot be read, is no regular file, or is too large. */
async function readText(
  path: string,
  maxBytes: number,
): Promise<{ text: string; bytes: number } | 'missing' | undefined> {
  try {
    // What is no file, a pipe for instance, might never open.
    if (!(await stat(path)).isFile()) return undefined
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const buffer = Buffer.alloc(Math.min((await file.stat()).size, maxBytes) + 1)
    const { bytesRead } = await file.read(buffer, 0, buffer.length, 0)
    if (bytesRead > maxBytes) return undefined
    return { text: buffer.toString('utf8', 0, bytesRead), bytes: bytesRead }
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'missing' : undefined
  }
}

/** The whole file under its name or nothing, and never over another one. */
async function writeNew(path: string, content: string): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.new`
  try {
    await writeAtomically(temporary, content, 0o644)
    // Unlike a rename, a link does not replace.
    await link(temporary, path)
  } catch (error) {
    const isThere = (error as NodeJS.ErrnoException).code === 'EEXIST'
    const message = isThere ? `${path} is there already; name another file` : `cannot write ${path}`
    throw new CliError(EXIT.configuration, message, isThere ? {} : { cause: error })
  } finally {
    await rm(temporary, { force: true })
  }
}

/** Names come out of foreign files: nothing in them may steer a terminal. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, '?')
}

const MAX_FILE_BYTES = 1024 * 1024
const MAX_BYTES = 16 * 1024 * 1024
