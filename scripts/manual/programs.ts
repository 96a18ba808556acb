// Asks the built programs for their help: what they say is what the manual says.

import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Help, parseHelp } from './help.ts'

/** A command line that has a help text of its own. */
export interface Program {
  /** `['iose', 'racs', 'apdu']` */
  readonly words: readonly string[]
  /** One line, as the level above lists it. */
  readonly summary: string
  readonly help: Help
  /** What it lists and has help texts for: the commands of `iose`, the subcommands of a group. */
  readonly children: readonly Program[]
}

/** `iose`, with all that it has. */
export async function askIose(): Promise<Program> {
  return ask(['iose'], 'tool for users and operators of an Internet of Secure Elements gateway')
}

export async function askIosed(): Promise<Program> {
  return ask(['iosed'], 'gateway that gives secure elements a place on the Internet')
}

/** The program and all below it, parents first. */
export function withChildren(program: Program): Program[] {
  return [program, ...program.children.flatMap(withChildren)]
}

async function ask(words: readonly string[], summary: string): Promise<Program> {
  const [name = '', ...rest] = words
  const { stdout } = await run(process.execPath, [join(DIST, `${name}.js`), ...rest, '--help'], {
    timeout: 20_000,
  })
  const help = parseHelp(stdout)
  const children: Program[] = []
  // Four at a time: each is a process.
  const listed = isGroup(help) ? [...help.commands] : []
  while (listed.length > 0) {
    const some = listed.splice(0, 4)
    children.push(...(await Promise.all(some.map(({ term, text }) => ask([...words, term], text)))))
  }
  return { words, summary, help, children }
}

/** What it lists has help of its own. `iose pki` lists words that have not. */
function isGroup({ usage }: Help): boolean {
  return /^iose (COMMAND|\S+ SUBCOMMAND) /.test(usage[0] ?? '')
}

const run = promisify(execFile)
const DIST = join(import.meta.dirname, '../../dist/bin')
