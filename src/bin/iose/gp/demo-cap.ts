// `iose gp demo-cap`

import { writeFile } from 'node:fs/promises'
import { messageOf } from '../../../base/errors.ts'
import { demoCap as makeDemoCap } from '../../../globalplatform/cap/demo.ts'
import { type CliCommand, CliError, EXIT, misuse } from '../command.ts'
import { argumentsOf } from '../racs/options.ts'
import { printLine } from '../racs/output.ts'

export const demoCap: CliCommand = {
  summary: 'write a CAP file to learn with, for simulated elements',
  help: `Usage: iose gp demo-cap FILE [--quiet]

Writes a minimal, valid CAP file: package 0102030405 with the applet 010203040500. On a simulated element that applet
is the TLS-SE key store. No real card takes it, since it imports a package that no card has. There must be no FILE yet.

Example: iose gp demo-cap demo.cap
`,
  async run(args) {
    const { shared, positionals } = argumentsOf(args)
    const [file] = positionals
    if (file === undefined || positionals.length > 1) throw misuse('usage: iose gp demo-cap FILE')
    try {
      await writeFile(file, await makeDemoCap(), { flag: 'wx' })
    } catch (error) {
      throw new CliError(EXIT.configuration, `cannot write the CAP file: ${messageOf(error)}`)
    }
    if (!shared.isQuiet)
      printLine(`${file}: package 0102030405, applet 010203040500, for simulated elements only`)
    return EXIT.done
  },
}
