// `iose racs`: finds the subcommand and runs it.

import { type CliCommand, type CommandTable, EXIT, misuse } from './command.ts'
import { SHARED_HELP } from './racs/options.ts'

/** Each is imported when it is asked for. */
const SUBCOMMANDS: CommandTable = {
  list: { summary: 'the elements that you may use', load: async () => (await import('./racs/list.ts')).list },
  apdu: { summary: 'send APDUs to an element', load: async () => (await import('./racs/apdu.ts')).apdu },
  poweron: {
    summary: 'check that an element can be powered on and leased',
    load: async () => (await import('./racs/power.ts')).poweron,
  },
  shutdown: {
    summary: 'power an element off',
    load: async () => (await import('./racs/power.ts')).shutdown,
  },
  reset: { summary: 'reset an element', load: async () => (await import('./racs/power.ts')).reset },
  quarantine: {
    summary: 'set an element aside, or end that',
    load: async () => (await import('./racs/power.ts')).quarantine,
  },
  tries: {
    summary: 'show or clear the wrong keys and PINs of an element',
    load: async () => (await import('./racs/tries.ts')).tries,
  },
  sen: {
    summary: 'show or change the name of an element',
    load: async () => (await import('./racs/sen.ts')).sen,
  },
  run: { summary: 'send a script of requests', load: async () => (await import('./racs/run.ts')).run },
  console: {
    summary: 'an interactive session',
    load: async () => (await import('./racs/console.ts')).consoleCommand,
  },
  'import-users': {
    summary: 'take over the users of a reference server',
    load: async () => (await import('./import-users.ts')).importUsers,
  },
}

export const racs: CliCommand = {
  summary: 'use and administrate elements: list, apdu, sen, run, console and more',
  help: `Usage: iose racs SUBCOMMAND [arguments]

Speaks RACS, APDU scripts over mutually authenticated TLS, with a gateway.

${Object.entries(SUBCOMMANDS)
  .map(([name, { summary }]) => `  ${name.padEnd(14)} ${summary}\n`)
  .join('')}
${SHARED_HELP}
Every subcommand takes --help.
Example: iose racs apdu sim1 00A4040006010203040500
`,
  async helpOf([name]) {
    return (await loaded(name))?.help
  },
  async run([name, ...args]) {
    const command = await loaded(name)
    if (command !== undefined) return command.run(args)
    if (name === 'help') {
      process.stdout.write(racs.help)
      return EXIT.done
    }
    const what = name === undefined ? 'racs: a subcommand is missing' : `racs: unknown subcommand '${name}'`
    throw misuse(`${what}; there are ${Object.keys(SUBCOMMANDS).join(', ')}`)
  },
}

async function loaded(name = ''): Promise<CliCommand | undefined> {
  return Object.hasOwn(SUBCOMMANDS, name) ? SUBCOMMANDS[name]?.load() : undefined
}
