// The tool `iose`: finds the command, runs it, and turns what goes wrong into a message and an exit code.

import { messageOf } from '../../base/errors.ts'
import { ConfigError } from '../../config/errors.ts'
import { versionOf } from '../iosed/version.ts'
import { CliError, type CommandTable, EXIT, type ExitCode } from './command.ts'

/** Each is imported when it is asked for. */
const COMMANDS: CommandTable = {
  call: {
    summary: 'say something to an element, and print what it answers',
    load: async () => (await import('./call.ts')).call,
  },
  shell: {
    summary: 'talk with an element, line by line',
    load: async () => (await import('./shell.ts')).shell,
  },
  attest: {
    summary: 'certify an element, find out whether it is genuine, become its only owner',
    load: async () => (await import('./attest.ts')).attest,
  },
  racs: {
    summary: 'use and administrate elements: list, apdu, sen, run, console and more',
    load: async () => (await import('./racs.ts')).racs,
  },
  gp: {
    summary: 'put applications on elements: info, list, load, install, delete, put-key',
    load: async () => (await import('./gp.ts')).gp,
  },
  attach: {
    summary: 'show an element as a card in a reader of this machine',
    load: async () => (await import('./attach.ts')).attach,
  },
  slots: {
    summary: 'what is in which slot, who holds it, who waits, what is wrong',
    load: async () => (await import('./slots.ts')).slots,
  },
  doctor: {
    summary: 'what this machine lacks for a gateway, and the command that mends it',
    load: async () => (await import('./doctor.ts')).doctor,
  },
  audit: {
    summary: 'check the audit log of a gateway, and read it',
    load: async () => (await import('./audit.ts')).audit,
  },
  'protect-keys': {
    summary: 'keep the keys of the gateway encrypted, as credentials of systemd',
    load: async () => (await import('./protect-keys.ts')).protectKeys,
  },
  update: {
    summary: 'update an appliance with two slots; what runs there, and how the last update went',
    load: async () => (await import('./update.ts')).update,
  },
  pki: {
    summary: 'the small certificate authority of the administration plane',
    load: async () => (await import('./pki.ts')).pki,
  },
}

const HELP = `Usage: iose COMMAND [arguments]
       iose --version

The tool for users and operators of an Internet of Secure Elements gateway.

${Object.entries(COMMANDS)
  .map(([name, { summary }]) => `  ${name.padEnd(13)} ${summary}\n`)
  .join('')}
Every command takes --help. Exit codes: 0 done, 1 refused by the other side, 2 transport or element failed,
64 usage, 70 a bug of ours, 78 configuration.
`

async function main([name, ...args]: readonly string[]): Promise<ExitCode> {
  if (name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(HELP)
    return EXIT.done
  }
  if (name === '--version') {
    process.stdout.write(`${versionOf()}\n`)
    return EXIT.done
  }
  const entry = Object.hasOwn(COMMANDS, name ?? '') ? COMMANDS[name ?? ''] : undefined
  if (entry === undefined) {
    const what = name === undefined ? 'a command is missing' : `unknown command '${name}'`
    throw new CliError(EXIT.usage, `${what}; there are ${Object.keys(COMMANDS).join(', ')}`)
  }
  const command = await entry.load()
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write((await command.helpOf?.(args)) ?? command.help)
    return EXIT.done
  }
  return command.run(args)
}

function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof CliError) return error.exitCode
  return error instanceof ConfigError ? EXIT.configuration : EXIT.bug
}

main(process.argv.slice(2)).then(
  (exitCode) => {
    process.exitCode = exitCode
  },
  (error: unknown) => {
    const exitCode = exitCodeOf(error)
    const advice = exitCode === EXIT.usage ? '\nTry: iose --help' : ''
    process.stderr.write(`iose: ${messageOf(error)}${advice}\n`)
    process.exitCode = exitCode
  },
)
