// `iose gp`: finds the subcommand and runs it.

import { type CliCommand, type CommandTable, EXIT, misuse } from './command.ts'

/** Each is imported when it is asked for. */
const SUBCOMMANDS: CommandTable = {
  info: {
    summary: 'what an element tells about itself without keys',
    load: async () => (await import('./gp/info.ts')).info,
  },
  list: {
    summary: 'what is on an element: its domain, applications and packages',
    load: async () => (await import('./gp/list.ts')).list,
  },
  load: {
    summary: 'load a package (CAP file) onto an element',
    load: async () => (await import('./gp/load.ts')).load,
  },
  install: {
    summary: 'make an application of a package that was loaded',
    load: async () => (await import('./gp/install.ts')).install,
  },
  delete: {
    summary: 'delete an application or a package',
    load: async () => (await import('./gp/delete.ts')).remove,
  },
  'put-key': {
    summary: 'give an element another key set',
    load: async () => (await import('./gp/put-key.ts')).putKey,
  },
  'demo-cap': {
    summary: 'write a CAP file to learn with, for simulated elements',
    load: async () => (await import('./gp/demo-cap.ts')).demoCap,
  },
}

export const gp: CliCommand = {
  summary: 'put applications on elements: info, list, load, install, delete, put-key',
  help: `Usage: iose gp SUBCOMMAND [arguments] --seid SEID

GlobalPlatform card management over RACS, SCP03 or SCP02. Keys are never guessed, and nothing is tried twice: a few
wrong keys block an element for ever.

${Object.entries(SUBCOMMANDS)
  .map(([name, { summary }]) => `  ${name.padEnd(10)} ${summary}\n`)
  .join('')}
Every subcommand takes --help.
Example: iose gp info --seid sim5
`,
  async helpOf([name]) {
    return (await loaded(name))?.help
  },
  async run([name, ...args]) {
    const command = await loaded(name)
    if (command !== undefined) return command.run(args)
    if (name === 'help') {
      process.stdout.write(gp.help)
      return EXIT.done
    }
    const what = name === undefined ? 'gp: a subcommand is missing' : `gp: unknown subcommand '${name}'`
    throw misuse(`${what}; there are ${Object.keys(SUBCOMMANDS).join(', ')}`)
  },
}

async function loaded(name = ''): Promise<CliCommand | undefined> {
  return Object.hasOwn(SUBCOMMANDS, name) ? SUBCOMMANDS[name]?.load() : undefined
}
