// `iose gp`

import type { CommandTable } from './command.ts'
import { commandGroup } from './group.ts'

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

export const gp = commandGroup({
  name: 'gp',
  summary: 'put applications on elements: info, list, load, install, delete, put-key',
  usage: '[arguments] --seid SEID',
  about: `GlobalPlatform card management over RACS, SCP03 or SCP02. Keys are never guessed, and nothing is tried twice: a few
wrong keys block an element for ever.`,
  subcommands: SUBCOMMANDS,
  rest: `Every subcommand takes --help.
Example: iose gp info --seid sim5
`,
})
