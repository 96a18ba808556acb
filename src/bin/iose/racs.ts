// `iose racs`

import type { CommandTable } from './command.ts'
import { commandGroup } from './group.ts'
import { SHARED_HELP } from './racs/options.ts'

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

export const racs = commandGroup({
  name: 'racs',
  summary: 'use and administrate elements: list, apdu, sen, run, console and more',
  usage: '[arguments]',
  about: 'Speaks RACS, APDU scripts over mutually authenticated TLS, with a gateway.',
  subcommands: SUBCOMMANDS,
  rest: `${SHARED_HELP}
Every subcommand takes --help.
Example: iose racs apdu sim1 00A4040006010203040500
`,
})
