// A command of `iose` that has subcommands: finds the one that is meant, and runs it.

import { type CliCommand, type CommandTable, EXIT, misuse } from './command.ts'

export interface GroupOptions {
  /** The word after `iose`. */
  readonly name: string
  readonly summary: string
  /** What stands behind the subcommand, for the usage. */
  readonly usage: string
  /** A paragraph of its help. */
  readonly about: string
  /** Each is imported when it is asked for. */
  readonly subcommands: CommandTable
  /** What follows the list of subcommands: flags of all, an example. */
  readonly rest: string
}

export function commandGroup({ name, summary, usage, about, subcommands, rest }: GroupOptions): CliCommand {
  const names = Object.keys(subcommands)
  const width = Math.max(...names.map(({ length }) => length))
  const lines = Object.entries(subcommands).map(
    ([word, entry]) => `  ${word.padEnd(width)}  ${entry.summary}\n`,
  )
  const help = `Usage: iose ${name} SUBCOMMAND ${usage}\n\n${about}\n\n${lines.join('')}\n${rest}`
  const loaded = async (word = ''): Promise<CliCommand | undefined> =>
    Object.hasOwn(subcommands, word) ? subcommands[word]?.load() : undefined
  return {
    summary,
    help,
    async helpOf([word]) {
      return (await loaded(word))?.help
    },
    async run([word, ...args]) {
      const command = await loaded(word)
      if (command !== undefined) return command.run(args)
      if (word === 'help') {
        process.stdout.write(help)
        return EXIT.done
      }
      const what = word === undefined ? 'a subcommand is missing' : `unknown subcommand '${word}'`
      throw misuse(`${name}: ${what}; there are ${names.join(', ')}`)
    },
  }
}
